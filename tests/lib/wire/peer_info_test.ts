import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeKeyMethod2 } from "../../../lib/wire/key_method.ts";
import {
  announcedCiphers,
  cipherNegotiationVersion,
  formatPeerInfo,
  IvProto,
  parsePeerInfo,
  protocolFlags,
} from "../../../lib/wire/peer_info.ts";
import { clientKeyMessage } from "../../fixtures/captured_control_channel.ts";

Deno.test("an OpenVPN 2.6 client's peer-info is read", () => {
  const result = decodeKeyMethod2(Uint8Array.fromHex(clientKeyMessage), "client");
  assert.equal(result.status, "complete");
  if (result.status !== "complete") return;
  const info = parsePeerInfo(result.message.peerInfo!);
  assert.equal(info.get("IV_VER"), "2.6.14");
  assert.deepEqual(announcedCiphers(info), [
    "AES-256-GCM",
    "AES-128-GCM",
    "CHACHA20-POLY1305",
    "AES-256-CBC",
  ]);
  assert.equal(cipherNegotiationVersion(info), 2);
  const flags = protocolFlags(info);
  for (const flag of ["DATA_V2", "REQUEST_PUSH", "TLS_KEY_EXPORT", "CC_EXIT_NOTIFY"] as const) {
    assert.notEqual(flags & IvProto[flag], 0, flag);
  }
  assert.equal(flags & IvProto.NCP_P2P, 0);
  assert.equal(formatPeerInfo(info), result.message.peerInfo);
});

Deno.test("lines that are no variables are left out; the first of two counts", () => {
  const info = parsePeerInfo("junk\n=x\nA B=1\nIV_X=1\nIV_X=2\nIV_Y=a=b\nIV_Z=a\tb\n");
  assert.deepEqual([...info], [["IV_X", "1"], ["IV_Y", "a=b"], ["IV_Z", "a_b"]]);
});

Deno.test("numbers that are none count as 0", () => {
  for (const value of ["", "-1", "1x", "9".repeat(30), "0x10"]) {
    const info = parsePeerInfo(`IV_PROTO=${value}\nIV_NCP=${value}\n`);
    assert.equal(protocolFlags(info), 0);
    assert.equal(cipherNegotiationVersion(info), 0);
  }
  assert.equal(announcedCiphers(parsePeerInfo("")), undefined);
});

Deno.test("a peer cannot fill the memory with variables", () => {
  const text = Array.from({ length: 1000 }, (_, i) => `V${i}=x`).join("\n");
  assert.equal(parsePeerInfo(text).size, 64);
});

Deno.test("a value cannot smuggle in a variable", () => {
  assert.equal(formatPeerInfo([["UV_A", "x\nIV_PROTO=1"]]), "UV_A=x IV_PROTO=1\n");
});

Deno.test("any text is read without a throw", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    for (const [name, value] of parsePeerInfo(text)) {
      assert.match(name, /^\w+$/);
      assert.ok(!value.includes("\n"));
    }
  }));
});
