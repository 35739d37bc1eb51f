/**
 * What a configuration says of the portal.
 *
 * @module
 */

import type { ListenAddress } from "./authority_options.ts";
import type { FileReference } from "./position.ts";

/** `portal` and what goes with it. */
export interface PortalOptions {
  /** Where to listen. */
  readonly address: ListenAddress;
  /** `portal-cert`; absent: one that the state directory's authority issues. */
  readonly certificate?: FileReference;
  /** `portal-key`. */
  readonly key?: FileReference;
  /** `portal-host`: further names that it may be called by. */
  readonly hosts: readonly string[];
}
