/**
 * Time per packet of each engine and cipher: batches of 1 to 64 packets of 1,400 bytes. In
 * each group the engines come one after the other, for comparing them in one run.
 *
 * `deno bench -A tests/bench/engine_bench.ts`; a batch's time is for all of its packets.
 *
 * @module
 */

import { PinnedMemory } from "deno-tun";
import { VpnError } from "../../lib/base/errors.ts";
import type { CryptoEngine, DataCipher, PacketRun } from "../../lib/crypto/engine.ts";
import { cipherInfo, digestInfo } from "../../lib/crypto/cipher_table.ts";
import { selectEngine } from "../../lib/crypto/engines.ts";

const batches = [1, 8, 32, 64];
const most = Math.max(...batches);
const textLength = 1408; // 1,400 bytes with packet-id or padding, in whole blocks
const slot = 2048;
const headroom = 128;
const aadLength = 8; // P_DATA_V2: opcode, peer-id, packet-id

const memory = new PinnedMemory(most * slot);
const run: PacketRun = {
  memory,
  offset: Int32Array.from({ length: most }, (_, i) => i * slot + headroom),
  length: new Int32Array(most).fill(textLength),
  authentic: new Uint8Array(most),
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
  const algorithm = cipherInfo(cipher).kind === "aead" ? cipher : `${cipher} ${auth}`;
  const sealer = await engine.createCipher("seal", material(cipher, auth));
  const opener = await engine.createCipher("open", material(cipher, auth));
  for (const count of batches) {
    const group = `${algorithm}, ${count} packets`;
    Deno.bench(`${algorithm} seal ${count} ${engine.name}`, { group }, async () => {
      const promise = sealer.seal(run, 0, count, aadLength);
      if (promise !== undefined) await promise;
    });
    let prepared = false;
    Deno.bench(`${algorithm} open ${count} ${engine.name}`, { group }, async () => {
      if (!prepared) {
        await sealer.seal(run, 0, most, aadLength);
        sealed.set(memory.bytes);
        prepared = true;
      }
      await open(opener, count);
    });
  }
}

/** The engines that are here. */
function engines(): CryptoEngine[] {
  const choices = ["openssl", "ipsec-mb", "webcrypto"] as const;
  return choices.flatMap((choice) => {
    try {
      return [selectEngine(choice)];
    } catch (error) {
      if (error instanceof VpnError) return [];
      throw error;
    }
  });
}

for (const engine of engines()) {
  for (
    const cipher of ["AES-128-GCM", "AES-192-GCM", "AES-256-GCM", "CHACHA20-POLY1305"]
  ) {
    await register(engine, cipher, "SHA256");
  }
  await register(engine, "AES-256-CBC", "SHA256");
  await register(engine, "AES-128-CBC", "SHA1");
  await register(engine, "AES-256-CBC", "SHA512");
}
