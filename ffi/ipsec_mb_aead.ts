/**
 * AES-GCM and ChaCha20-Poly1305 on bursts of packets, in place, by libIPSec_MB.
 *
 * The library works on one message after the other with these. Each packet is put into a slot, and
 * one call then works on all slots.
 *
 * @module
 */

import {
  AeadAlgorithm,
  ChainOrder,
  CipherDirection,
  CipherMode,
  gcmKeyDataRoom,
} from "./ipsec_mb_layout.ts";
import { addressHigh, type JobTable, JobWord, setAddress } from "./ipsec_mb_jobs.ts";
import type { IpsecMbLibrary } from "./ipsec_mb_library.ts";
import { KeyMemory } from "./key_memory.ts";
import type { PinnedMemory } from "./memory.ts";

/** An AEAD cipher that the library has; the key's length says which AES. */
export type IpsecMbAead = "GCM" | "CHACHA20_POLY1305";

/** Bytes of the nonce, its first part and its second. */
const nonceLength = 12;
const nonceHeadLength = 4;
const tagLength = 16;

/** One AEAD cipher (12-byte nonce, 16-byte tag) with one key in one direction. */
export class IpsecMbAeadContext {
  readonly #library: IpsecMbLibrary;
  readonly #jobs: JobTable;
  readonly #cipher: IpsecMbAead;
  readonly #direction: "encrypt" | "decrypt";
  readonly #keyLength: number;
  readonly #key: KeyMemory;
  readonly #nonceTail: Uint32Array<ArrayBuffer>;
  /** What `#setUp` has written into the first slot's job: packets one by one all go there. */
  #firstJob: Uint32Array<ArrayBuffer> | undefined = undefined;
  #open = true;
  // The memory that packets were last in, and its address in two halves.
  #memory: PinnedMemory | undefined = undefined;
  #low = 0;
  #high = 0;

  /** Use `IpsecMb.aead`. */
  constructor(
    library: IpsecMbLibrary,
    jobs: JobTable,
    cipher: IpsecMbAead,
    direction: "encrypt" | "decrypt",
    key: Uint8Array,
    nonceTail: Uint8Array,
  ) {
    if (nonceTail.length !== nonceLength - nonceHeadLength) {
      throw new RangeError(`a nonce does not end with ${nonceTail.length} bytes`);
    }
    this.#library = library;
    this.#jobs = jobs;
    this.#cipher = cipher;
    this.#direction = direction;
    this.#keyLength = key.length;
    this.#nonceTail = new Uint32Array(nonceTail.slice().buffer);
    if (cipher === "GCM") {
      this.#key = new KeyMemory(gcmKeyDataRoom);
      const copy = key.slice();
      library.expandGcmKey(copy, this.#key.bytes);
      copy.fill(0);
    } else {
      if (key.length !== 32) throw new RangeError(`ChaCha20 has no keys of ${key.length} bytes`);
      this.#key = new KeyMemory(key.length);
      this.#key.bytes.set(key);
    }
  }

  /**
   * Puts a packet into a slot. Offsets and lengths are in bytes; that all of it lies inside of the
   * memory is the caller's duty.
   *
   * @param slot 0 to `burstCapacity` - 1.
   * @param nonceHead The first 4 bytes of the nonce, as a little-endian number.
   * @param tag Offset of the tag; it is written by `encrypt` and not touched by `decrypt`.
   */
  put(
    slot: number,
    memory: PinnedMemory,
    nonceHead: number,
    aad: number,
    aadLength: number,
    tag: number,
    text: number,
    length: number,
  ): void {
    const jobs = this.#jobs;
    const { words } = jobs;
    if (jobs.owners[slot] !== this) this.#setUp(slot);
    if (this.#memory !== memory) this.#enter(memory);
    const job = jobs.firstWord + slot * jobs.wordsPerJob;
    const low = this.#low;
    const high = this.#high;
    jobs.nonceWords[jobs.nonceWord(slot)] = nonceHead;
    setAddress(words, job + JobWord.src, low + text, high);
    setAddress(words, job + JobWord.dst, low + text, high);
    setAddress(words, job + JobWord.aad, low + aad, high);
    words[job + JobWord.aad_len_in_bytes] = aadLength;
    words[job + JobWord.msg_len_to_cipher_in_bytes] = length;
    words[job + JobWord.msg_len_to_hash_in_bytes] = length;
    if (this.#direction === "encrypt") {
      setAddress(words, job + JobWord.auth_tag_output, low + tag, high);
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
    if (slot === 0 && this.#firstJob !== undefined) {
      words.set(this.#firstJob, job);
      this.#writeNonceTail(0);
      jobs.owners[0] = this;
      return;
    }
    jobs.claim(slot, this);
    jobs.setPointer(slot, JobWord.enc_keys, this.#key.address);
    jobs.setPointer(slot, JobWord.dec_keys, this.#key.address);
    jobs.useOwnMac(slot);
    jobs.useOwnNonce(slot);
    this.#writeNonceTail(slot);
    words[job + JobWord.key_len_in_bytes] = this.#keyLength;
    words[job + JobWord.iv_len_in_bytes] = nonceLength;
    words[job + JobWord.auth_tag_output_len_in_bytes] = tagLength;
    words[job + JobWord.cipher_mode] = CipherMode[this.#cipher];
    words[job + JobWord.cipher_direction] = CipherDirection[this.#direction];
    words[job + JobWord.hash_alg] = AeadAlgorithm[this.#cipher];
    words[job + JobWord.chain_order] = ChainOrder[this.#direction];
    this.#library.setSession(jobs.jobAt(slot));
    if (slot === 0) this.#firstJob = words.slice(job, job + jobs.wordsPerJob);
  }

  #writeNonceTail(slot: number): void {
    const jobs = this.#jobs;
    const tail = jobs.nonceWord(slot) + nonceHeadLength / 4;
    for (let i = 0; i < this.#nonceTail.length; i++) {
      jobs.nonceWords[tail + i] = this.#nonceTail[i];
    }
  }

  /**
   * Encrypts or decrypts what is in slots 0 to `count` - 1. When decrypting, the texts must not be
   * used before `tag` has been compared with the packet's, in constant time.
   *
   * @returns False when the library failed or the context is closed: no text may be used.
   */
  run(count: number): boolean {
    if (!this.#open) return false;
    return this.#library.functions.burst(this.#library.wide.pointer, count, this.#jobs.list) ===
      count;
  }

  /** The tag (16 bytes) that `run` computed for a slot, when decrypting. */
  tag(slot: number): Uint8Array<ArrayBuffer> {
    return this.#jobs.macs[slot];
  }

  /** Wipes the key. Closing it again does nothing. */
  close(): void {
    this.#open = false;
    this.#memory = undefined;
    this.#jobs.release(this);
    this.#firstJob = undefined;
    this.#key.wipe();
    this.#nonceTail.fill(0);
  }
}
