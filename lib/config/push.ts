/**
 * What a server pushes. Nothing in it throws: a wrong option is left out and said, and a reply
 * that would make the session go wrong is refused as a whole.
 *
 * @module
 */

import type { ClientConfig, NetworkOptions, Notice, PulledOptions } from "./config.ts";
import { emptyDraft } from "./draft.ts";
import { ConfigError, pushedOptions } from "./errors.ts";
import { deepFreeze } from "./finish.ts";
import { defined, draftedNetwork } from "./finish_common.ts";
import { notice, shorten } from "./option.ts";
import { apply } from "./read.ts";
import { findOption } from "./table.ts";
import { tokenize } from "../base/tokenize.ts";

/** The outcome of a PUSH_REPLY. */
export type PushReply =
  | {
    readonly kind: "accepted";
    readonly options: PulledOptions;
    readonly notices: readonly Notice[];
  }
  /** The session can't go on: what the server wants isn't there, or `pull-filter reject`. */
  | {
    readonly kind: "refused";
    readonly reason: string;
    /** Whether `pull-filter reject` did it: then reconnect, as OpenVPN does (SIGUSR1). */
    readonly byFilter: boolean;
    readonly notices: readonly Notice[];
  };

/** Most options of a reply that are looked at, over all its parts. */
export const maximumPushedOptions = 4096;

// Without these as the server wants them, both ends would read different packets.
const essential = new Set(["cipher", "peer-id", "key-derivation", "protocol-flags"]);

/**
 * Reads pushed options.
 *
 * @param options The words between the commas of PUSH_REPLY, of all its parts.
 * @param base Our own configuration: `pull-filter`, `route-nopull`, and what pushes change.
 */
export function parsePushReply(options: readonly string[], base: ClientConfig): PushReply {
  const draft = emptyDraft();
  draft.allowPullFqdn = base.allowPullFqdn;
  const notices: Notice[] = [];
  const said = new Set<string>();
  const refuse = (reason: string, byFilter: boolean): PushReply => {
    return { kind: "refused", reason, byFilter, notices };
  };
  if (options.length > maximumPushedOptions) {
    return refuse(`the server pushes more than ${maximumPushedOptions} options`, false);
  }
  for (const [index, option] of options.entries()) {
    const words = tokenize(option);
    const name = Array.isArray(words) ? words[0] ?? "" : "";
    const position = { file: pushedOptions, line: index + 1, option: shorten(name) };
    // Only the name: options may hold a token.
    const info = (message: string) => notices.push(notice("info", 3, position, message));
    const filter = base.pullFilters.find(({ prefix }) => option.trimStart().startsWith(prefix));
    if (filter?.action === "reject") {
      return refuse(`pull-filter rejects the pushed option "${shorten(name)}"`, true);
    }
    if (filter?.action === "ignore") {
      info(`"${shorten(name)}" left out by pull-filter`);
      continue;
    }
    if (!Array.isArray(words)) {
      notices.push(notice("warning", 1, position, `pushed option left out: ${words.problem}`));
      continue;
    }
    if (words.length === 0) continue;
    const row = findOption(name);
    if (row === undefined) {
      const message = `unknown pushed option "${shorten(name)}" left out`;
      notices.push(notice("warning", 1, position, message));
      continue;
    }
    if (!row.where.includes("push") && !row.where.includes("push-route")) {
      const message = `a server may not push "${row.name}"; left out`;
      notices.push(notice("warning", 1, position, message));
      continue;
    }
    if (!row.where.includes("push") && base.routeNopull) {
      info(`"${row.name}" left out because of route-nopull`);
      continue;
    }
    try {
      const line = { name, parameters: words.slice(1), line: index + 1 };
      apply(row, line, position, "push", draft, draft.connection, notices, said);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      if (essential.has(row.name)) return refuse(error.problem, false);
      const message = `pushed option left out: ${error.problem}`;
      notices.push(notice("warning", 1, position, message));
    }
  }
  const pulled: PulledOptions = defined({
    topology: draft.topology,
    ...draftedNetwork(draft),
    ping: { ...base.ping, ...draft.ping },
    inactive: draft.inactive,
    sessionTimeout: draft.sessionTimeout,
    peerId: draft.peerId,
    cipher: draft.cipher,
    tunMtu: draft.connection.tunMtu,
    authToken: draft.authToken,
    authTokenUser: draft.authTokenUser,
    explicitExitNotify: draft.connection.explicitExitNotify,
    framing: draft.framing,
    controlChannelExit: draft.controlChannelExit ?? false,
    receiveBuffer: draft.receiveBuffer || undefined,
    sendBuffer: draft.sendBuffer || undefined,
    persistTun: draft.persistTun,
    pushContinuation: draft.pushContinuation ?? 0,
    environment: draft.environment,
    echo: draft.echo,
  });
  return { kind: "accepted", options: deepFreeze(pulled), notices };
}

/** Our own network options with those that the server pushed on top. */
export function mergeNetwork(own: NetworkOptions, pulled: PulledOptions): NetworkOptions {
  const redirect = own.redirectGateway && pulled.redirectGateway
    ? {
      ipv4: own.redirectGateway.ipv4 || pulled.redirectGateway.ipv4,
      ipv6: own.redirectGateway.ipv6 || pulled.redirectGateway.ipv6,
      local: own.redirectGateway.local || pulled.redirectGateway.local,
      autolocal: own.redirectGateway.autolocal || pulled.redirectGateway.autolocal,
      def1: own.redirectGateway.def1 || pulled.redirectGateway.def1,
      bypassDhcp: own.redirectGateway.bypassDhcp || pulled.redirectGateway.bypassDhcp,
      bypassDns: own.redirectGateway.bypassDns || pulled.redirectGateway.bypassDns,
      blockLocal: own.redirectGateway.blockLocal || pulled.redirectGateway.blockLocal,
    }
    : pulled.redirectGateway ?? own.redirectGateway;
  return defined({
    topology: pulled.topology ?? own.topology,
    ifconfig: pulled.ifconfig ?? own.ifconfig,
    ifconfigIpv6: pulled.ifconfigIpv6 ?? own.ifconfigIpv6,
    routes: [...own.routes, ...pulled.routes],
    routesIpv6: [...own.routesIpv6, ...pulled.routesIpv6],
    routeGateway: pulled.routeGateway ?? own.routeGateway,
    routeMetric: pulled.routeMetric ?? own.routeMetric,
    routeDelay: pulled.routeDelay ?? own.routeDelay,
    redirectGateway: redirect,
    blockIpv6: own.blockIpv6 || pulled.blockIpv6,
    ifconfigNoexec: own.ifconfigNoexec || pulled.ifconfigNoexec,
    routeNoexec: own.routeNoexec,
    dhcpOptions: [...own.dhcpOptions, ...pulled.dhcpOptions],
    dns: {
      searchDomains: [...own.dns.searchDomains, ...pulled.dns.searchDomains],
      servers: [...own.dns.servers, ...pulled.dns.servers],
    },
  });
}
