/**
 * What makes a server.
 * (OpenVPN's server-options.rst.)
 *
 * @module
 */

import { parseIpv4 } from "../../base/ipv4.ts";
import * as parse from "../parameters.ts";
import { type OptionContext, rows } from "../option.ts";

/** What makes a server. */
export const serverOptions = rows("server", [
  {
    name: "mode",
    usage: "p2p|server",
    summary: "Server of many clients, or one end of two",
    apply: (context, [mode]) => {
      context.draft.modeServer = parse.word(context, mode, ["p2p", "server"]) === "server";
    },
  },
  {
    name: "server",
    usage: "NETWORK NETMASK [nopool]",
    summary: "Serve that network: address, pool and pushes",
    apply: (context, [network, netmask, flag]) => {
      if (flag !== undefined) parse.word(context, flag, ["nopool"]);
      context.draft.server = {
        network: parse.ipv4(context, network),
        netmask: parse.netmask(context, netmask),
        pool: flag === undefined,
      };
    },
  },
  {
    name: "server-ipv6",
    usage: "NETWORK/BITS",
    summary: "Serve that IPv6 network",
    apply: (context, [network]) => {
      context.draft.serverIpv6 = parse.ipv6Network(context, network);
    },
  },
  {
    name: "ifconfig-pool",
    usage: "START END [NETMASK]",
    summary: "Addresses for clients",
    apply: (context, [start, end, netmask]) => {
      const pool = {
        start: parse.ipv4(context, start),
        end: parse.ipv4(context, end),
        ...(netmask !== undefined && { netmask: parse.netmask(context, netmask) }),
      };
      const size = parseIpv4(end)! - parseIpv4(start)! + 1;
      // IFCONFIG_POOL_MAX of OpenVPN's pool.h.
      if (size < 1 || size > 65536) {
        context.fail(`"ifconfig-pool": ${start} to ${end} isn't 1 to 65536 addresses`);
      }
      context.draft.pool = pool;
    },
  },
  {
    name: "ifconfig-ipv6-pool",
    usage: "NETWORK/BITS",
    summary: "IPv6 addresses for clients",
    apply: (context, [network]) => {
      context.draft.poolIpv6 = parse.ipv6Network(context, network);
    },
  },
  {
    name: "ifconfig-pool-persist",
    usage: "FILE [SECONDS]",
    summary: "Remember which client had which address",
    apply: (context, [path, interval = "600"]) => {
      context.draft.poolPersist = { path, interval: parse.seconds(context, interval) };
    },
  },
  {
    name: "client-to-client",
    summary: "Forward packets between clients",
    apply: ({ draft }) => void (draft.clientToClient = true),
  },
  {
    name: "duplicate-cn",
    summary: "Let several sessions have the same certificate name",
    apply: ({ draft }) => void (draft.duplicateCn = true),
  },
  {
    name: "max-clients",
    usage: "N",
    summary: "Most clients at a time",
    apply: (context, [text]) => {
      // MAX_PEER_ID of OpenVPN's openvpn.h: peer-ids have 24 bits, the last one means none.
      context.draft.maxClients = parse.integer(context, text, 1, 0xffffff - 1);
    },
  },
  {
    name: "verify-client-cert",
    usage: "[none|optional|require]",
    summary: "Whether clients need a certificate",
    apply: (context, [mode = "require"]) => {
      context.draft.verifyClientCert = parse.word(context, mode, ["none", "optional", "require"]);
    },
  },
  {
    name: "username-as-common-name",
    summary: "Name clients by their user name",
    apply: ({ draft }) => void (draft.usernameAsCommonName = true),
  },
  {
    name: "connect-freq",
    usage: "N SECONDS",
    summary: "Most new sessions per time",
    apply: (context, [n, per]) => void (context.draft.connectFreq = frequency(context, n, per)),
  },
  {
    name: "connect-freq-initial",
    usage: "N SECONDS",
    summary: "Most answers to first packets per time",
    apply: (context, [n, per]) => {
      context.draft.connectFreqInitial = frequency(context, n, per);
    },
  },
]);

function frequency(context: OptionContext, n: string, per: string) {
  return { count: parse.count(context, n), seconds: parse.seconds(context, per) };
}
