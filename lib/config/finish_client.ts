/**
 * A client's configuration: connections, and what a client needs and can't have.
 *
 * @module
 */

import type { ClientConfig, Connection, Notice, PingOptions } from "./config.ts";
import type { ConnectionDraft, Draft, RemoteDraft } from "./draft.ts";
import { managementOptions } from "./finish_management.ts";
import { ConfigError } from "./errors.ts";
import {
  commonConfig,
  defined,
  exclude,
  mtuOptions,
  networkOptions,
  requireCertificate,
  resolveReference,
} from "./finish_common.ts";
import { authorityOptionNames } from "./finish_authority.ts";
import { portalOptionNames } from "./finish_portal.ts";
import { monitoringOptionNames } from "./finish_monitoring.ts";
import { clientExit } from "./finish_exit.ts";
import { controlKey } from "./finish_control_key.ts";
import { notice } from "./option.ts";

/** OpenVPN's port (IANA), for `port`, `lport`, `rport` and `remote` alike. */
export const defaultPort = 1194;

// options_postprocess_verify_ce(): "requires --mode server".
const serverOnly = [
  "tls-crypt-v2-verify",
  "tls-crypt-v2-max-age",
  "tls-crypt-v2-revoked",
  "ifconfig-pool",
  "ifconfig-pool-persist",
  "client-config-dir",
  "ccd-exclusive",
  "client-to-client",
  "duplicate-cn",
  "connect-freq",
  "username-as-common-name",
  "auth-user-pass-optional",
  "auth-user-pass-verify",
  "auth-gen-token",
  "auth-gen-token-secret",
  "client-crresponse",
  "verify-client-cert",
  "vpn-users",
  "client-connect",
  "vpn-acl",
  "client-disconnect",
  "learn-address",
  ...authorityOptionNames,
  ...portalOptionNames,
  ...monitoringOptionNames,
];

/** Checks and completes a client's draft. */
export function finishClient(draft: Draft, notices: Notice[]): ClientConfig {
  for (const option of serverOnly) {
    const position = draft.positions.get(option);
    if (position) throw new ConfigError(`"${option}" is for servers`, "remove it", position);
  }
  for (const [i, { port, protocol, position }] of draft.locals.entries()) {
    if (i > 0) throw new ConfigError(`a client has one "local"`, "remove one", position);
    if (port === undefined && protocol === undefined) continue;
    throw new ConfigError(
      `"local" takes a port on servers only`,
      `write "lport ${port}"`,
      position,
    );
  }
  const common = commonConfig(draft, notices);
  const connections = clientConnections(draft, notices);
  requireCertificate(
    draft,
    draft.authUserPass === undefined,
    `, or "auth-user-pass" if the server takes passwords alone`,
  );
  warnUnverified(draft, notices);
  return defined({
    role: "client",
    ...common,
    management: managementOptions(draft, "client"),
    network: networkOptions(draft, draft.topology ?? "net30"),
    ping: clientPing(draft),
    connections,
    remoteRandom: draft.remoteRandom ?? false,
    remoteRandomHostname: draft.remoteRandomHostname ?? false,
    resolvRetry: draft.resolvRetry ?? Infinity,
    connectRetryMax: draft.connectRetryMax ?? 0,
    authUserPass: resolveReference(draft, draft.authUserPass),
    authNocache: draft.authNocache ?? false,
    authRetry: draft.authRetry ?? "none",
    staticChallenge: draft.staticChallenge,
    pushPeerInfo: draft.pushPeerInfo ?? false,
    killSwitch: draft.killSwitch,
    routeNopull: draft.routeNopull ?? false,
    allowPullFqdn: draft.allowPullFqdn ?? false,
    pullFilters: draft.pullFilters,
    advertiseExit: clientExit(draft),
    useExit: draft.exit.use,
  });
}

