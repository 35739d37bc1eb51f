/**
 * Hashes of new passwords, one after the other: whoever sends many keeps themselves waiting, not the
 * log-ins and tunnels.
 *
 * @module
 */

import { checkNewPassword, hashPassword } from "../users/mod.ts";
import { WorkQueue } from "../users/work_queue.ts";
import { asPortalError, PortalError } from "./service.ts";

/** Hashes that wait. */
const waiting = 16;

/** See the module's page. */
export class NewPasswords {
  readonly #queue = new WorkQueue(1, waiting);

  /** @param hash In place of `hashPassword`, for tests. */
  constructor(readonly hash: typeof hashPassword = hashPassword) {}

  /** @throws {PortalError} invalid: what is wrong with it; unavailable: too many at once. */
  async hashOf(password: string): Promise<string> {
    try {
      checkNewPassword(password);
    } catch (error) {
      throw asPortalError("invalid", error);
    }
    const hash = await this.#queue.run(() => this.hash(password));
    if (hash === "full") {
      throw new PortalError("unavailable", "the server is busy", "try again in some seconds");
    }
    return hash;
  }
}
