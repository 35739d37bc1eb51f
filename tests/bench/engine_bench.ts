/**
 * Time per packet of each engine and cipher: batches of 1 and of 32 packets of 1,400 bytes.
 *
 * `deno bench -A tests/bench/engine_bench.ts`; a batch's time is for all of its packets.
 *
 * @module
 */

import { PinnedMemory } from "deno-tun";
import type { CryptoEngine, DataCipher, PacketRun } from "../../lib/crypto/engine.ts";
import { cipherInfo, digestInfo } from "../../lib/crypto/cipher_table.ts";
import { selectEngine } from "../../lib/crypto/engines.ts";

const batch = 32;
const textLength = 1408; // 1,400 bytes with packet-id or padding, in whole blocks
const slot = 2048;
const headroom = 128;
const aadLength = 8; // P_DATA_V2: opcode, peer-id, packet-id

const memory = new PinnedMemory(batch * slot);
const run: PacketRun = {
  memory,
  offset: Int32Array.from({ length: batch }, (_, i) => i * slot + headroom),
  length: new Int32Array(batch).fill(textLength),
  authentic: new Uint8Array(batch),
};
const sealed = new Uint8Array(memory.bytes.length);

function material(cipher: string, auth: string) {
  const { keyLength, kind } = cipherInfo(cipher);
  const hmacKeyLength = kind === "aead" ? 8 : digestInfo(auth).length;
  return {
    cipher,
    auth,
    cipherKey: new Uint8Array(keyLength).fill(1),
    hmacKey: new Uint8Array(hmacKeyLength).fill(2),
  };
}

async function open(cipher: DataCipher, count: number): Promise<void> {
  memory.bytes.set(sealed.subarray(0, count * slot)); // some 0.02 µs per packet
  const promise = cipher.open(run, 0, count, aadLength);
  if (promise !== undefined) await promise;
  for (let i = 0; i < count; i++) if (run.authentic[i] !== 1) throw new Error("not authentic");
}

async function register(engine: CryptoEngine, cipher: string, auth: string): Promise<void> {
  if (!engine.supports(cipher, auth)) return;
  const group = `${cipher} ${cipherInfo(cipher).kind === "aead" ? "" : auth}`;
  const sealer = await engine.createCipher("seal", material(cipher, auth));
  const opener = await engine.createCipher("open", material(cipher, auth));
  for (const count of [1, batch]) {
    Deno.bench(`${engine.name} ${cipher} ${auth} seal ${count}`, { group }, async () => {
      const promise = sealer.seal(run, 0, count, aadLength);
      if (promise !== undefined) await promise;
    });
    let prepared = false;
    Deno.bench(`${engine.name} ${cipher} ${auth} open ${count}`, { group }, async () => {
      if (!prepared) {
        await sealer.seal(run, 0, batch, aadLength);
        sealed.set(memory.bytes);
        prepared = true;
      }
      await open(opener, count);
    });
  }
}

for (const choice of ["openssl", "webcrypto"] as const) {
  const engine = selectEngine(choice);
  for (const cipher of ["AES-256-GCM", "AES-192-GCM", "CHACHA20-POLY1305", "AES-256-CBC"]) {
    await register(engine, cipher, "SHA256");
  }
  await register(engine, "AES-128-CBC", "SHA1");
}