function clientConnections(draft: Draft, notices: Notice[]): Connection[] {
  const { remotes, connectionBlocks } = draft;
  if (connectionBlocks.length > 0 && remotes.length > 0) {
    notices.push(
      notice("warning", 1, remotes[0].position, `"remote" is ignored beside <connection> blocks`),
    );
  }
  const candidates: { block: ConnectionDraft; remote: RemoteDraft }[] = connectionBlocks.length > 0
    ? connectionBlocks.flatMap((block) => block.remote ? [{ block, remote: block.remote }] : [])
    : remotes.map((remote) => ({ block: draft.connection, remote }));
  if (candidates.length === 0) {
    throw new ConfigError(`"remote" is missing: a client needs a server`, `add "remote HOST PORT"`);
  }
  const connections: Connection[] = [];
  for (const { block, remote } of candidates) {
    const connection = clientConnection(draft, block, remote);
    if (draft.protoForce !== undefined && connection.transport !== draft.protoForce) continue;
    connections.push(connection);
  }
  if (connections.length === 0) {
    throw new ConfigError(
      `no remote has the protocol of "proto-force"`,
      "remove it",
      draft.positions.get("proto-force"),
    );
  }
  return connections;
}

function clientConnection(
  draft: Draft,
  block: ConnectionDraft,
  remote: RemoteDraft,
): Connection {
  const protocol = remote.protocol ?? block.protocol ?? { transport: "udp" };
  if (protocol.side === "server") {
    throw new ConfigError(
      `a client can't use "proto tcp-server"`,
      `write "proto tcp-client"`,
      draft.positions.get("proto") ?? remote.position,
    );
  }
  if (block.nobind) {
    if (block.bind) exclude(draft, "nobind", "bind");
    if (block.local !== undefined) exclude(draft, "nobind", "local");
    if (block.localPortGiven) exclude(draft, "nobind", "lport");
  }
  // A client binds only if something asks for it (options_postprocess_mutate_ce()).
  const bind = block.bind || block.local !== undefined || block.localPortGiven;
  const connectRetryWait = block.connectRetry ?? 1;
  return defined({
    host: remote.host,
    port: remote.port ?? block.remotePort ?? defaultPort,
    transport: protocol.transport,
    family: protocol.family,
    local: block.local,
    localPort: bind ? block.localPort ?? defaultPort : undefined,
    float: block.float ?? false,
    connectRetryWait,
    connectRetryMaxWait: Math.max(block.connectRetryMaxWait ?? 300, connectRetryWait),
    connectTimeout: block.connectTimeout ?? 120,
    controlKey: controlKey(draft, block),
    mtu: mtuOptions(block),
    explicitExitNotify: protocol.transport === "udp" ? block.explicitExitNotify ?? 0 : 0,
  });
}

function clientPing(draft: Draft): PingOptions {
  const { keepalive, ping } = draft;
  if (keepalive !== undefined) {
    excludePings(draft);
    return {
      interval: keepalive.interval,
      timeout: keepalive.timeout,
      timeoutAction: "restart",
    };
  }
  return {
    interval: ping.interval ?? 0,
    // PRE_PULL_INITIAL_PING_RESTART of OpenVPN's openvpn.h.
    timeout: ping.timeout ?? 120,
    timeoutAction: ping.timeoutAction ?? "restart",
  };
}

/** `keepalive` beside what it stands for is an error (helper_keepalive()). */
export function excludePings(draft: Draft): void {
  for (const option of ["ping", "ping-restart", "ping-exit"]) {
    if (draft.positions.has(option)) exclude(draft, "keepalive", option);
  }
}

// A client that takes any certificate of the CA takes another client's as the server's.
function warnUnverified(draft: Draft, notices: Notice[]): void {
  const { remoteCertEku, peerFingerprints } = draft.tls;
  if (remoteCertEku ?? peerFingerprints ?? draft.verifyX509Name) return;
  const position = draft.positions.get("ca") ?? draft.positions.get("client");
  if (position === undefined) return;
  notices.push(
    notice(
      "warning",
      1,
      position,
      `any certificate of this CA passes for the server's: add "remote-cert-tls server"`,
    ),
  );
}
