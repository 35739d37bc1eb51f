/**
 * The jobs that libIPSec_MB works on: one per packet, used again for every burst. One table per
 * thread, for all of its keys.
 *
 * They are the first jobs of the manager's own ring. Calls for AES-CBC and HMACs take any array of
 * jobs and come back when all are done. The call for AEAD ciphers takes the ring's next jobs; as it
 * works on these ciphers at once, the ring is empty again when it comes back, and an empty ring
 * begins with its first job.
 *
 * @module
 */

import {
  ChainOrder,
  CipherDirection,
  CipherMode,
  hashAlgorithmNull,
  JobOffset,
  smallestJob,
} from "./ipsec_mb_layout.ts";
import type { IpsecMbLibrary } from "./ipsec_mb_library.ts";
import { IpsecMbUnavailable } from "./ipsec_mb_manager.ts";
import { PinnedMemory } from "./memory.ts";

/** How many jobs a burst has at most: four fillings of the widest vectors. */
export const burstCapacity = 64;

/** Bytes of a job's scratch: an HMAC (SHA-512 has 64 bytes) or a tag, and a nonce. */
const Scratch = { mac: 0, macSize: 64, nonce: 64, nonceSize: 16, size: 128 } as const;

/** Where the fields of a job are, in 32-bit words from its start. */
export const JobWord = {
  enc_keys: JobOffset.enc_keys / 4,
  dec_keys: JobOffset.dec_keys / 4,
  key_len_in_bytes: JobOffset.key_len_in_bytes / 4,
  src: JobOffset.src / 4,
  dst: JobOffset.dst / 4,
  cipher_start_src_offset_in_bytes: JobOffset.cipher_start_src_offset_in_bytes / 4,
  msg_len_to_cipher_in_bytes: JobOffset.msg_len_to_cipher_in_bytes / 4,
  hash_start_src_offset_in_bytes: JobOffset.hash_start_src_offset_in_bytes / 4,
  msg_len_to_hash_in_bytes: JobOffset.msg_len_to_hash_in_bytes / 4,
  iv: JobOffset.iv / 4,
  iv_len_in_bytes: JobOffset.iv_len_in_bytes / 4,
  auth_tag_output: JobOffset.auth_tag_output / 4,
  auth_tag_output_len_in_bytes: JobOffset.auth_tag_output_len_in_bytes / 4,
  ipad: JobOffset["u.HMAC._hashed_auth_key_xor_ipad"] / 4,
  opad: JobOffset["u.HMAC._hashed_auth_key_xor_opad"] / 4,
  aad: JobOffset["u.GCM.aad"] / 4, // the same with ChaCha20-Poly1305
  aad_len_in_bytes: JobOffset["u.GCM.aad_len_in_bytes"] / 4,
  cipher_mode: JobOffset.cipher_mode / 4,
  cipher_direction: JobOffset.cipher_direction / 4,
  hash_alg: JobOffset.hash_alg / 4,
  chain_order: JobOffset.chain_order / 4,
} as const;

/** What a 32-bit word holds. */
const wordRange = 0x1_0000_0000;

/** The upper half of an address; the rest is the lower one. */
export function addressHigh(address: number): number {
  return Math.floor(address / wordRange);
}

/**
 * Writes an address as a 64-bit field, in two words, as a 64-bit store would need a BigInt.
 *
 * @param low May reach beyond 32 bits, once.
 */
export function setAddress(words: Uint32Array, word: number, low: number, high: number): void {
  if (low < wordRange) {
    words[word] = low;
    words[word + 1] = high;
  } else {
    words[word] = low - wordRange;
    words[word + 1] = high + 1;
  }
}

/** Jobs for `burstCapacity` packets. A slot is a job's number, 0 to `burstCapacity` - 1. */
export class JobTable {
  /** The memory that the jobs are in. */
  readonly words: Uint32Array<ArrayBuffer>;
  /** Where the first job is, in words. */
  readonly firstWord: number;
  /** `sizeof(IMB_JOB)`, in words. */
  readonly wordsPerJob: number;
  /** Room for each job's HMAC or tag, when it must not go into the packet: 64 bytes. */
  readonly macs: readonly Uint8Array<ArrayBuffer>[];
  /** The key that each job is set up for. */
  readonly owners: (object | undefined)[] = new Array(burstCapacity).fill(undefined);
  /** `IMB_JOB *[burstCapacity]`. */
  readonly list: Deno.PointerObject;
  readonly #memory: PinnedMemory;
  readonly #scratch: PinnedMemory;
  readonly #firstScratch: number;

