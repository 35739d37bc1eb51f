/**
 * A server's configuration: expands `server` and `keepalive` (OpenVPN's helper.c), and checks
 * what a server needs and can't have.
 *
 * @module
 */

import type { ListenOptions, Notice, PingOptions, Position, ServerConfig } from "./config.ts";
import { managementOptions } from "./finish_management.ts";
import type { Draft } from "./draft.ts";
import { ConfigError } from "./errors.ts";
import {
  commonConfig,
  defined,
  mtuOptions,
  networkOptions,
  requireCertificate,
  resolvePath,
} from "./finish_common.ts";
import { serverControlKeys } from "./finish_control_key.ts";
import { excludePings } from "./finish_client.ts";
import { addressPool, addressPoolIpv6, expandServer, serverPushes } from "./finish_pool.ts";
import { serverAuthority } from "./finish_authority.ts";
import { serverPortal } from "./finish_portal.ts";
import { controlSocket, serverMetrics } from "./finish_monitoring.ts";
import { serverExit } from "./finish_exit.ts";
import { listenOptions } from "./finish_listen.ts";
import { loginOptions } from "./finish_login.ts";
import { notice, shorten } from "./option.ts";
import { findOption, nearestOption } from "./table.ts";
import { tokenize } from "../base/tokenize.ts";

// options_postprocess_verify_ce(): "cannot be used with --mode server".
const clientOnly = [
  "remote",
  "nobind",
  "redirect-gateway",
  "redirect-private",
  "route-delay",
  "kill-switch",
  "auth-user-pass",
  "static-challenge",
  "allow-recursive-routing",
];

/** Checks and completes a server's draft. */
export function finishServer(draft: Draft, notices: Notice[]): ServerConfig {
  for (const option of clientOnly) {
    const position = draft.positions.get(option);
    if (position) {
      const remedy = option.startsWith("redirect") ? `write push "${option} …"` : "remove it";
      throw new ConfigError(`"${option}" is for clients`, remedy, position);
    }
  }
  if (draft.connectionBlocks.length > 0) {
    throw new ConfigError("<connection> is for clients", "remove it");
  }
  for (const option of ["dhcp-option", "dns"]) {
    const position = draft.positions.get(option);
    if (position === undefined) continue;
    const message = `"${option}" changes nothing on a server; for clients write push "${option} …"`;
    notices.push(notice("warning", 1, position, message));
  }
  if (draft.pullFilters.length > 0) {
    const position = draft.positions.get("pull-filter");
    if (position) notices.push(notice("warning", 1, position, `"pull-filter" is for clients`));
  }
  if (draft.ccdExclusive && draft.clientConfigDir === undefined) {
    throw new ConfigError(
      `"ccd-exclusive" without "client-config-dir"`,
      "add it",
      draft.positions.get("ccd-exclusive"),
    );
  }
  requireTopology(draft, notices);
  const common = commonConfig(draft, notices);
  requireCertificate(draft, true, "");
  // Expansion comes after the checks; it may overwrite only what the user didn't write.
  const expanded = expandServer(draft);
  const { ping, push } = expandKeepalive(draft);
  checkPushes(draft, notices);
  const { connection } = draft;
  const listen = listenOptions(draft);
  return defined({
    role: "server",
    ...common,
    management: managementOptions(draft, "server"),
    network: networkOptions(expanded, "subnet"),
    ping,
    listen,
    ...serverControlKeys(draft),
    mtu: mtuOptions(connection),
    pool: addressPool(expanded),
    poolIpv6: addressPoolIpv6(expanded),
    access: accessList(draft, notices),
    ifconfigPushConstraint: draft.ifconfigPushConstraint,
    push: [
      ...draft.push.map((pushed) => pushed.option),
      ...serverPushes(expanded),
      ...push,
    ],
    clientToClient: draft.clientToClient ?? false,
    duplicateCn: draft.duplicateCn ?? false,
    maxClients: draft.maxClients ?? 1024,
    verifyClientCert: draft.verifyClientCert ?? "require",
    explicitExitNotify: exitNotify(draft, listen, notices),
    connectFreq: draft.connectFreq,
    connectFreqInitial: draft.connectFreqInitial ?? { count: 100, seconds: 10 },
    usernameAsCommonName: draft.usernameAsCommonName ?? false,
    login: loginOptions(draft, common.tls, notices),
    clientConfigDir: draft.clientConfigDir === undefined
      ? undefined
      : resolvePath(draft, draft.clientConfigDir),
    ccdExclusive: draft.ccdExclusive ?? false,
    ifconfigPoolPersist: draft.poolPersist &&
      { ...draft.poolPersist, path: resolvePath(draft, draft.poolPersist.path) },
    exit: serverExit(draft),
    authority: serverAuthority(draft),
    portal: serverPortal(draft),
    metrics: serverMetrics(draft),
    controlSocket: controlSocket(draft),
  });
}

