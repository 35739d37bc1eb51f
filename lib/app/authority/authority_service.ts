/**
 * The authority inside of a running server: keeps its revocation list and certificates from
 * expiring silently, and answers over HTTP and HTTPS.
 *
 * @module
 */

import { errorLine } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { ListenAddress } from "../../config/config.ts";
import { Authority } from "../../pki/authority.ts";
import type { PassphraseSource } from "../../pki/authority_key.ts";
import { parseCertificates } from "../../pki/certificate.ts";
import { OcspResponder } from "../../pki/ocsp_responder.ts";
import { addressText, HttpListener, type ListenerCertificate } from "./http_listener.ts";
import { HttpService } from "./http_service.ts";

/** What the service is made of. */
export interface AuthorityServiceOptions {
  /** The state directory. */
  readonly directory: string;
  /** `--http`. */
  readonly http?: ListenAddress;
  /** `--https`, and the certificate for it. */
  readonly https?: { readonly address: ListenAddress; readonly certificate: ListenerCertificate };
  /** Gives the passphrase of `ca.key` where it has one. */
  readonly passphrase?: PassphraseSource;
  readonly log: Log;
}

const DAY = 86_400_000;
/** How often lists and certificates are looked at, ms. */
const INTERVAL = 6 * 3_600_000;
/** A certificate with less left is warned of, ms. */
const SOON = 30 * DAY;

/** See the module's page. */
export class AuthorityService implements AsyncDisposable {
  readonly #authority: Authority;
  readonly #responder: OcspResponder;
  readonly #answers: boolean;
  readonly #log: Log;
  readonly #listeners = new AsyncDisposableStack();
  #timer: ReturnType<typeof setInterval> | undefined;
  /** The ports, once open. */
  readonly ports: { http?: number; https?: number } = {};

  private constructor(authority: Authority, { log, http, https }: AuthorityServiceOptions) {
    this.#authority = authority;
    this.#responder = new OcspResponder(authority);
    this.#answers = http !== undefined || https !== undefined;
    this.#log = log;
  }

  /**
   * Opens the authority and the listeners.
   *
   * @throws {VpnError} naming what could not be had; nothing stays open.
   */
  static async start(options: AuthorityServiceOptions): Promise<AuthorityService> {
    const { directory, passphrase, http, https, log } = options;
    const authority = await Authority.open(directory, { passphrase });
    const service = new AuthorityService(authority, options);
    try {
      await service.#maintain();
      if (http !== undefined) service.ports.http = await service.#listen(http, undefined);
      if (https !== undefined) {
        service.ports.https = await service.#listen(https.address, https.certificate);
      }
      service.#timer = setInterval(() => void service.#maintain(), INTERVAL);
      Deno.unrefTimer(Number(service.#timer));
      return service;
    } catch (error) {
      log.at(4, "the authority's service does not start");
      await service[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #listen(
    address: ListenAddress,
    certificate: ListenerCertificate | undefined,
  ): Promise<number> {
    const service = new HttpService(this.#authority, this.#responder, this.#log);
    const secure = certificate !== undefined;
    const listener = await HttpListener.open(address, certificate, (request, response) => {
      void service.handle(request, response, secure);
    });
    this.#listeners.use(listener);
    const place = addressText({ ...address, port: listener.port });
    this.#log.at(1, `The authority answers at ${secure ? "https" : "http"}://${place}`);
    return listener.port;
  }

  async #maintain(): Promise<void> {
    const authority = this.#authority;
    const say = (line: string) => {
      const warning = /^WARNING: (.*)/s.exec(line)?.[1];
      if (warning === undefined) this.#log.at(1, line);
      else this.#log.warn(warning);
    };
    try {
      for (const line of await authority.revocations.maintain(authority.now)) say(line);
      if (this.#answers) { for (const line of await this.#responder.maintain()) say(line); }
      const { caCertificate, serverCertificate } = authority.files;
      for (const file of [caCertificate, serverCertificate]) await this.#warnOfEnd(file);
    } catch (error) {
      // Tried again later; the server goes on with what it has.
      this.#log.warn(errorLine(error));
    }
  }

  async #warnOfEnd(file: string): Promise<void> {
    let text: string;
    try {
      text = await Deno.readTextFile(file);
    } catch {
      return; // A server may have its certificate elsewhere.
    }
    const [{ notAfter }] = parseCertificates(text);
    const left = notAfter - this.#authority.now;
    if (left >= SOON) return;
    const end = new Date(notAfter).toISOString().slice(0, 10);
    this.#log.warn(`${file} ${left < 0 ? "ended" : "ends"} on ${end}: renew it with vpn pki renew`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#listeners.disposeAsync();
    this.#authority[Symbol.dispose]();
  }
}
