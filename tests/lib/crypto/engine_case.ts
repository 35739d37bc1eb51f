/**
 * Packets for tests of the crypto engines: laid out as engine.ts says, with guard bytes between.
 *
 * @module
 */

import { IpsecMbUnavailable, PinnedMemory } from "deno-tun";
import { cipherInfo, digestInfo } from "../../../lib/crypto/cipher_table.ts";
import type {
  CryptoEngine,
  DataCipher,
  KeyMaterial,
  PacketRun,
} from "../../../lib/crypto/engine.ts";
import { selectEngine } from "../../../lib/crypto/engines.ts";
import { IpsecMbEngine } from "../../../lib/crypto/ipsec_mb.ts";

/** ipsec-mb, or why it cannot be used here; opened here and not in a test, as the others below. */
export const ipsecMb = openIpsecMb();

function openIpsecMb(): IpsecMbEngine | IpsecMbUnavailable {
  try {
    return IpsecMbEngine.open();
  } catch (error) {
    if (error instanceof IpsecMbUnavailable) return error;
    throw error;
  }
}

/** All engines that can be used here. */
export const engines: readonly CryptoEngine[] = [
  selectEngine("openssl"),
  selectEngine("webcrypto"),
  ...(ipsecMb instanceof IpsecMbEngine ? [ipsecMb] : []),
];

/** Cipher and digest of each test; the digest only matters with CBC. */
export const algorithms = [
  ["AES-128-GCM", "SHA256"],
  ["AES-192-GCM", "SHA256"],
  ["AES-256-GCM", "SHA256"],
  ["CHACHA20-POLY1305", "SHA256"],
  ["AES-128-CBC", "SHA1"],
  ["AES-192-CBC", "SHA256"],
  ["AES-256-CBC", "SHA512"],
] as const;

/** Bytes of associated data in front of AEAD packets: P_DATA_V2's opcode, peer-id, packet-id. */
export const associatedDataLength = 8;

/** Bytes in front of the text that belong to the packet. */
export function headerLength(cipher: string, auth: string): number {
  return cipherInfo(cipher).kind === "aead"
    ? associatedDataLength + 16
    : digestInfo(auth).length + 16;
}

/** Keys that are not the same for two seeds. */
export function material(cipher: string, auth: string, seed = 1): KeyMaterial {
  const { kind, keyLength } = cipherInfo(cipher);
  const hmacKeyLength = kind === "aead" ? 8 : digestInfo(auth).length;
  const fill = (length: number, factor: number) =>
    Uint8Array.from({ length }, (_, i) => i * factor + seed * 31);
  return { cipher, auth, cipherKey: fill(keyLength, 7), hmacKey: fill(hmacKeyLength, 13) };
}

/** Seals or opens and waits, whether the engine gives a promise or not. */
export async function apply(
  cipher: DataCipher,
  way: "seal" | "open",
  run: PacketRun,
  first = 0,
  end = run.offset.length,
): Promise<void> {
  await cipher[way](run, first, end, associatedDataLength);
}

const guard = 0xa5;

/** Packets in a memory: the bytes of a header and then the text, with guard bytes between. */
export class Packets implements PacketRun {
  readonly memory: PinnedMemory;
  readonly offset: Int32Array;
  readonly length: Int32Array;
  readonly authentic: Uint8Array;
  readonly #header: number;
  readonly #isPacket: Uint8Array;

  /** Texts with room for a header of `header` bytes before each, at odd places too. */
  constructor(texts: readonly Uint8Array[], header: number) {
    const sizes = texts.map((text) => header + text.length);
    const total = sizes.reduce((sum, size, i) => sum + size + 1 + i % 7, 0);
    this.memory = new PinnedMemory(Math.max(1, total));
    this.memory.bytes.fill(guard);
    this.offset = new Int32Array(texts.length);
    this.length = Int32Array.from(texts, (text) => text.length);
    this.authentic = new Uint8Array(texts.length);
    this.#header = header;
    this.#isPacket = new Uint8Array(this.memory.bytes.length);
    let at = 0;
    texts.forEach((text, i) => {
      at += 1 + i % 7;
      this.offset[i] = at + header;
      this.#isPacket.fill(1, at, at + sizes[i]);
      this.memory.bytes.set(text, at + header);
      at += sizes[i];
    });
  }

  /** Header bytes of packet `i`, in place. */
  header(i: number): Uint8Array<ArrayBuffer> {
    return this.memory.bytes.subarray(this.offset[i] - this.#header, this.offset[i]);
  }

  /** Text of packet `i`, in place. */
  text(i: number): Uint8Array<ArrayBuffer> {
    return this.memory.bytes.subarray(this.offset[i], this.offset[i] + this.length[i]);
  }

  /** A copy of packet `i`, header and text. */
  packet(i: number): Uint8Array<ArrayBuffer> {
    return this.memory.bytes.slice(
      this.offset[i] - this.#header,
      this.offset[i] + this.length[i],
    );
  }

  /** Whether nothing was written outside of the packets. */
  get guardsIntact(): boolean {
    return this.memory.bytes.every((byte, i) => this.#isPacket[i] === 1 || byte === guard);
  }

  /** Gives each AEAD packet its associated data: something, then packet-ids counted from 1. */
  setAssociatedData(firstId = 1): this {
    for (let i = 0; i < this.offset.length; i++) {
      const header = this.header(i);
      header.set([0x48, 0, 0, 23]);
      new DataView(header.buffer, header.byteOffset).setUint32(4, firstId + i);
    }
    return this;
  }
}

/** Packets of these texts, ready to be sealed with the cipher. */
export function plainPackets(cipher: string, auth: string, texts: readonly Uint8Array[]): Packets {
  const packets = new Packets(texts, headerLength(cipher, auth));
  return cipherInfo(cipher).kind === "aead" ? packets.setAssociatedData() : packets;
}

/** Packets as they came from the wire: header and text of each. */
export function wirePackets(
  cipher: string,
  auth: string,
  wire: readonly Uint8Array[],
): Packets {
  const header = headerLength(cipher, auth);
  const packets = new Packets(wire.map((packet) => packet.subarray(header)), header);
  wire.forEach((packet, i) => packets.header(i).set(packet.subarray(0, header)));
  return packets;
}

/** A text of some bytes that differ from packet to packet. */
export function someText(length: number, seed = 0): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 17) ^ (i >> 3));
}
