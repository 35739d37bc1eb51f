/**
 * Which tls-crypt-v2 keys of clients may be used: not those that are revoked or too old. Decided at
 * a client's first packet, so that it gets no answer at all.
 *
 * @module
 */

import type { Log } from "../../base/log.ts";
import type { TlsCryptV2Options } from "../../config/mod.ts";
import {
  type ClientKey,
  clientKeyFingerprint,
  metadataTimestamp,
} from "../../crypto/tls_crypt_v2_key.ts";
import { LimitedLog } from "./limited_log.ts";
import { RevokedKeys } from "./revoked_keys.ts";

/** How often the list of revoked keys is looked at while no client comes, ms. */
const watchInterval = 1000;

/** See the module's page. */
export class ClientKeyPolicy {
  readonly #revoked: RevokedKeys | undefined;
  readonly #maximumAge: number | undefined;
  /** Whoever holds a key can send as many packets under it as he likes. */
  readonly #log: LimitedLog;

  /** @throws {VpnError} when the list of revoked keys can't be read. */
  constructor(options: TlsCryptV2Options, log: Log) {
    this.#log = new LimitedLog(log);
    this.#revoked = options.revoked && new RevokedKeys(options.revoked, log);
    this.#maximumAge = options.maximumAge;
  }

  /** Whether an authentic key may be used now. */
  accepts(key: ClientKey): boolean {
    const objection = this.objection(key);
    if (objection !== undefined) this.#log.at(4, () => `tls-crypt-v2: ${objection}`);
    return objection === undefined;
  }

  /** Why a key may not be used; undefined: it may. */
  objection({ wrapped, metadata }: ClientKey): string | undefined {
    const fingerprint = clientKeyFingerprint(wrapped);
    if (this.#revoked?.has(fingerprint)) return `the client key ${fingerprint} is revoked`;
    if (this.#maximumAge === undefined) return undefined;
    const made = metadataTimestamp(metadata);
    if (made === undefined) return `the client key ${fingerprint} doesn't say how old it is`;
    const age = Date.now() / 1000 - made;
    return age > this.#maximumAge ? `the client key ${fingerprint} is too old` : undefined;
  }

  /** Calls back when the list of revoked keys has changed, until the result is disposed of. */
  watch(changed: () => void): Disposable {
    const revoked = this.#revoked;
    if (revoked?.list.source !== "file") return { [Symbol.dispose]: () => {} };
    revoked.changed = changed;
    const timer = setInterval(() => revoked.refresh(), watchInterval);
    return {
      [Symbol.dispose]: () => {
        revoked.changed = undefined;
        clearInterval(timer);
      },
    };
  }
}
