/**
 * The authority inside of a running server: keeps its revocation list and certificates from
 * expiring silently, and answers over HTTP and HTTPS.
 *
 * @module
 */

import { errorLine } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { withinRequest } from "../../base/tracing.ts";
import type { ListenAddress } from "../../config/config.ts";
import { Authority } from "../../pki/authority.ts";
import type { PassphraseSource } from "../../pki/authority_key.ts";
import { OcspResponder } from "../../pki/ocsp_responder.ts";
import { reachableText } from "../listen_address.ts";
import { CertificateRenewal, type CertificateSource } from "./certificate_renewal.ts";
import { HttpListener, type ListenerCertificate } from "./http_listener.ts";
import { HttpService } from "./http_service.ts";

/** What the service is made of. */
export interface AuthorityServiceOptions {
  /** The state directory. */
  readonly directory: string;
  /** `--http`. */
  readonly http?: ListenAddress;
  /** `--https`, and the certificates for it. */
  readonly https?: { readonly address: ListenAddress; readonly certificates: CertificateSource };
  /** Gives the passphrase of `ca.key` where it has one. */
  readonly passphrase?: PassphraseSource;
  readonly log: Log;
  /** Where requests by HTTP belong that are none for an authority: the portal. */
  readonly elsewhere?: (host: string | undefined, target: string) => string | undefined;
}

/** How often list and responder are looked at, ms. */
const INTERVAL = 6 * 3_600_000;

/** See the module's page. */
export class AuthorityService implements AsyncDisposable {
  readonly #authority: Authority;
  readonly #responder: OcspResponder;
  readonly #answers: boolean;
  readonly #log: Log;
  readonly #listeners = new AsyncDisposableStack();
  readonly #elsewhere: AuthorityServiceOptions["elsewhere"];
  #timer: ReturnType<typeof setInterval> | undefined;
  /** The ports, once open. */
  readonly ports: { http?: number; https?: number } = {};

  private constructor(authority: Authority, options: AuthorityServiceOptions) {
    const { log, http, https } = options;
    this.#elsewhere = options.elsewhere;
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
        service.ports.https = await service.#listen(https.address, https.certificates);
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

  /** The authority, open as long as the service: for a portal in the same process. */
  get authority(): Authority {
    return this.#authority;
  }

  async #listen(
    address: ListenAddress,
    source: CertificateSource | undefined,
  ): Promise<number> {
    const service = new HttpService(this.#authority, this.#responder, this.#log, this.#elsewhere);
    const secure = source !== undefined;
    const listener = await HttpListener.open(address, source?.current, (request, response) => {
      void withinRequest(response, () => service.handle(request, response, secure));
    });
    this.#listeners.use(listener);
    if (secure) this.#keep(source, listener);
    const place = { ...address, port: listener.port };
    const known = await this.#authority.index.setting("remote");
    const text = reachableText(secure ? "https" : "http", place, "", known);
    this.#log.at(1, `The authority answers at ${text}`);
    return listener.port;
  }

  #keep(source: CertificateSource, listener: HttpListener): void {
    const use = (certificate: ListenerCertificate) => listener.use(certificate);
    const options = { source, owner: "The authority's HTTPS", use, log: this.#log };
    this.#listeners.use(new CertificateRenewal(options));
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
    } catch (error) {
      // Tried again later; the server goes on with what it has.
      this.#log.warn(errorLine(error));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#listeners.disposeAsync();
    this.#authority[Symbol.dispose]();
  }
}
