/**
 * Keys of tls-crypt-v2 clients that can't send theirs again (OpenVPN 2.5), between their first and
 * second packet: the only thing that a server remembers of a client that has not proved its
 * address, and only with `tls-crypt-v2 FILE allow-noncookie`. Bounded in number and time.
 *
 * @module
 */

import { controlHeaderLength } from "../wire/control_packet.ts";
import type { ClientKey } from "../crypto/tls_crypt_v2_key.ts";

/** At most that many keys; the oldest goes first. Each one has about 1 KB. */
export const maximumRememberedKeys = 128;

/** See the module's page. */
export class ClientKeyMemory {
  readonly #keys = new Map<string, { readonly key: ClientKey; readonly expires: number }>();

  /** @param seconds How long a key is kept. */
  constructor(readonly seconds: number) {}

  /** How many there are. */
  get size(): number {
    return this.#keys.size;
  }

  /** Keeps the key of the client that sent this reset. `now`: seconds since 1970. */
  remember(reset: Uint8Array, sockaddr: Uint8Array, key: ClientKey, now: number): void {
    const name = nameOf(reset, sockaddr);
    this.#keys.delete(name);
    this.#keys.set(name, { key, expires: now + this.seconds });
    for (const [oldest, { expires }] of this.#keys) {
      if (this.#keys.size <= maximumRememberedKeys && expires > now) break;
      this.#keys.delete(oldest);
    }
  }

  /** The key that this client's reset has brought. */
  recall(datagram: Uint8Array, sockaddr: Uint8Array, now: number): ClientKey | undefined {
    const entry = this.#keys.get(nameOf(datagram, sockaddr));
    return entry === undefined || entry.expires <= now ? undefined : entry.key;
  }

  /** Drops a key: its client has a session. */
  forget(datagram: Uint8Array, sockaddr: Uint8Array): void {
    this.#keys.delete(nameOf(datagram, sockaddr));
  }
}

/** The client's session id and address. */
function nameOf(datagram: Uint8Array, sockaddr: Uint8Array): string {
  return `${datagram.subarray(1, controlHeaderLength).toHex()} ${sockaddr.toHex()}`;
}
