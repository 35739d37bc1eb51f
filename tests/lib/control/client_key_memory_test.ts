import assert from "node:assert/strict";
import { ClientKeyMemory, maximumRememberedKeys } from "../../../lib/control/client_key_memory.ts";
import { StaticKey } from "../../../lib/crypto/static_key.ts";

const key = {
  key: new StaticKey(new Uint8Array(256)),
  wrapped: new Uint8Array(290),
  metadata: undefined,
};
const address = Uint8Array.of(2, 0, 4, 170, 10, 0, 0, 1);
const elsewhere = Uint8Array.of(2, 0, 4, 170, 10, 0, 0, 2);

function reset(client: number): Uint8Array {
  const datagram = new Uint8Array(60);
  new DataView(datagram.buffer).setUint32(1, client);
  return datagram;
}

Deno.test("a key is recalled for its client's address and session id alone, until it expires", () => {
  const memory = new ClientKeyMemory(60);
  memory.remember(reset(1), address, key, 1000);
  assert.equal(memory.recall(reset(1), address, 1059), key);
  assert.equal(memory.recall(reset(1), elsewhere, 1059), undefined);
  assert.equal(memory.recall(reset(2), address, 1059), undefined);
  assert.equal(memory.recall(reset(1), address, 1060), undefined);
  memory.forget(reset(1), address);
  assert.equal(memory.recall(reset(1), address, 1000), undefined);
  assert.equal(memory.recall(new Uint8Array(0), address, 1000), undefined);
});

Deno.test("it never grows beyond its bound, and what has expired goes", () => {
  const memory = new ClientKeyMemory(60);
  for (let i = 0; i < 10_000; i++) memory.remember(reset(i), address, key, 1000);
  assert.equal(memory.size, maximumRememberedKeys);
  assert.equal(memory.recall(reset(9_999), address, 1000), key);
  assert.equal(memory.recall(reset(0), address, 1000), undefined);
  memory.remember(reset(1), elsewhere, key, 2000);
  assert.equal(memory.size, 1);
});
