/**
 * Keys that protect the control channel, made by the openvpn program, and the lines that use them.
 *
 * @module
 */

import { run } from "./command.ts";
import type { Credentials } from "./certificates.ts";

/** How the control channel's packets are protected. */
export type ControlProtection = "tls-auth" | "tls-crypt" | "tls-crypt-v2";

/** All of them. */
export const controlProtections = ["tls-auth", "tls-crypt", "tls-crypt-v2"] as const;

/** Makes keys in a directory. */
export class ControlKeys {
  readonly serverKey: string;
  #made = 0;

  private constructor(readonly directory: string, readonly credentials: Credentials) {
    this.serverKey = `${directory}/tls-crypt-v2-server.key`;
  }

  /** With a server's key for tls-crypt-v2; the shared key is that of the credentials. */
  static async create(directory: string, credentials: Credentials): Promise<ControlKeys> {
    const keys = new ControlKeys(directory, credentials);
    await run(["openvpn", "--genkey", "tls-crypt-v2-server", keys.serverKey]);
    return keys;
  }

  /** Path of a new client's key; `metadata` in base64, else it has the time. */
  async clientKey(metadata?: string): Promise<string> {
    const path = `${this.directory}/tls-crypt-v2-client-${++this.#made}.key`;
    await run([
      ...["openvpn", "--tls-crypt-v2", this.serverKey],
      ...["--genkey", "tls-crypt-v2-client", path, ...metadata === undefined ? [] : [metadata]],
    ]);
    return path;
  }

  /** A server's line. */
  serverLine(protection: ControlProtection): string {
    if (protection === "tls-auth") return `tls-auth ${this.credentials.tlsAuth} 0`;
    if (protection === "tls-crypt") return `tls-crypt ${this.credentials.tlsAuth}`;
    return `tls-crypt-v2 ${this.serverKey}`;
  }

  /** A client's line; tls-crypt-v2 makes a key for it. */
  async clientLine(protection: ControlProtection): Promise<string> {
    if (protection === "tls-auth") return `tls-auth ${this.credentials.tlsAuth} 1`;
    if (protection === "tls-crypt") return `tls-crypt ${this.credentials.tlsAuth}`;
    return `tls-crypt-v2 ${await this.clientKey()}`;
  }
}
