/**
 * Keys that protect the control channel's packets.
 * (OpenVPN's tls-options.rst.)
 *
 * @module
 */

import type { ControlChannelKey } from "../config.ts";
import { type OptionContext, rows } from "../option.ts";
import * as parse from "../parameters.ts";

const perConnection = ["main", "connection", "inline"] as const;

/** Keys of the control channel, and which of the clients' may be used. */
export const controlChannelOptions = rows("control channel", [
  {
    name: "tls-auth",
    usage: "FILE [0|1]",
    where: perConnection,
    summary: "HMAC key in front of the control channel",
    apply: (context, [path, direction]) => {
      const parsed = direction === undefined ? undefined : parse.keyDirection(context, direction);
      controlKey(context, "tls-auth", path);
      if (context.place === "connection" || parsed !== undefined) {
        context.connection.keyDirection = parsed;
      }
    },
  },
  {
    name: "key-direction",
    usage: "0|1",
    where: ["main", "connection"],
    summary: "Which half of the tls-auth key is for sending",
    apply: (context, [text]) => {
      context.connection.keyDirection = parse.keyDirection(context, text);
    },
  },
  {
    name: "tls-crypt",
    usage: "FILE",
    where: perConnection,
    summary: "Key that encrypts the control channel",
    apply: (context, [path]) => controlKey(context, "tls-crypt", path),
  },
  {
    name: "tls-crypt-v2",
    usage: "FILE [force-cookie|allow-noncookie]",
    where: perConnection,
    summary:
      "Per-client key that encrypts the control channel; allow-noncookie takes OpenVPN 2.5 as well",
    apply: (context, [path, cookie]) => {
      if (cookie !== undefined) {
        const word = parse.word(context, cookie, ["force-cookie", "allow-noncookie"]);
        context.draft.tlsCryptV2.allowNoncookie = word === "allow-noncookie";
      }
      controlKey(context, "tls-crypt-v2", path);
    },
  },
  {
    name: "tls-crypt-v2-verify",
    usage: "COMMAND",
    class: "script",
    summary: "Whether a client's tls-crypt-v2 key may come in, by its metadata",
    apply: ({ draft }, [command]) => void (draft.tlsCryptV2.verify = command),
  },
  {
    name: "tls-crypt-v2-max-age",
    usage: "DAYS",
    summary: "A client's tls-crypt-v2 key may be that old",
    apply: (context, [days]) => {
      context.draft.tlsCryptV2.maximumAge = parse.integer(context, days, 1, 36_500) * 86_400;
    },
  },
  {
    name: "tls-crypt-v2-revoked",
    usage: "FILE",
    summary: "(ours) Fingerprints of clients' tls-crypt-v2 keys that may not come in any more",
    apply: (context, [path]) => void (context.draft.tlsCryptV2.revoked = context.file(path)),
  },
]);

function controlKey(
  context: OptionContext,
  kind: ControlChannelKey["kind"],
  path: string | undefined,
): void {
  context.connection.controlKeys[kind] = { file: context.file(path), position: context.position };
}
