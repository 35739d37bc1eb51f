import assert from "node:assert/strict";
import { VpnError } from "../../../lib/base/errors.ts";
import { checkedAlgorithms, RandomBlocks } from "../../../lib/crypto/engine_packets.ts";
import { engines, material } from "./engine_case.ts";

Deno.test("random blocks: none twice, none zero, each where it was asked for", () => {
  const random = new RandomBlocks();
  const bytes = new Uint8Array(48);
  const seen = new Set<string>();
  for (let i = 0; i < 1000; i++) { // several times what is drawn at once
    random.write(bytes, 16);
    seen.add(bytes.subarray(16, 32).toHex());
  }
  assert.equal(seen.size, 1000);
  assert.ok(!seen.has("00".repeat(16)));
  assert.deepEqual(bytes.subarray(0, 16), new Uint8Array(16));
  assert.deepEqual(bytes.subarray(32), new Uint8Array(16));
});

Deno.test("two sources of random blocks are not the same", () => {
  const bytes = new Uint8Array(32);
  new RandomBlocks().write(bytes, 0);
  new RandomBlocks().write(bytes, 16);
  assert.notDeepEqual(bytes.slice(0, 16), bytes.slice(16));
});

Deno.test("an algorithm that is known but that the engine lacks is refused", () => {
  const lacking = { ...engines[1], name: "openssl", supports: () => false } as const;
  for (const [cipher, auth] of [["AES-256-GCM", "none"], ["AES-256-CBC", "SHA256"]]) {
    const keys = cipher === "AES-256-GCM" ? material(cipher, "SHA256") : material(cipher, auth);
    assert.throws(
      () => checkedAlgorithms({ ...lacking, createCipher: engines[1].createCipher }, keys),
      (error) => error instanceof VpnError && error.message.includes(cipher),
    );
  }
});
