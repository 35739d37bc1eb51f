/**
 * What `vpn channel psk` takes.
 *
 * @module
 */

import {
  argument,
  choice,
  command,
  constant,
  merge,
  message,
  object,
  option,
  optional,
  or,
  string,
  withDefault,
} from "@optique/core";
import { path } from "@optique/run";
import { tunOptions } from "./channel_tun_options.ts";

const common = object({
  secretFile: optional(option("--secret-file", path({ metavar: "FILE" }), {
    description:
      message`The shared secret, 1 to 32 bytes, in a file of mode 0600. Without it: VPN_SECRET, else a prompt.`,
  })),
  dialect: withDefault(
    option("--dialect", choice(["strict", "original"], { metavar: "DIALECT" }), {
      description:
        message`strict (the default), or original: the 2016 program's records, for chats alone.`,
    }),
    "strict" as const,
  ),
  crypto: withDefault(
    option("--crypto", choice(["auto", "openssl", "webcrypto"], { metavar: "ENGINE" }), {
      description: message`What encrypts: auto (the default), openssl, webcrypto.`,
    }),
    "auto" as const,
  ),
  verbose: option("-v", "--verbose", {
    description: message`Trace each step of the handshake, without the session key.`,
  }),
});

const listen = command(
  "listen",
  merge(
    object({
      action: constant("channel-psk-listen"),
      endpoint: argument(string({ metavar: "[HOST:]PORT" }), {
        description: message`Where to listen; port 32694 with a host alone.`,
      }),
    }),
    common,
    tunOptions,
  ),
  { description: message`Wait for the other end: a chat, a pipe or a tunnel.` },
);

const connect = command(
  "connect",
  merge(
    object({
      action: constant("channel-psk-connect"),
      endpoint: argument(string({ metavar: "HOST:PORT" }), {
        description: message`Where the other end listens; port 32694 without one.`,
      }),
    }),
    common,
    tunOptions,
  ),
  { description: message`Connect to the other end: a chat, a pipe or a tunnel.` },
);

/** The parser of its command line. */
export const pskCommand = command("psk", or(listen, connect), {
  description: message`A channel between two that share a secret.`,
});