  /** @throws {IpsecMbUnavailable} when the library's jobs are not where they should be. */
  constructor(library: IpsecMbLibrary) {
    this.#memory = library.wide.memory;
    this.words = this.#memory.words;
    this.#scratch = new PinnedMemory(burstCapacity * (Scratch.size + 8) + 64);
    const list = this.#scratch.allocate(burstCapacity * 8);
    this.list = this.#scratch.pointerAt(list);
    const jobs = new BigUint64Array(this.#scratch.bytes.buffer, list, burstCapacity);
    const { first, size } = locateJobs(library, jobs);
    this.firstWord = first / 4;
    this.wordsPerJob = size / 4;
    const scratch = this.#scratch.allocate(burstCapacity * Scratch.size);
    this.#firstScratch = scratch;
    this.macs = Array.from(jobs, (_, slot) => {
      const start = scratch + slot * Scratch.size + Scratch.mac;
      return this.#scratch.bytes.subarray(start, start + Scratch.macSize);
    });
    // The library's own test has used them.
    for (let slot = 0; slot < burstCapacity; slot++) this.claim(slot, undefined);
  }

  /** Pointer to a job. */
  jobAt(slot: number): Deno.PointerObject {
    return this.#memory.pointerAt(4 * (this.firstWord + slot * this.wordsPerJob));
  }

  /** Writes a 64-bit pointer into a slot's job. */
  setPointer(slot: number, word: number, address: number): void {
    const start = this.firstWord + slot * this.wordsPerJob;
    const high = addressHigh(address);
    setAddress(this.words, start + word, address - high * wordRange, high);
  }

  /** Makes a job write its HMAC or tag to `macs`. */
  useOwnMac(slot: number): void {
    this.setPointer(slot, JobWord.auth_tag_output, this.#scratchAddress(slot) + Scratch.mac);
  }

  /**
   * Gives a job room for a nonce of 16 bytes at most.
   *
   * @returns Where its first word is in `nonceWords`.
   */
  useOwnNonce(slot: number): number {
    this.setPointer(slot, JobWord.iv, this.#scratchAddress(slot) + Scratch.nonce);
    return this.nonceWord(slot);
  }

  /** Memory of the nonces. */
  get nonceWords(): Uint32Array<ArrayBuffer> {
    return this.#scratch.words;
  }

  /** Where the nonce of a slot is in `nonceWords`. */
  nonceWord(slot: number): number {
    return (this.#firstScratch + slot * Scratch.size + Scratch.nonce) / 4;
  }

  #scratchAddress(slot: number): number {
    return this.#scratch.address + this.#firstScratch + slot * Scratch.size;
  }

  /** Makes the job all zeros and notes for whom it will be set up. */
  claim(slot: number, owner: object | undefined): void {
    const start = this.firstWord + slot * this.wordsPerJob;
    this.words.fill(0, start, start + this.wordsPerJob);
    this.macs[slot].fill(0);
    const nonce = this.nonceWord(slot);
    this.nonceWords.fill(0, nonce, nonce + Scratch.nonceSize / 4);
    this.owners[slot] = owner;
  }

  /** Forgets what a key has written. */
  release(owner: object): void {
    for (let slot = 0; slot < burstCapacity; slot++) {
      if (this.owners[slot] === owner) this.claim(slot, undefined);
    }
  }
}

/**
 * Finds the ring's first jobs. The library's own test leaves the ring empty, but not at its start,
 * where one burst brings it back to.
 *
 * @param list Gets their addresses.
 * @returns Offset of the first one in the manager's memory and `sizeof(IMB_JOB)`, both in bytes.
 */
function locateJobs(
  library: IpsecMbLibrary,
  list: BigUint64Array<ArrayBuffer>,
): { first: number; size: number } {
  const { memory, pointer } = library.wide;
  const some = nextJobs(library, list, 1) / 4;
  memory.words[some + JobWord.cipher_mode] = CipherMode.NULL;
  memory.words[some + JobWord.cipher_direction] = CipherDirection.encrypt;
  memory.words[some + JobWord.hash_alg] = hashAlgorithmNull;
  memory.words[some + JobWord.chain_order] = ChainOrder.encrypt;
  library.setSession(memory.pointerAt(4 * some));
  if (library.functions.burst(pointer, 1, Deno.UnsafePointer.of(list)) !== 1) {
    throw new IpsecMbUnavailable("libIPSec_MB does not finish an empty job");
  }
  const first = nextJobs(library, list, burstCapacity);
  const size = Number(list[1] - list[0]);
  const isArray = list.every((address, slot) =>
    Number(address) === memory.address + first + slot * size
  );
  if (
    !isArray || first + burstCapacity * size > memory.size || size < smallestJob || size % 8 !== 0
  ) {
    throw new IpsecMbUnavailable(`libIPSec_MB has no array of jobs, or jobs of ${size} bytes`);
  }
  return { first, size };
}

/**
 * Asks the library for the jobs that it wants to be given next.
 *
 * @returns Offset of the first one in the manager's memory, in bytes.
 */
function nextJobs(
  library: IpsecMbLibrary,
  list: BigUint64Array<ArrayBuffer>,
  count: number,
): number {
  const { memory, pointer } = library.wide;
  // uint32_t (*burst_fn_t)(IMB_MGR *, const uint32_t n_jobs, IMB_JOB **jobs);
  const getNextBurst = new Deno.UnsafeFnPointer(library.wide.functionOf("get_next_burst"), {
    parameters: ["pointer", "u32", "buffer"],
    result: "u32",
  });
  const given = getNextBurst.call(pointer, count, list);
  const first = Number(list[0]) - memory.address;
  if (given !== count || first < 0 || first + smallestJob > memory.size || first % 8 !== 0) {
    throw new IpsecMbUnavailable("libIPSec_MB gives no jobs");
  }
  return first;
}
