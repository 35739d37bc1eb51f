/**
 * OpenVPN's own reading of a configuration (the "Current Parameter Settings" that it prints at
 * verb 4), and ours under the same names.
 *
 * @module
 */

import type { ClientConfig, Config, MtuOptions, ServerConfig } from "../../../lib/config/mod.ts";
import { tryRun } from "../../harness/command.ts";

/** Values by name; a name that OpenVPN prints several times has its values joined by ` | `. */
export type Settings = Record<string, string>;

/** Lets OpenVPN read a configuration in a directory where the named files exist. */
export async function openvpnSettings(
  lines: readonly string[],
  files: readonly string[],
): Promise<Settings> {
  const directory = await Deno.makeTempDir();
  try {
    for (const file of files) {
      await Deno.writeTextFile(`${directory}/${file}`, "x", { mode: 0o600 });
    }
    await Deno.writeTextFile(`${directory}/test.conf`, [...lines, "verb 4", ""].join("\n"));
    const result = await tryRun(["openvpn", "--config", "test.conf", "--suppress-timestamps"], {
      cwd: directory,
    });
    const settings: Settings = {};
    for (const line of result.stdout.split("\n")) {
      const setting = /^ {2}(\S+) = (.*)$/.exec(line);
      if (!setting) continue;
      const value = setting[2].replace(/^'(.*)'$/, "$1");
      settings[setting[1]] = setting[1] in settings ? `${settings[setting[1]]} | ${value}` : value;
    }
    settings.mssfix_counts = mssfixCounts(settings);
    if (settings.mode === undefined) throw new Error(result.stdout + result.stderr);
    return settings;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

// Where the limit is fixed, what it would include doesn't matter.
function mssfixCounts(settings: Settings): string {
  const encap = (settings.mssfix_encap ?? "").split(" | ");
  const fixed = (settings.mssfix_fixed ?? "").split(" | ");
  return fixed.map((value, i) => {
    if (value === "ENABLED") return "fixed";
    return encap[i] === "ENABLED" ? "mtu" : "payload";
  }).join(" | ");
}

const onOff = (value: boolean) => value ? "ENABLED" : "DISABLED";
const optional = (value: string | number | undefined) =>
  value === undefined ? "[UNDEF]" : `${value}`;

/** Our reading, under OpenVPN's names. */
export function ourSettings(config: Config): Settings {
  const { tls, data, ping, network, log } = config;
  return {
    dev: config.device.name,
    persist_tun: onOff(config.device.persist),
    tls_timeout: `${tls.timeout}`,
    renegotiate_seconds: `${tls.renegSec}`,
    renegotiate_bytes: `${tls.renegBytes ?? -1}`,
    renegotiate_packets: `${tls.renegPkts}`,
    handshake_window: `${tls.handWindow}`,
    transition_window: `${tls.tranWindow}`,
    single_session: onOff(tls.singleSession),
    tls_exit: onOff(tls.exitOnFailure),
    verify_x509_name: optional(tls.verifyX509Name?.name),
    authname: data.auth,
    replay_window: `${data.replayWindow}`,
    replay_time: `${data.replayTime}`,
    ping_send_timeout: `${ping.interval}`,
    rcvbuf: `${config.socket.receiveBuffer ?? 0}`,
    sndbuf: `${config.socket.sendBuffer ?? 0}`,
    mark: `${config.socket.mark ?? 0}`,
    route_default_metric: `${network.routeMetric ?? 0}`,
    route_delay: `${network.routeDelay ?? 0}`,
    status_file_version: `${log.statusVersion}`,
    ...(config.role === "client" ? clientSettings(config) : serverSettings(config)),
  };
}

function clientSettings(config: ClientConfig): Settings {
  const each = (value: (connection: ClientConfig["connections"][number]) => string) =>
    config.connections.map(value).join(" | ");
  return {
    mode: "0",
    ping_rec_timeout: `${config.ping.timeout}`,
    remote: each((c) => c.host),
    remote_port: each((c) => `${c.port}`),
    proto: each((c) => `${c.transport}${c.family ?? ""}`),
    local: each((c) => optional(c.local)),
    local_port: each((c) => optional(c.localPort)),
    bind_local: each((c) => onOff(c.localPort !== undefined)),
    remote_float: each((c) => onOff(c.float)),
    connect_retry_seconds: each((c) => `${c.connectRetryWait}`),
    connect_timeout: each((c) => `${c.connectTimeout}`),
    explicit_exit_notification: each((c) => `${c.explicitExitNotify}`),
    ...mtuSettings(config.connections.map((c) => c.mtu)),
    remote_random: onOff(config.remoteRandom),
    connect_retry_max: `${config.connectRetryMax}`,
    resolve_retry_seconds: config.resolvRetry === Infinity ? "1000000000" : `${config.resolvRetry}`,
    push_peer_info: onOff(config.pushPeerInfo),
    route_nopull: onOff(config.routeNopull),
    allow_pull_fqdn: onOff(config.allowPullFqdn),
  };
}

function serverSettings(config: ServerConfig): Settings {
  const { network, pool } = config;
  const [listen] = config.listen;
  return {
    mode: "1",
    topology: "3",
    ping_rec_timeout: `${config.ping.timeout}`,
    ifconfig_local: optional(network.ifconfig?.local),
    ifconfig_remote_netmask: optional(network.ifconfig?.remoteOrNetmask),
    route_default_gateway: optional(network.routeGateway),
    ifconfig_pool_defined: onOff(pool !== undefined),
    ifconfig_pool_start: pool?.start ?? "0.0.0.0",
    ifconfig_pool_end: pool?.end ?? "0.0.0.0",
    push_entry: config.push.join(" | "),
    max_clients: `${config.maxClients}`,
    duplicate_cn: onOff(config.duplicateCn),
    enable_c2c: onOff(config.clientToClient),
    local: optional(listen.local),
    local_port: `${listen.port}`,
    proto: `${listen.transport}${listen.family ?? ""}`,
    bind_ipv6_only: onOff(listen.ipv6Only),
    explicit_exit_notification: `${config.explicitExitNotify}`,
    ...mtuSettings([config.mtu]),
  };
}

function mtuSettings(list: readonly MtuOptions[]): Settings {
  return {
    tun_mtu: list.map((mtu) => `${mtu.tunMtu}`).join(" | "),
    mssfix: list.map((mtu) => `${mtu.mssfix}`).join(" | "),
    mssfix_counts: list.map((mtu) => mtu.mssfixCounts).join(" | "),
  };
}
