/**
 * libIPSec_MB for tests, where it is installed.
 *
 * @module
 */

import { IpsecMb } from "../../ffi/ipsec_mb.ts";
import { IpsecMbUnavailable } from "../../ffi/ipsec_mb_manager.ts";

/** The library, or why it cannot be used here; opened here, since a loaded library stays loaded. */
export const opened = open();

function open(): IpsecMb | IpsecMbUnavailable {
  try {
    return IpsecMb.open();
  } catch (error) {
    if (error instanceof IpsecMbUnavailable) return error;
    throw error;
  }
}

/** Adds a test that is skipped, and counted, without the library (Debian: libipsec-mb1). */
export function testWithLibrary(
  name: string,
  test: () => void | Promise<void>,
  ignore = false,
): void {
  Deno.test({ name, ignore: ignore || !(opened instanceof IpsecMb), fn: test });
}
