/**
 * Managers of libIPSec_MB, and the names of the functions that they point to.
 *
 * @module
 */

import { PinnedMemory } from "./memory.ts";
import { Feature, ManagerOffset } from "./ipsec_mb_layout.ts";
import type { Management } from "./ipsec_mb_symbols.ts";

/** The library is not there, or is not one that can be used; the message says why. */
export class IpsecMbUnavailable extends Error {
  /** The class's name, for logs. */
  override readonly name = "IpsecMbUnavailable";
}

// int dladdr(const void *addr, Dl_info *info);  glibc 2.34 and later
const dladdrSymbols = {
  dladdr: { parameters: ["pointer", "buffer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** `Dl_info` of dlfcn.h: file name, base, symbol name, symbol address; 8 bytes each. */
const DlInfo = { dli_sname: 16, dli_saddr: 24, size: 32 } as const;

/** A field of `IMB_MGR`. */
export type ManagerField = keyof typeof ManagerOffset;

/**
 * Opens a library.
 *
 * @throws {IpsecMbUnavailable} when it cannot be opened.
 * @throws {Deno.errors.NotCapable} without `--allow-ffi`.
 */
export function openLibrary<T extends Deno.ForeignLibraryInterface>(
  name: string,
  symbols: T,
): Deno.StaticForeignLibraryInterface<T> {
  try {
    return Deno.dlopen(name, symbols).symbols;
  } catch (cause) {
    // Without the permission nobody can know whether the library is there.
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    throw new IpsecMbUnavailable(`${name} cannot be loaded`, { cause });
  }
}

/** One `IMB_MGR`: the functions for one kind of processor, and the state of their lanes. */
export class Manager {
  /** The struct. */
  readonly pointer: Deno.PointerObject;
  /** Where it is, at offset 0. */
  readonly memory: PinnedMemory;

  /**
   * @param kind `auto`: the widest vectors that the processor has.
   * @throws {IpsecMbUnavailable} when the library or the processor is not fit.
   */
  constructor(library: Management, kind: "auto" | "sse") {
    this.memory = new PinnedMemory(library.imb_get_mb_mgr_size());
    this.pointer = this.memory.pointerAt(0);
    const made = library.imb_set_pointers_mb_mgr(this.pointer, 0n, 1);
    if (made === null || !Deno.UnsafePointer.equals(made, this.pointer)) {
      throw new IpsecMbUnavailable("libIPSec_MB makes no manager");
    }
    if (kind === "auto") library.init_mb_mgr_auto(this.pointer, null);
    else library.init_mb_mgr_sse(this.pointer);
    const errno = library.imb_get_errno(this.pointer);
    const { SELF_TEST, SELF_TEST_PASS } = Feature;
    if (errno !== 0 || this.has(SELF_TEST) && !this.has(SELF_TEST_PASS)) {
      throw new IpsecMbUnavailable(`libIPSec_MB fails its own test (error ${errno})`);
    }
    if (!this.has(Feature.AESNI)) {
      throw new IpsecMbUnavailable("this processor has no AES instructions");
    }
  }

  /** Whether the processor has the feature (or the library, the test). */
  has(feature: number): boolean {
    return (this.memory.view.getUint32(ManagerOffset.features, true) & feature) !== 0;
  }

  /** The function that a field points to. */
  functionOf<T>(field: ManagerField): Deno.PointerObject<T> {
    const address = this.memory.view.getBigUint64(ManagerOffset[field], true);
    const pointer = Deno.UnsafePointer.create<T>(address);
    if (pointer === null) throw new IpsecMbUnavailable(`libIPSec_MB has no ${field}`);
    return pointer;
  }
}

/** Asks the dynamic linker for the names of functions. */
export class SymbolNames {
  readonly #dladdr = openLibrary("libc.so.6", dladdrSymbols).dladdr;
  readonly #info = new BigUint64Array(DlInfo.size / 8);

  /** The exported symbol that a manager's field points to. */
  of(manager: Manager, field: ManagerField): string {
    const pointer = manager.functionOf(field);
    const info = this.#info;
    const found = this.#dladdr(pointer, info) !== 0;
    const name = Deno.UnsafePointer.create<unknown>(info[DlInfo.dli_sname / 8]);
    // The nearest symbol before the address is what it finds: it has to be this very address.
    if (
      !found || name === null ||
      info[DlInfo.dli_saddr / 8] !== Deno.UnsafePointer.value(pointer)
    ) {
      throw new IpsecMbUnavailable(`libIPSec_MB does not export its ${field}`);
    }
    return Deno.UnsafePointerView.getCString(name);
  }
}
