/**
 * What can go wrong when sealing with libIPSec_MB.
 *
 * @module
 */

import { VpnError } from "../base/errors.ts";

/** The error for a burst that the library did not finish; none of it may be sent. */
export function burstFailed(): VpnError {
  return new VpnError("libIPSec_MB could not encrypt packets, or their key was destroyed before");
}
