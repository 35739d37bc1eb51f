/**
 * An OpenVPN-compatible VPN as a library: configurations, certificates, servers and clients.
 *
 * ```ts
 * import { loadFiles, openLog, parseConfigFile, startTunnel } from "@vpn/vpn";
 *
 * const { config } = parseConfigFile("client.ovpn");
 * const tunnel = await startTunnel(config, loadFiles(config), openLog(3));
 * console.log((await tunnel.ended).reason);
 * ```
 *
 * TUN devices by themselves are in `@vpn/vpn/tun` (deno-tun).
 *
 * @module
 */

export { PrivilegeError, VpnError } from "./lib/base/errors.ts";
export {
  fileSink,
  type Log,
  type LogEntry,
  type LogSink,
  openLog,
  standardOutputSink,
} from "./lib/base/log.ts";
export * from "./lib/config/mod.ts";
export * from "./lib/pki/mod.ts";
export { startTunnel, type Tunnel, type TunnelEnd } from "./lib/app/start.ts";
