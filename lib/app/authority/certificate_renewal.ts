/**
 * Keeps the certificate of a listener from ending while the server runs.
 *
 * ```text
 * in use ─► look: when it is due, and every so often ─┬ the same: stays
 *    ▲                                                ├ another: new connections get it
 *    └── what cannot be had leaves the old one, and is tried again ──┘
 * ```
 *
 * @module
 */

import { type Clock, systemClock } from "../../base/clock.ts";
import { errorLine } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { ListenerCertificate } from "./http_listener.ts";

/** A listener's certificate, and when it is to be another one. */
export interface ExpiringCertificate extends ListenerCertificate {
  /** Its serial number, for the log. */
  readonly serial: string;
  /** ms since 1970; Infinity where somebody else sees to that. */
  readonly renewAt: number;
}

/** Where a listener's certificates come from. */
export interface CertificateSource {
  /** The first one. */
  readonly current: ExpiringCertificate;
  /** The one to use now. @throws {VpnError} where that cannot be had. */
  newest(): Promise<ExpiringCertificate>;
  /** How often it is asked before the certificate is due, and after a failure, ms. */
  readonly interval: number;
}

/** What a renewal does with it. */
export interface RenewalOptions {
  readonly source: CertificateSource;
  /** Whose certificate it is, as a sentence begins. */
  readonly owner: string;
  /** Gives it to the listener. */
  use(certificate: ExpiringCertificate): void;
  readonly log: Log;
  readonly clock?: Clock;
}

/** Between two looks at least, ms: a certificate that is due as soon as it is made costs no more. */
const shortest = 1000;

/** How long the same failure is not said again, ms. */
const quiet = 86_400_000;

/** See the module's page. */
export class CertificateRenewal implements Disposable {
  readonly #options: RenewalOptions;
  readonly #clock: Clock;
  #current: ExpiringCertificate;
  #said: { readonly line: string; readonly at: number } | undefined;
  #next: Disposable | undefined;
  #ended = false;

  constructor(options: RenewalOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#current = options.source.current;
    this.#wait(this.#untilDue());
  }

  #untilDue(): number {
    const { interval } = this.#options.source;
    const due = this.#current.renewAt - this.#clock.now();
    return Math.max(shortest, Math.min(interval, due));
  }

  #wait(milliseconds: number): void {
    if (!this.#ended) this.#next = this.#clock.after(milliseconds, () => void this.#look());
  }

  async #look(): Promise<void> {
    const { source } = this.#options;
    let wait = source.interval;
    try {
      const certificate = await source.newest();
      if (this.#ended) return;
      if (certificate.certificate !== this.#current.certificate) this.#replace(certificate);
      else this.#current = certificate;
      this.#said = undefined;
      wait = this.#untilDue();
    } catch (error) {
      this.#failed(errorLine(error));
    }
    this.#wait(wait);
  }

  #replace(certificate: ExpiringCertificate): void {
    const { use, log, owner } = this.#options;
    // What the listener refuses to take is no certificate to go on with.
    use(certificate);
    this.#current = certificate;
    log.at(1, `${owner} has a new certificate (serial ${certificate.serial})`);
  }

  #failed(line: string): void {
    const at = this.#clock.now();
    if (this.#said?.line === line && at - this.#said.at < quiet) return;
    this.#said = { line, at };
    this.#options.log.warn(`${this.#options.owner}'s certificate stays as it is: ${line}`);
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    this.#next?.[Symbol.dispose]();
  }
}
