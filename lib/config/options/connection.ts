/**
 * Where the peer is and how to reach it: `remote`, `proto`, ports, sockets.
 * (OpenVPN's link-options.rst, client-options.rst, connection-profiles.rst.)
 *
 * @module
 */

import * as parse from "../parameters.ts";
import { type OptionContext, rows } from "../option.ts";

const both = ["main", "connection"] as const;

/** Where the peer is and how to reach it. */
export const connectionOptions = rows("connection", [
  {
    name: "remote",
    usage: "HOST [PORT] [PROTO]",
    where: both,
    summary: "Server to connect to; repeated for several",
    apply: (context, [host, port, proto]) => {
      const remote = {
        host: parse.host(context, host),
        port: port === undefined ? undefined : parse.port(context, port),
        protocol: proto === undefined ? undefined : parse.protocol(context, proto),
        position: context.position,
      };
      if (context.place === "main") context.draft.remotes.push(remote);
      else context.connection.remote = remote;
    },
  },
  {
    name: "remote-random",
    summary: "Try the remotes in random order",
    apply: ({ draft }) => void (draft.remoteRandom = true),
  },
  {
    name: "remote-random-hostname",
    summary: "Put a random label in front of the remote's name",
    apply: ({ draft }) => void (draft.remoteRandomHostname = true),
  },
  {
    name: "proto",
    usage: "PROTO",
    where: both,
    summary: "Transport: udp, udp4, udp6, tcp-client, tcp-server and their 4/6 variants",
    apply: (context, [text]) => void (context.connection.protocol = parse.protocol(context, text)),
  },
  {
    name: "proto-force",
    usage: "PROTO",
    summary: "Use only the remotes of this protocol",
    apply: (context, [text]) => {
      context.draft.protoForce = parse.protocol(context, text).transport;
    },
  },
  {
    name: "port",
    usage: "PORT",
    where: both,
    summary: "Local and remote port",
    apply: (context, [text]) => {
      const port = parse.port(context, text);
      context.connection.localPort = port;
      context.connection.remotePort = port;
    },
  },
  {
    name: "lport",
    usage: "PORT",
    where: both,
    summary: "Local port",
    apply: (context, [text]) => {
      context.connection.localPort = parse.localPort(context, text);
      context.connection.localPortGiven = true;
    },
  },
  {
    name: "rport",
    usage: "PORT",
    where: both,
    summary: "Port of the remote",
    apply: (context, [text]) => void (context.connection.remotePort = parse.port(context, text)),
  },
  {
    name: "local",
    usage: "HOST|* [PORT] [PROTO]",
    where: both,
    summary: "Local address to bind to; on a server repeated for several",
    apply: (context, [text, port, proto]) => {
      const host = text === "*" ? undefined : parse.host(context, text);
      context.connection.local = host;
      if (context.place !== "main") {
        if (port !== undefined) context.fail(`"local" takes no port in a <connection> block`);
        return;
      }
      context.draft.locals.push({
        host,
        port: port === undefined ? undefined : parse.localPort(context, port),
        protocol: proto === undefined ? undefined : parse.protocol(context, proto),
        position: context.position,
      });
    },
  },
  {
    name: "bind",
    usage: "[ipv6only]",
    where: both,
    summary: "Bind to the local address and port",
    apply: (context, [flag]) => {
      context.connection.bind = true;
      if (flag === undefined) return;
      parse.word(context, flag, ["ipv6only"]);
      context.connection.bindIpv6Only = true;
    },
  },
  {
    name: "nobind",
    where: both,
    summary: "Let the system choose local address and port",
    apply: ({ connection }) => void (connection.nobind = true),
  },
  {
    name: "float",
    where: both,
    summary: "Accept authenticated packets from any address",
    apply: ({ connection }) => void (connection.float = true),
  },
  {
    name: "resolv-retry",
    usage: "SECONDS|infinite",
    summary: "How long to retry a name that doesn't resolve",
    apply: (context, [text]) => {
      context.draft.resolvRetry = text === "infinite" ? Infinity : parse.seconds(context, text);
    },
  },
  {
    name: "connect-retry",
    usage: "SECONDS [MAX]",
    where: both,
    summary: "Wait between attempts; doubles up to MAX",
    apply: (context, [wait, maximum]) => {
      // OpenVPN's bound, so that doubling can't overflow.
      context.connection.connectRetry = Math.min(parse.seconds(context, wait), 0xffff);
      if (maximum === undefined) return;
      context.connection.connectRetryMaxWait = parse.seconds(context, maximum);
    },
  },
  {
    name: "connect-retry-max",
    usage: "N",
    where: both,
    summary: "Rounds through all remotes before giving up",
    apply: (context, [text]) => {
      context.draft.connectRetryMax = text === "unlimited" ? 0 : parse.count(context, text);
    },
  },
  ...["connect-timeout", "server-poll-timeout"].map((name) => ({
    name,
    usage: "SECONDS",
    where: both,
    summary: "Wait that long for the server's first answer, then try the next remote",
    apply: (
      context: OptionContext,
      [text]: readonly string[],
    ) => void (context.connection.connectTimeout = parse.seconds(context, text, 1)),
  })),
  {
    name: "explicit-exit-notify",
    usage: "[N]",
    where: ["main", "connection", "push"],
    summary: "Tell the peer at the end",
    apply: (context, [text]) => {
      context.connection.explicitExitNotify = text === undefined ? 1 : parse.count(context, text);
    },
  },
  {
    name: "sndbuf",
    usage: "BYTES",
    where: ["main", "push"],
    summary: "Send buffer of the socket; 0: the system's",
    apply: (context, [text]) => void (context.draft.sendBuffer = parse.count(context, text)),
  },
  {
    name: "rcvbuf",
    usage: "BYTES",
    where: ["main", "push"],
    summary: "Receive buffer of the socket; 0: the system's",
    apply: (context, [text]) => void (context.draft.receiveBuffer = parse.count(context, text)),
  },
  {
    name: "mark",
    usage: "N",
    summary: "Mark of the socket's packets (SO_MARK)",
    apply: (context, [text]) => {
      context.draft.mark = parse.integer(context, text, 0, 0xffffffff);
    },
  },
  {
    name: "bind-dev",
    usage: "DEVICE",
    summary: "Bind the socket to a network device or VRF",
    apply: (context, [text]) => void (context.draft.bindDevice = deviceName(context, text)),
  },
  {
    name: "multihome",
    summary: "Answer from the address that a packet was sent to",
  },
  {
    name: "socket-flags",
    usage: "FLAG…",
    where: ["main", "push"],
    class: "ignored",
    summary: "Flags of TCP sockets",
  },
  {
    name: "tcp-nodelay",
    class: "ignored",
    summary: "TCP_NODELAY; always on",
  },
]);

/** A network device's name: at most 15 bytes, no white space and no slash (dev_valid_name()). */
export function deviceName(
  context: OptionContext,
  text: string,
): string {
  const bytes = new TextEncoder().encode(text).length;
  // deno-lint-ignore no-control-regex -- control characters are refused too
  if (bytes < 1 || bytes > 15 || text === "." || text === ".." || /[\s/:\x00-\x1f]/.test(text)) {
    context.expected("the name of a network device", text);
  }
  return text;
}
