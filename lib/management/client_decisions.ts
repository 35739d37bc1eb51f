/**
 * Clients of a server that wait for the management client to let them in
 * (`management-client-auth`).
 *
 * @module
 */

import { notification } from "./messages.ts";

/** A client that wants in, or renews its keys. */
export interface AuthenticationRequest {
  /** CID. */
  readonly clientId: number;
  /** KID: which of the client's key negotiations. */
  readonly keyId: number;
  /** Whether it is in already: `REAUTH` rather than `CONNECT`. */
  readonly renewal: boolean;
  /** What `auth-user-pass-verify` would get, the password included. */
  readonly environment: Readonly<Record<string, string>>;
  /**
   * Tells the client that more is wanted of it (AUTH_PENDING, INFO_PRE); false: it can't be told.
   *
   * @param timeout Seconds.
   */
  pending(extra: string, timeout: number): boolean;
}

/** What was decided. */
export type AuthenticationDecision =
  /** `options`: lines as those of a file of `client-config-dir`. */
  | { readonly kind: "accept"; readonly options: readonly string[] }
  /** `reason` is for our log, `clientReason` for the client. */
  | { readonly kind: "deny"; readonly reason: string; readonly clientReason?: string };

interface Waiting {
  readonly request: AuthenticationRequest;
  readonly decide: (decision: AuthenticationDecision) => void;
}

/** See the module's page. */
export class ClientDecisions {
  readonly #waiting = new Map<string, Waiting>();

  /** @param notify Sends lines to the management client, if there is one. */
  constructor(readonly notify: (lines: readonly string[]) => void) {}

  /** Asks; resolves when it is decided. The caller limits the time. */
  ask(request: AuthenticationRequest, signal: AbortSignal): Promise<AuthenticationDecision> {
    const key = keyOf(request.clientId, request.keyId);
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#waiting.delete(key);
        reject(signal.reason);
      };
      if (signal.aborted) return abort();
      signal.addEventListener("abort", abort, { once: true });
      this.#waiting.set(key, {
        request,
        decide: (decision) => {
          signal.removeEventListener("abort", abort);
          this.#waiting.delete(key);
          resolve(decision);
        },
      });
      this.notify(linesOf(request));
    });
  }

  /** Decides; false: nobody waits under these numbers. */
  decide(clientId: number, keyId: number, decision: AuthenticationDecision): boolean {
    const waiting = this.#waiting.get(keyOf(clientId, keyId));
    waiting?.decide(decision);
    return waiting !== undefined;
  }

  /** Has the client told that more is wanted of it. */
  pending(clientId: number, keyId: number, extra: string, timeout: number): boolean {
    return this.#waiting.get(keyOf(clientId, keyId))?.request.pending(extra, timeout) ?? false;
  }

  /** Those who wait still, for a management client that has just come. */
  outstanding(): string[] {
    return [...this.#waiting.values()].flatMap(({ request }) => linesOf(request));
  }
}

function keyOf(clientId: number, keyId: number): string {
  return `${clientId} ${keyId}`;
}

function linesOf({ renewal, clientId, keyId, environment }: AuthenticationRequest): string[] {
  const head = `${renewal ? "REAUTH" : "CONNECT"},${clientId},${keyId}`;
  return notification("CLIENT", head, environment);
}
