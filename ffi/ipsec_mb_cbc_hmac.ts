/**
 * AES-CBC with HMAC on bursts of packets, in place, by libIPSec_MB.
 *
 * A packet is, side by side, `HMAC | IV (16) | text`; the HMAC covers IV and text. Each packet is
 * put into a slot, and one call then works on all slots. Two calls for a burst, one for the cipher
 * and one for the HMAC: the library's chained jobs go through a queue of its own, need a second
 * call to be flushed out of it, and are no faster.
 *
 * @module
 */

import { ChainOrder, CipherDirection, CipherMode, HmacAlgorithm } from "./ipsec_mb_layout.ts";
import { addressHigh, burstCapacity, type JobTable, JobWord, setAddress } from "./ipsec_mb_jobs.ts";
import type { IpsecMbLibrary } from "./ipsec_mb_library.ts";
import { KeyMemory } from "./key_memory.ts";
import type { PinnedMemory } from "./memory.ts";

/** A digest that the library makes HMACs with. */
export type IpsecMbDigest = "SHA1" | "SHA224" | "SHA256" | "SHA384" | "SHA512";

interface DigestInfo {
  readonly macLength: number;
  readonly blockLength: number;
  readonly oneBlock: Parameters<IpsecMbLibrary["hashBlock"]>[0];
  /** Up to how many packets the narrow manager is the quicker one; with SHA instructions, and not. */
  readonly narrowUpTo: readonly [withSha: number, without: number];
}

// FIPS 180-4. The numbers of packets are measured with 1,424 bytes on an AMD EPYC of 2022 (Zen 4).
const digests: Readonly<Record<IpsecMbDigest, DigestInfo>> = {
  SHA1: { macLength: 20, blockLength: 64, oneBlock: "sha1", narrowUpTo: [8, 2] },
  SHA224: { macLength: 28, blockLength: 64, oneBlock: "sha224", narrowUpTo: [burstCapacity, 2] },
  SHA256: { macLength: 32, blockLength: 64, oneBlock: "sha256", narrowUpTo: [burstCapacity, 2] },
  SHA384: { macLength: 48, blockLength: 128, oneBlock: "sha384", narrowUpTo: [2, 2] },
  SHA512: { macLength: 64, blockLength: 128, oneBlock: "sha512", narrowUpTo: [2, 2] },
};
const encryptNarrowUpTo = 8;

const blockLength = 16; // AES

/** Where the parts of a key are in its memory, in bytes; each starts a cache line. */
const KeyLayout = { encrypt: 0, decrypt: 256, ipad: 512, opad: 576, size: 640 } as const;
/** Room for the expanded key of AES-256: 15 round keys. */
const scheduleLength = 240;
/** Room for the state of SHA-512. */
const stateLength = 64;

/** One AES-CBC key and one HMAC key, in one direction. */
export class CbcHmacContext {
  /** Length of the HMAC, in bytes. */
  readonly macLength: number;
  readonly #library: IpsecMbLibrary;
  readonly #jobs: JobTable;
  readonly #direction: "encrypt" | "decrypt";
  readonly #keyLength: number;
  readonly #hash: number;
  readonly #narrowHashUpTo: number;
  readonly #key = new KeyMemory(KeyLayout.size);
  #open = true;
  // The memory that packets were last in, and its address in two halves.
  #memory: PinnedMemory | undefined = undefined;
  #low = 0;
  #high = 0;

  /** Use `IpsecMb.cbcHmac`. */
  constructor(
    library: IpsecMbLibrary,
    jobs: JobTable,
    direction: "encrypt" | "decrypt",
    cipherKey: Uint8Array,
    digest: IpsecMbDigest,
    hmacKey: Uint8Array,
  ) {
    const info = digests[digest];
    if (hmacKey.length === 0 || hmacKey.length > info.blockLength) {
      throw new RangeError(`an HMAC key of ${hmacKey.length} bytes cannot be used as it is`);
    }
    this.#library = library;
    this.#jobs = jobs;
    this.#direction = direction;
    this.#keyLength = cipherKey.length;
    this.#hash = HmacAlgorithm[digest];
    this.#narrowHashUpTo = info.narrowUpTo[library.hasShaInstructions ? 0 : 1];
    this.macLength = info.macLength;
    this.#expand(cipherKey, info, hmacKey);
  }

