/**
 * Opening Intel's Multi-Buffer Crypto for IPsec Library, `libIPSec_MB.so.1` (Debian:
 * `libipsec-mb1`), and finding its functions for this processor.
 *
 * Two managers: one with the widest vectors that the processor has, and one with SSE, which is the
 * quicker one for few packets and, where the processor has SHA instructions, for SHA-256.
 *
 * A manager holds pointers to functions. A call through `Deno.UnsafeFnPointer` takes 1.1 µs and one
 * of a symbol 0.006 µs, so that each function is looked up by the name that `dladdr(3)` finds for
 * its address. The memory of the managers is ours and goes with the isolate.
 *
 * @module
 */

import { Feature, firstUnknownVersion, oldestVersion } from "./ipsec_mb_layout.ts";
import {
  IpsecMbUnavailable,
  Manager,
  type ManagerField,
  openLibrary,
  SymbolNames,
} from "./ipsec_mb_manager.ts";
import {
  burst,
  cipherBurst,
  hashBurst,
  type Management,
  managementSymbols,
} from "./ipsec_mb_symbols.ts";

const fileName = "libIPSec_MB.so.1";

/** The functions of the packet path, by what they are for. */
function packetFunctions(wide: Manager, narrow: Manager) {
  const names = new SymbolNames();
  return openLibrary(fileName, {
    burst: { name: names.of(wide, "submit_burst"), ...burst },
    wideCipherBurst: { name: names.of(wide, "submit_cipher_burst"), ...cipherBurst },
    narrowCipherBurst: { name: names.of(narrow, "submit_cipher_burst"), ...cipherBurst },
    wideHashBurst: { name: names.of(wide, "submit_hash_burst"), ...hashBurst },
    narrowHashBurst: { name: names.of(narrow, "submit_hash_burst"), ...hashBurst },
  });
}

/** The library, opened: its functions and two managers. One per thread. */
export class IpsecMbLibrary {
  /** For instance `v1.3.0`. */
  readonly version: string;
  /** What is called for packets. */
  readonly functions: ReturnType<typeof packetFunctions>;
  /** With the widest vectors. */
  readonly wide: Manager;
  /** With SSE. */
  readonly narrow: Manager;
  /** Whether the processor has SHA instructions, which the narrow manager uses. */
  readonly hasShaInstructions: boolean;
  readonly #management: Management;

  /**
   * @throws {IpsecMbUnavailable}
   * @throws {Deno.errors.NotCapable} without `--allow-ffi`.
   */
  constructor() {
    const { os, arch } = Deno.build;
    if (os !== "linux" || arch !== "x86_64") {
      throw new IpsecMbUnavailable(`libIPSec_MB is for Linux on x86-64, not for ${os} on ${arch}`);
    }
    const management = openLibrary(fileName, managementSymbols);
    this.#management = management;
    const text = management.imb_get_version_str();
    this.version = text === null ? "" : Deno.UnsafePointerView.getCString(text);
    const version = management.imb_get_version();
    if (version < oldestVersion || version >= firstUnknownVersion) {
      throw new IpsecMbUnavailable(`libIPSec_MB has version ${this.version}, not 1.3 to 1.5`);
    }
    this.wide = new Manager(management, "auto");
    this.narrow = new Manager(management, "sse");
    this.functions = packetFunctions(this.wide, this.narrow);
    this.hasShaInstructions = this.narrow.has(Feature.SHANI);
  }

  /** Expands an AES key of 16, 24 or 32 bytes into schedules of 240 bytes or fewer. */
  expandKey(
    key: Uint8Array<ArrayBuffer>,
    encrypt: Uint8Array<ArrayBuffer>,
    decrypt: Uint8Array<ArrayBuffer>,
  ): void {
    // void (*keyexp_t)(const void *key, void *enc_exp_keys, void *dec_exp_keys);
    this.#call(`keyexp_${keyBits(key)}`, key, encrypt, decrypt);
  }

  /** Precomputes `struct gcm_key_data` for an AES key of 16, 24 or 32 bytes. */
  expandGcmKey(key: Uint8Array<ArrayBuffer>, data: Uint8Array<ArrayBuffer>): void {
    // void (*aes_gcm_pre_t)(const void *key, struct gcm_key_data *);
    this.#call(`gcm${keyBits(key)}_pre`, key, data);
  }

  /** The state of SHA-1 or SHA-2 after one block (64 or 128 bytes). */
  hashBlock(
    digest: "sha1" | "sha224" | "sha256" | "sha384" | "sha512",
    block: Uint8Array<ArrayBuffer>,
    state: Uint8Array<ArrayBuffer>,
  ): void {
    // void (*hash_one_block_t)(const void *data, void *digest);
    this.#call(`${digest}_one_block`, block, state);
  }

  /** Tells the library about a job that has been set up, where it wants that (1.4 and later). */
  setSession(job: Deno.PointerObject): void {
    this.#management.imb_set_session?.(this.wide.pointer, job);
  }

  /** Calls a function by its pointer: slow, but these are called once per key. */
  #call(field: ManagerField, ...buffers: Uint8Array<ArrayBuffer>[]): void {
    new Deno.UnsafeFnPointer(this.wide.functionOf(field), {
      parameters: buffers.map(() => "buffer" as const),
      result: "void",
    }).call(...buffers);
  }
}

function keyBits(key: Uint8Array): 128 | 192 | 256 {
  switch (key.length) {
    case 16:
      return 128;
    case 24:
      return 192;
    case 32:
      return 256;
  }
  throw new RangeError(`AES has no keys of ${key.length} bytes`);
}
