import assert from "node:assert/strict";
import { clientPeerInfo, type ClientPeerInfoOptions } from "../../../lib/control/peer_info.ts";
import { IvProto, parsePeerInfo, protocolFlags } from "../../../lib/wire/peer_info.ts";

const machine = {
  release: "6.1.0-18-amd64",
  tlsLibrary: "rustls",
  hardwareAddress: "52:54:00:12:34:56",
};

function peerInfo(options: Partial<ClientPeerInfoOptions> = {}) {
  const text = clientPeerInfo({ dataCiphers: ["AES-256-GCM"], tunMtu: 1500, ...options });
  const names = text.trimEnd().split("\n").map((line) => line.split("=")[0]);
  assert.equal(new Set(names).size, names.length, "no variable is there twice");
  return parsePeerInfo(text);
}

Deno.test("what is announced is what is there", () => {
  const flags = protocolFlags(peerInfo());
  for (const flag of ["DNS_OPTION", "DNS_OPTION_V2", "CC_EXIT_NOTIFY", "PUSH_UPDATE"] as const) {
    assert.ok(flags & IvProto[flag], flag);
  }
  // Neither is there: node:tls has no exporter, and so nothing to make a tls-crypt key from.
  assert.equal(flags & (IvProto.TLS_KEY_EXPORT | IvProto.DYN_TLS_CRYPT), 0);
  assert.equal(peerInfo().get("IV_NCP"), undefined);
  assert.equal(peerInfo({ dataCiphers: ["AES-256-GCM", "AES-128-GCM"] }).get("IV_NCP"), "2");
});

const environment = {
  UV_ASSET: "17",
  IV_PLAT_VER: "mine",
  IV_GUI_VER: "applet_1.2",
  IV_SSO: "webauth",
  IV_PROTO: "2",
  IV_HWADDR: "00:11:22:33:44:55",
  OTHER: "x",
};

Deno.test("push-peer-info tells of the machine and of setenv UV_…, its lack nothing of them", () => {
  const much = peerInfo({ environment, machine });
  assert.equal(much.get("IV_HWADDR"), machine.hardwareAddress);
  assert.equal(much.get("IV_SSL"), "rustls");
  assert.equal(much.get("IV_PLAT_VER"), "mine");
  assert.equal(much.get("UV_ASSET"), "17");
  assert.equal(peerInfo({ machine }).get("IV_PLAT_VER"), machine.release);
  const little = peerInfo({ environment });
  for (const name of ["IV_HWADDR", "IV_SSL", "IV_PLAT_VER", "UV_ASSET"]) {
    assert.equal(little.get(name), undefined, name);
  }
});

Deno.test("setenv names the user interface always, and what we can do never", () => {
  for (const info of [peerInfo({ environment }), peerInfo({ environment, machine })]) {
    assert.equal(info.get("IV_GUI_VER"), "applet_1.2");
    assert.equal(info.get("IV_SSO"), "webauth");
    assert.notEqual(info.get("IV_PROTO"), "2");
    assert.equal(info.get("OTHER"), undefined);
  }
});