  #expand(cipherKey: Uint8Array, info: DigestInfo, hmacKey: Uint8Array): void {
    const { bytes } = this.#key;
    const part = (offset: number, length: number) => bytes.subarray(offset, offset + length);
    const block = new Uint8Array(info.blockLength);
    block.set(cipherKey);
    this.#library.expandKey(
      block.subarray(0, cipherKey.length),
      part(KeyLayout.encrypt, scheduleLength),
      part(KeyLayout.decrypt, scheduleLength),
    );
    // RFC 2104: the key, filled up with zeros to a block, XOR ipad or opad.
    for (const [pad, offset] of [[0x36, KeyLayout.ipad], [0x5c, KeyLayout.opad]] as const) {
      block.fill(0);
      block.set(hmacKey);
      for (let i = 0; i < block.length; i++) block[i] ^= pad;
      this.#library.hashBlock(info.oneBlock, block, part(offset, stateLength));
    }
    block.fill(0);
  }

  /**
   * Puts a packet into a slot. That it lies inside of the memory, and that the text is no longer
   * than `longestMessage` - 16, is the caller's duty.
   *
   * @param slot 0 to `burstCapacity` - 1.
   * @param text Offset of the text in the memory, in bytes; IV and HMAC are in front of it.
   * @param length Of the text, in bytes; a multiple of 16, above 0.
   */
  put(slot: number, memory: PinnedMemory, text: number, length: number): void {
    const jobs = this.#jobs;
    const { words } = jobs;
    if (jobs.owners[slot] !== this) this.#setUp(slot);
    if (this.#memory !== memory) this.#enter(memory);
    const job = jobs.firstWord + slot * jobs.wordsPerJob;
    const low = this.#low + text;
    const high = this.#high;
    setAddress(words, job + JobWord.src, low - blockLength, high);
    setAddress(words, job + JobWord.iv, low - blockLength, high);
    setAddress(words, job + JobWord.dst, low, high);
    words[job + JobWord.msg_len_to_cipher_in_bytes] = length;
    words[job + JobWord.msg_len_to_hash_in_bytes] = length + blockLength;
    if (this.#direction === "encrypt") {
      setAddress(words, job + JobWord.auth_tag_output, low - blockLength - this.macLength, high);
    }
  }

  #enter(memory: PinnedMemory): void {
    this.#memory = memory;
    this.#high = addressHigh(memory.address);
    this.#low = memory.address - this.#high * 0x1_0000_0000;
  }

  /** Writes what stays the same from packet to packet. */
  #setUp(slot: number): void {
    const jobs = this.#jobs;
    const { words } = jobs;
    const job = jobs.firstWord + slot * jobs.wordsPerJob;
    jobs.claim(slot, this);
    jobs.setPointer(slot, JobWord.enc_keys, this.#key.address + KeyLayout.encrypt);
    jobs.setPointer(slot, JobWord.dec_keys, this.#key.address + KeyLayout.decrypt);
    jobs.setPointer(slot, JobWord.ipad, this.#key.address + KeyLayout.ipad);
    jobs.setPointer(slot, JobWord.opad, this.#key.address + KeyLayout.opad);
    jobs.useOwnMac(slot);
    words[job + JobWord.key_len_in_bytes] = this.#keyLength;
    // `src` is the IV's place: the HMAC begins there, the text comes behind it.
    words[job + JobWord.cipher_start_src_offset_in_bytes] = blockLength;
    words[job + JobWord.hash_start_src_offset_in_bytes] = 0;
    words[job + JobWord.iv_len_in_bytes] = blockLength;
    words[job + JobWord.auth_tag_output_len_in_bytes] = this.macLength;
    words[job + JobWord.cipher_mode] = CipherMode.CBC;
    words[job + JobWord.cipher_direction] = CipherDirection[this.#direction];
    words[job + JobWord.hash_alg] = this.#hash;
    words[job + JobWord.chain_order] = ChainOrder[this.#direction];
  }

  /**
   * Encrypts the texts in slots 0 to `count` - 1, each chained to its IV.
   *
   * @returns False when the library failed or the context is closed: nothing may be sent.
   */
  encrypt(count: number): boolean {
    if (!this.#open || this.#direction !== "encrypt") return false;
    const { wide, narrow, functions } = this.#library;
    const jobs = this.#jobs.jobAt(0);
    const size = this.#keyLength;
    return count ===
      (count <= encryptNarrowUpTo
        ? functions.narrowCipherBurst(
          narrow.pointer,
          jobs,
          count,
          CipherMode.CBC,
          CipherDirection.encrypt,
          size,
        )
        : functions.wideCipherBurst(
          wide.pointer,
          jobs,
          count,
          CipherMode.CBC,
          CipherDirection.encrypt,
          size,
        ));
  }

  /**
   * Makes the HMACs of slots 0 to `count` - 1: in front of the IVs where the direction is
   * `encrypt`, else where `mac` has them.
   *
   * @returns False when the library failed or the context is closed.
   */
  authenticate(count: number): boolean {
    if (!this.#open) return false;
    const { wide, narrow, functions } = this.#library;
    const jobs = this.#jobs.jobAt(0);
    return count ===
      (count <= this.#narrowHashUpTo
        ? functions.narrowHashBurst(narrow.pointer, jobs, count, this.#hash)
        : functions.wideHashBurst(wide.pointer, jobs, count, this.#hash));
  }

  /** The HMAC that `authenticate` made for a slot, in the first `macLength` bytes of 64. */
  mac(slot: number): Uint8Array<ArrayBuffer> {
    return this.#jobs.macs[slot];
  }

  /**
   * Decrypts the texts in slots `first` to `end` - 1.
   *
   * @returns False when the library failed or the context is closed.
   */
  decrypt(first: number, end: number): boolean {
    if (!this.#open || this.#direction !== "decrypt") return false;
    const { wide, functions } = this.#library;
    const jobs = this.#jobs.jobAt(first);
    const count = end - first;
    const size = this.#keyLength;
    return count ===
      functions.wideCipherBurst(
        wide.pointer,
        jobs,
        count,
        CipherMode.CBC,
        CipherDirection.decrypt,
        size,
      );
  }

  /** Wipes the key. Closing it again does nothing. */
  close(): void {
    this.#open = false;
    this.#memory = undefined;
    this.#jobs.release(this);
    this.#key.wipe();
  }
}
