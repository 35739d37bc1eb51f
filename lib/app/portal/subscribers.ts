/**
 * Subscribers: the clients of the authority's index.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import type { Authority } from "../../pki/authority.ts";
import type { IndexEntry } from "../../pki/certificate_index.ts";
import {
  reasonName,
  type RevocationReason,
  revocationReasons,
} from "../../pki/revocation_reason.ts";
import {
  type ClientSystem,
  type OneTimeLink,
  PortalError,
  type PortalFile,
  type Subscriber,
} from "../../portal/service.ts";
import { exportProfile } from "../authority/exporting.ts";
import { makeLink } from "../authority/links.ts";

const hour = 3600;

/** See the module's page. */
export class Subscribers {
  /**
   * @param isConnected Whether somebody of that name is.
   * @param portalUrl Where links lead unless `vpn pki settings --link-url` says otherwise.
   */
  constructor(
    readonly authority: Authority | undefined,
    readonly isConnected: (name: string) => boolean,
    readonly portalUrl: () => string,
  ) {}

  /** All of them, by name. */
  async all(): Promise<readonly Subscriber[]> {
    const entries = this.authority === undefined ? [] : await this.authority.list();
    const byName = Map.groupBy(
      entries.filter(({ purpose }) => purpose === "client"),
      ({ name }) => name,
    );
    return [...byName].map(([name, own]) => this.#subscriber(name, own))
      .sort((a, b) => a.name < b.name ? -1 : 1);
  }

  /** @throws {PortalError} not-found. */
  async find(name: string): Promise<Subscriber> {
    const entries = this.authority === undefined ? [] : await this.#entries(name);
    if (entries.length === 0) throw new PortalError("not-found", `there is no subscriber ${name}`);
    return this.#subscriber(name, entries);
  }

  /** @throws {PortalError} */
  async issue(
    { name, days }: { readonly name: string; readonly days?: number },
  ): Promise<Subscriber> {
    const authority = this.#required();
    const { now } = authority;
    const taken = (await authority.index.byName(name))
      .some(({ revocation, notAfter }) => revocation === undefined && notAfter >= now);
    if (taken) throw new PortalError("conflict", `${name} has a valid certificate`, "renew it");
    await attempt("invalid", () => authority.issue({ name, days }));
    return await this.find(name);
  }

  /** @throws {PortalError} */
  async renew(name: string, { days }: { readonly days?: number }): Promise<Subscriber> {
    const authority = this.#required();
    const { state } = await this.find(name);
    if (state === "revoked") {
      throw new PortalError("conflict", `the certificate of ${name} is revoked`, "issue another");
    }
    await attempt("invalid", () => authority.renew(name, { days }));
    return await this.find(name);
  }

  /** @throws {PortalError} */
  async revoke(name: string, reason: string = "unspecified"): Promise<Subscriber> {
    const authority = this.#required();
    const { state } = await this.find(name);
    if (state === "revoked") throw new PortalError("conflict", `${name} is revoked already`);
    if (!isReason(reason)) {
      throw new PortalError("invalid", `the reason is one of ${revocationReasons.join(", ")}`);
    }
    await attempt("unavailable", () => authority.revoke(name, reason));
    return await this.find(name);
  }

  /** @throws {PortalError} */
  async profile(name: string, system: ClientSystem): Promise<PortalFile> {
    const authority = this.#required();
    await this.#requireKey(name);
    const [file] = await attempt(
      "conflict",
      () => exportProfile(authority, { nameOrSerial: name, system }),
    );
    const { content } = file;
    return {
      name: file.name,
      mediaType: "application/x-openvpn-profile",
      content: typeof content === "string" ? new TextEncoder().encode(content) : content.slice(),
    };
  }

  /** @throws {PortalError} */
  async link(name: string, system: ClientSystem, lifetime: number): Promise<OneTimeLink> {
    const authority = this.#required();
    await this.#requireKey(name);
    const base = await authority.index.setting("link-url") ?? this.portalUrl();
    const { url, expiresAt } = await attempt(
      "conflict",
      () => makeLink(authority, { nameOrSerial: name, system, hours: lifetime / hour }, base),
    );
    return { url, expires: expiresAt };
  }

  /** The private key of the newest certificate is here. */
  async #requireKey(name: string): Promise<void> {
    const { certificates } = await this.find(name);
    if (certificates.some(({ hasPrivateKey }) => hasPrivateKey)) return;
    throw new PortalError("conflict", `the private key of ${name} is on their device alone`);
  }

  #required(): Authority {
    if (this.authority !== undefined) return this.authority;
    throw new PortalError("unavailable", "this server has no certification authority");
  }

  async #entries(name: string): Promise<readonly IndexEntry[]> {
    const entries = await this.authority!.index.byName(name);
    return entries.filter(({ purpose }) => purpose === "client");
  }

  #subscriber(name: string, entries: readonly IndexEntry[]): Subscriber {
    const now = this.authority!.now;
    const valid = entries.some(({ revocation, notAfter }) =>
      revocation === undefined && notAfter >= now
    );
    const newest = entries[entries.length - 1];
    return {
      name,
      certificates: entries.toReversed().map((entry) => ({
        serial: entry.serial,
        issuedAt: entry.issuedAt,
        ends: entry.notAfter,
        ...entry.revocation !== undefined && {
          revoked: { at: entry.revocation.date, reason: reasonName(entry.revocation.reason) },
        },
        hasPrivateKey: entry.holdsKey,
      })),
      state: valid ? "valid" : newest.revocation !== undefined ? "revoked" : "expired",
      connected: this.isConnected(name),
    };
  }
}

function isReason(text: string): text is RevocationReason {
  return (revocationReasons as readonly string[]).includes(text);
}

/** What the authority can't do is the request's fault, for that reason. */
async function attempt<T>(
  reason: "invalid" | "conflict" | "unavailable",
  action: () => Promise<T>,
): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof VpnError) || error instanceof PortalError) throw error;
    throw new PortalError(reason, error.message, error.remedy);
  }
}
