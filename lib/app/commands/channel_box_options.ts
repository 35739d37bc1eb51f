/**
 * What `vpn channel box` takes.
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

const engine = object({
  crypto: withDefault(
    option("--crypto", choice(["auto", "libsodium", "noble"], { metavar: "ENGINE" }), {
      description: message`What encrypts: auto (the default), libsodium, noble.`,
    }),
    "auto" as const,
  ),
  verbose: option("-v", "--verbose", { description: message`Say what happens to each channel.` }),
});

const server = object({
  serverKey: option("--server-key", string({ metavar: "KEY" }), {
    description: message`The server's public key, or a file that has it.`,
  }),
  key: optional(option("--key", path({ metavar: "FILE" }), {
    description: message`This client's secret key, mode 0600. Without it the client is nobody.`,
  })),
});

const keygen = command(
  "keygen",
  object({
    action: constant("channel-box-keygen"),
    file: argument(path({ metavar: "FILE" }), {
      description: message`Where the secret key goes; the public key goes to FILE.pub.`,
    }),
  }),
  { description: message`Make a key pair and print the public key.` },
);

const serve = command(
  "serve",
  merge(
    object({
      action: constant("channel-box-serve"),
      key: option("--key", path({ metavar: "FILE" }), {
        description: message`The server's secret key, mode 0600; read again at SIGHUP.`,
      }),
      listen: option("--listen", string({ metavar: "[HOST:]PORT" }), {
        description: message`Where clients come: UDP with an udp:// upstream, else TCP.`,
      }),
      authorizedClients: optional(option("--authorized-clients", path({ metavar: "FILE" }), {
        description: message`Public keys of the clients, one a line; read again at SIGHUP.`,
      })),
      anyClient: option("--any-client", {
        description: message`Let in whoever has the server's public key.`,
      }),
      upstream: optional(option("--upstream", string({ metavar: "URL" }), {
        description:
          message`What channels lead to: tcp://HOST:PORT, udp://HOST:PORT. Without it and --tun: one pipe.`,
      })),
    }),
    engine,
    tunOptions,
  ),
  { description: message`Wait for clients: a forwarder, a pipe or a tunnel.` },
);

const forward = command(
  "forward",
  merge(
    object({
      action: constant("channel-box-forward"),
      listen: option("--listen", string({ metavar: "URL" }), {
        description: message`Where programs connect: tcp://[HOST:]PORT, udp://[HOST:]PORT.`,
      }),
      to: option("--to", string({ metavar: "HOST:PORT" }), {
        description: message`Where the server is.`,
      }),
    }),
    server,
    engine,
  ),
  { description: message`Take connections or datagrams of programs here to a server.` },
);

const connect = command(
  "connect",
  merge(
    object({
      action: constant("channel-box-connect"),
      endpoint: argument(string({ metavar: "HOST:PORT" }), {
        description: message`Where the server is.`,
      }),
    }),
    server,
    engine,
    tunOptions,
  ),
  { description: message`Connect to a server: a pipe or a tunnel.` },
);

/** The parser of its command line. */
export const boxCommand = command("box", or(keygen, serve, forward, connect), {
  description: message`A channel between two that know each other's public keys.`,
});
