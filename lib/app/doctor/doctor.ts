/**
 * `vpn doctor`: looks at what commonly goes wrong, in the order in which it would. It reads and
 * changes nothing.
 *
 * @module
 */

import { errorLine } from "../../base/errors.ts";
import type { ClientConfig, Config, LoadedFiles, ServerConfig } from "../../config/mod.ts";
import { inspectFiles } from "../../config/mod.ts";
import { checkAddresses, localNetworks } from "../../doctor/addresses.ts";
import {
  type CertificateInput,
  checkCertificates,
  checkClock,
  checkFiles,
  checkRevocationList,
} from "../../doctor/certificates.ts";
import { Check, type Finding, shellWord } from "../../doctor/finding.ts";
import {
  checkForwarded,
  checkIncoming,
  checkOutgoing,
  checkTranslation,
} from "../../doctor/firewall/firewall.ts";
import { machineRuleset } from "../../doctor/firewall/ruleset.ts";
import {
  checkForwarding,
  checkIpv6,
  familiesOf,
  isGateway,
  sendsOn,
} from "../../doctor/forwarding.ts";
import { checkKillSwitch, checkLeftovers } from "../../doctor/leftovers.ts";
import { checkPort } from "../../doctor/listeners.ts";
import { checkPathMtu } from "../../doctor/path_mtu.ts";
import { checkPrivileges, checkTunDevice } from "../../doctor/privileges.ts";
import { checkAnswer, checkRoute, findServers } from "../../doctor/server_reach.ts";
import { outwardRoute } from "../../net/outward_route.ts";
import { Netlink } from "deno-tun";
import { serverProbe } from "./server_probe.ts";

const configuration = new Check("configuration");

/** What is looked at. */
export interface Examined {
  /** Absent: there is none, and only the machine is looked at. */
  readonly config?: Config;
  /** Why there is none, where there should be. */
  readonly configError?: unknown;
  /** Path of the configuration file. */
  readonly path?: string;
  /** The state directory, where it has that file. */
  readonly state?: string;
}

/** All findings, in order. */
export async function examine(examined: Examined): Promise<Finding[]> {
  const { config, configError, path } = examined;
  const findings: Finding[] = [
    checkTunDevice(),
    checkPrivileges(shellWord(Deno.execPath())),
    checkKillSwitch(),
    checkLeftovers(startCommand(examined)),
  ];
  if (configError !== undefined) {
    findings.push(configuration.problem(errorLine(configError), mendConfiguration(examined)));
  }
  if (config === undefined) return findings;
  const loaded = inspectFiles(config);
  findings.push(configuration.ok(path ?? "read"), ...checkFiles({ loaded }));
  findings.push(...checkKeys({ config, loaded, now: Date.now(), state: examined.state }, path));
  findings.push(...checkIpv6(config.network.ifconfigIpv6 !== undefined));
  findings.push(
    ...config.role === "server"
      ? await examineServer(config, examined)
      : await examineClient(config, loaded, examined),
  );
  return findings;
}

/** A state directory is completed by the server; anything else needs a hand. */
function mendConfiguration(examined: Examined): string | undefined {
  const { path, state } = examined;
  if (path === undefined) return undefined;
  try {
    Deno.statSync(path);
    return `\${EDITOR:-vi} ${shellWord(path)}`;
  } catch {
    return state === undefined ? undefined : startCommand(examined);
  }
}

function checkKeys(input: CertificateInput, path: string | undefined): Finding[] {
  const written = path === undefined ? [] : [Deno.statSync(path).mtime?.getTime() ?? 0];
  return [checkClock(input, written), ...checkCertificates(input), ...checkRevocationList(input)];
}

async function examineServer(config: ServerConfig, examined: Examined): Promise<Finding[]> {
  const ruleset = await machineRuleset();
  const outward = outwardDevice();
  const findings: Finding[] = [];
  for (const listen of config.listen) {
    findings.push(checkPort(listen), checkIncoming(ruleset, listen, outward));
  }
  findings.push(checkAddresses(config, localNetworks(), startCommand(examined)));
  const exit = config.exit?.server ?? false;
  findings.push(checkForwarding(config, exit));
  if (!sendsOn(config) && !exit) return findings;
  const { name } = config.device;
  // The next free one is the first on a machine without others.
  const tunnel = name === "tun" ? "tun0" : name;
  findings.push(checkForwarded(ruleset, tunnel, outward, familiesOf(config)));
  if (isGateway(config) && !exit && config.network.ifconfig !== undefined) {
    findings.push(checkTranslation(ruleset, ownNetwork(config)));
  }
  return findings;
}

async function examineClient(
  config: ClientConfig,
  loaded: LoadedFiles,
  examined: Examined,
): Promise<Finding[]> {
  const start = startCommand(examined);
  const { servers, findings } = await findServers(config.connections);
  findings.push(checkAddresses(config, localNetworks(), start));
  const ruleset = servers.length === 0 ? undefined : await machineRuleset();
  const probe = serverProbe(config, loaded);
  const seen = new Set<string>();
  for (const server of servers) {
    const { connection, address } = server;
    const { transport, port } = connection;
    const key = `${address} ${transport} ${port}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const { finding, device } = checkRoute(address);
    findings.push(finding);
    if (finding.status === "problem") continue;
    const family = address.includes(":") ? 6 : 4;
    findings.push(checkOutgoing(ruleset, { transport, port, family, device }));
    if (loaded.missing.length > 0) continue;
    const answers = await checkAnswer(server, probe);
    findings.push(...answers);
    if (answers.some(({ status }) => status === "ok")) {
      findings.push(await checkPathMtu(address, connection, start));
    }
  }
  return findings;
}

/** What starts the server or client that is looked at. */
function startCommand({ config, path, state }: Examined): string {
  if (config?.role === "client") return `vpn connect ${shellWord(path ?? "client.ovpn")}`;
  if (state !== undefined) return `vpn serve --state ${shellWord(state)}`;
  return path === undefined ? "vpn serve" : `vpn serve --config ${shellWord(path)}`;
}

/** The interface by which packets to the Internet leave. */
function outwardDevice(): string | undefined {
  const netlink = Netlink.open();
  try {
    const route = outwardRoute(netlink, "0.0.0.0", () => false);
    return route?.interfaceIndex && netlink.link(route.interfaceIndex)?.name || undefined;
  } finally {
    netlink.close();
  }
}

/** The server's IPv4 network as `10.8.0.0/24`. */
function ownNetwork({ network }: ServerConfig): string {
  const { local, remoteOrNetmask } = network.ifconfig!;
  const mask = remoteOrNetmask.split(".").map(Number);
  const first = local.split(".").map((byte, i) => Number(byte) & mask[i]).join(".");
  const length = mask.reduce((sum, byte) => sum + byte.toString(2).replaceAll("0", "").length, 0);
  return `${first}/${length}`;
}
