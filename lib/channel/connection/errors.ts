/**
 * Why a channel could not be opened or did not end as it should.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";

/**
 * The check that failed:
 *
 * - `secret`: the peer has another secret or key, or what it sent was changed on the way;
 * - `unknown-key`: the peer's key is not among those that are allowed;
 * - `malformed`: a length or an encoding that the protocol does not have;
 * - `authentication`: a record was changed, cut out, repeated, moved or reflected;
 * - `truncated`: the connection ended before the peer said that it would;
 * - `timeout`: the peer stalled;
 * - `connection`: the connection failed or was reset;
 * - `aborted`: this side gave it up.
 */
export type ChannelFailure =
  | "secret"
  | "unknown-key"
  | "malformed"
  | "authentication"
  | "truncated"
  | "timeout"
  | "connection"
  | "aborted";

/** The error of a channel. It is for this side alone: the peer sees a closed connection. */
export class ChannelError extends VpnError {
  /** The class's name, for logs. */
  override readonly name = "ChannelError";

  /**
   * An error of a channel.
   *
   * @param failure Which check failed.
   * @param message As for `VpnError`, and so are the others.
   */
  constructor(
    readonly failure: ChannelFailure,
    message: string,
    remedy?: string,
    options?: ErrorOptions,
  ) {
    super(message, remedy, options);
  }
}