function accessList(draft: Draft, notices: Notice[]): ServerConfig["access"] {
  const { access } = draft.perClient;
  const position = draft.positions.get("vpn-acl");
  if (position !== undefined && !access.some(({ allow }) => allow)) {
    const message = `"vpn-acl" allows nothing: what no rule matches is denied`;
    notices.push(notice("warning", 1, position, message));
  }
  return [...access];
}

function requireTopology(draft: Draft, notices: Notice[]): void {
  const { topology } = draft;
  if (topology === "subnet") return;
  const position = draft.positions.get("topology") ?? draft.positions.get("server");
  if (topology !== undefined) {
    throw new ConfigError(
      `a server with "topology ${topology}" isn't supported`,
      `write "topology subnet"`,
      position,
    );
  }
  if (position) {
    notices.push(
      notice(
        "warning",
        1,
        position,
        `no "topology": taken as "topology subnet" (OpenVPN up to 2.6 takes net30)`,
      ),
    );
  }
}

// helper_keepalive(): the server waits twice as long, so that clients notice first.
function expandKeepalive(draft: Draft): { ping: PingOptions; push: string[] } {
  const { keepalive, ping } = draft;
  if (keepalive === undefined) {
    return {
      ping: {
        interval: ping.interval ?? 0,
        timeout: ping.timeout ?? 0,
        timeoutAction: ping.timeoutAction ?? "restart",
      },
      push: [],
    };
  }
  excludePings(draft);
  const { interval, timeout } = keepalive;
  return {
    ping: { interval, timeout: timeout * 2, timeoutAction: "restart" },
    push: [`ping ${interval}`, `ping-restart ${timeout}`],
  };
}

function exitNotify(
  draft: Draft,
  listen: readonly ListenOptions[],
  notices: Notice[],
): 0 | 1 | 2 {
  const { explicitExitNotify: count = 0 } = draft.connection;
  if (count > 0 && listen.every(({ transport }) => transport === "tcp")) {
    noticeExitNotify(draft, notices);
    return 0;
  }
  if (count === 0 || count === 1 || count === 2) return count;
  throw new ConfigError(
    `"explicit-exit-notify" is 0, 1 (clients reconnect) or 2 (they go on to the next server)`,
    `write "explicit-exit-notify 1"`,
    draft.positions.get("explicit-exit-notify"),
  );
}

/** The end of a TCP connection says enough (options_postprocess_mutate_ce()). */
function noticeExitNotify(draft: Draft, notices: Notice[]): void {
  const position = draft.positions.get("explicit-exit-notify");
  if (position === undefined) return;
  notices.push(
    notice("warning", 1, position, `"explicit-exit-notify" is ignored with "proto tcp"`),
  );
}

// A mistyped push goes wrong at every client and nowhere here; so look at it now.
function checkPushes(draft: Draft, notices: Notice[]): void {
  for (const { option, position } of draft.push) {
    const words = tokenize(option);
    const warn = (message: string) => notices.push(pushNotice(position, option, message));
    if (!Array.isArray(words)) warn(words.problem);
    else if (words.length === 0) warn("is empty");
    else {
      const row = findOption(words[0]);
      const pushable = row?.where.some((where) => where === "push" || where === "push-route");
      const guess = row === undefined ? nearestOption(words[0]) : undefined;
      if (row === undefined) {
        warn(`unknown option${guess === undefined ? "" : `: did you mean "${guess}"?`}`);
      } else if (!pushable) warn("clients don't take this option from a server");
    }
  }
}

function pushNotice(position: Position, option: string, message: string): Notice {
  return notice("warning", 1, position, `push "${shorten(option)}": ${message}`);
}
