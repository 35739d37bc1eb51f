/**
 * What may differ from client to client: the directory of their files, and what stands in these.
 * (OpenVPN's server-options.rst.)
 *
 * @module
 */

import * as parse from "../parameters.ts";
import { rows } from "../option.ts";

const perClient = ["client"] as const;

/** Options per client. */
export const perClientOptions = rows("server", [
  {
    name: "client-config-dir",
    usage: "DIRECTORY",
    summary: "Options per client, in files by name; DEFAULT for those without one",
    apply: ({ draft }, [path]) => void (draft.clientConfigDir = path),
  },
  {
    name: "ccd-exclusive",
    summary: "Only clients that have such a file",
    apply: ({ draft }) => void (draft.ccdExclusive = true),
  },
  {
    name: "push",
    usage: "OPTION",
    where: ["main", "client"],
    summary: "Option for clients, or for this client",
    apply: (context, [option]) => {
      // The list crosses with commas between options (push_option() refuses them too).
      if (option.includes(",")) {
        context.fail(`"push": the option has a comma in it`, "push two options");
      }
      if (option.trim() === "") context.expected("an option in double quotes", option);
      const { position, draft, place } = context;
      if (place === "client") draft.perClient.pushes.push({ kind: "add", option });
      else draft.push.push({ option, position });
    },
  },
  {
    name: "push-reset",
    where: perClient,
    summary: "Don't push the global options to this client",
    apply: ({ draft }) => void draft.perClient.pushes.push({ kind: "reset" }),
  },
  {
    name: "push-remove",
    usage: "OPTION",
    where: perClient,
    summary: "Don't push options that start so to this client",
    apply: ({ draft }, [prefix]) => void draft.perClient.pushes.push({ kind: "remove", prefix }),
  },
  {
    name: "ifconfig-push",
    usage: "LOCAL NETMASK [ALIAS]",
    where: perClient,
    summary: "Address for this client",
    apply: (context, [local, netmask, alias]) => {
      if (alias !== undefined) {
        context.fail(`"ifconfig-push" with an alias is for client-nat, which isn't supported`);
      }
      context.draft.perClient.ifconfigPush = {
        local: parse.ipv4(context, local),
        netmask: parse.netmask(context, netmask),
      };
    },
  },
  {
    name: "ifconfig-ipv6-push",
    usage: "LOCAL/BITS [REMOTE]",
    where: perClient,
    summary: "IPv6 address for this client",
    apply: (context, [local, remote]) => {
      // Without bits OpenVPN takes 64 (add_option(), "ifconfig-ipv6-push").
      const withBits = local.includes("/") ? local : `${local}/64`;
      const { network, prefixLength } = parse.ipv6Network(context, withBits);
      context.draft.perClient.ifconfigIpv6Push = {
        local: network,
        prefixLength,
        ...(remote !== undefined && { remote: parse.ipv6(context, remote) }),
      };
    },
  },
  {
    name: "ifconfig-push-constraint",
    usage: "NETWORK NETMASK",
    summary: "Refuse clients whose pushed address isn't in that network",
    apply: (context, [network, netmask]) => {
      context.draft.ifconfigPushConstraint = {
        network: parse.ipv4(context, network),
        netmask: parse.netmask(context, netmask),
      };
    },
  },
  {
    name: "iroute",
    usage: "NETWORK [NETMASK]",
    where: perClient,
    summary: "Network behind this client",
    apply: (context, [network, netmask = "255.255.255.255"]) => {
      context.draft.perClient.iroutes.push({
        network: parse.ipv4(context, network),
        prefixLength: parse.prefixLengthOf(parse.netmask(context, netmask))!,
      });
    },
  },
  {
    name: "iroute-ipv6",
    usage: "NETWORK/BITS",
    where: perClient,
    summary: "IPv6 network behind this client",
    apply: (context, [network]) => {
      context.draft.perClient.iroutes.push(parse.ipv6Network(context, network));
    },
  },
  {
    name: "disable",
    where: perClient,
    summary: "Refuse this client",
    apply: ({ draft }) => void (draft.perClient.disable = true),
  },
  {
    name: "max-routes-per-client",
    usage: "N",
    where: ["main", "client"],
    class: "ignored",
    summary: "Most learned addresses of a client; none are learned with TUN",
  },
  {
    name: "stale-routes-check",
    usage: "SECONDS [INTERVAL]",
    class: "ignored",
    summary: "Forget learned addresses; none are learned with TUN",
  },
]);
