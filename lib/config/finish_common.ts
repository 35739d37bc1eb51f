/**
 * What both roles' configurations have in common: defaults, paths, exclusions.
 *
 * @module
 */

import type {
  CommonConfig,
  DataChannelOptions,
  FileReference,
  LogOptions,
  MtuOptions,
  NetworkOptions,
  Notice,
  ProcessOptions,
  SocketOptions,
  TlsOptions,
  Topology,
} from "./config.ts";
import { type ConnectionDraft, dnsOptions, type Draft } from "./draft.ts";
import { ConfigError } from "./errors.ts";
import { scriptOptions } from "./finish_scripts.ts";
import { notice } from "./option.ts";
import { defaultDataCiphers } from "./options/data_channel.ts";

/** Ends with an error because two options contradict each other. */
export function exclude(draft: Draft, one: string, other: string): never {
  const position = draft.positions.get(other) ?? draft.positions.get(one);
  throw new ConfigError(`"${one}" and "${other}" exclude each other`, "remove one", position);
}

/** What both roles have, except for network and pings. */
export function commonConfig(
  draft: Draft,
  notices: Notice[],
): Omit<CommonConfig, "network" | "ping"> {
  return {
    device: deviceOptions(draft),
    tls: tlsOptions(draft),
    data: dataChannelOptions(draft, notices),
    ...(draft.inactive !== undefined && { inactive: draft.inactive }),
    socket: socketOptions(draft),
    log: logOptions(draft),
    process: processOptions(draft),
    scripts: scriptOptions(draft),
    sessionTimeout: draft.sessionTimeout ?? 0,
  };
}

function deviceOptions(draft: Draft): CommonConfig["device"] {
  const { device } = draft;
  if (device === undefined) {
    throw new ConfigError(`"dev" is missing`, `add "dev tun"`);
  }
  if (!device.startsWith("tun") && draft.deviceType === undefined) {
    throw new ConfigError(
      `"dev ${device}" doesn't say which kind of device that is`,
      `add "dev-type tun"`,
      draft.positions.get("dev"),
    );
  }
  return { name: device, persist: draft.persistTun ?? false };
}

// Defaults: init_options() in OpenVPN's options.c.
function tlsOptions(draft: Draft): TlsOptions {
  const { tls } = draft;
  const versionMin = tls.versionMin ?? "1.2";
  const versionMax = tls.versionMax ?? "1.3";
  if (versionMin > versionMax) {
    throw new ConfigError(
      `"tls-version-min ${versionMin}" is above "tls-version-max ${versionMax}"`,
      "swap them",
      draft.positions.get("tls-version-max"),
    );
  }
  const file = (reference: FileReference | undefined) => resolveReference(draft, reference);
  if (tls.pkcs12 !== undefined) {
    for (const option of ["cert", "key"]) {
      if (draft.positions.has(option)) exclude(draft, "pkcs12", option);
    }
  } else if ((tls.ca ?? tls.caPath ?? tls.peerFingerprints) === undefined) {
    throw new ConfigError(`"ca" is missing, so nobody could be trusted`, `add "ca FILE"`);
  }
  return defined({
    ca: file(tls.ca),
    caPath: tls.caPath && resolvePath(draft, tls.caPath),
    cert: file(tls.cert),
    key: file(tls.key),
    pkcs12: file(tls.pkcs12),
    askpass: resolveReference(draft, tls.askpass),
    extraCerts: file(tls.extraCerts),
    crlVerify: file(tls.crlVerify),
    exportDirectory: tls.exportDirectory && resolvePath(draft, tls.exportDirectory),
    crlUrl: tls.crlUrl,
    ocsp: tls.ocsp,
    crlDirectory: tls.crlDirectory && resolvePath(draft, tls.crlDirectory),
    issuerHashes: tls.issuerHashes ?? [],
    certProfile: tls.certProfile ?? "legacy",
    peerFingerprints: tls.peerFingerprints ?? [],
    verifyX509Name: draft.verifyX509Name,
    remoteCertKu: tls.remoteCertKu,
    remoteCertEku: tls.remoteCertEku,
    versionMin,
    versionMax,
    cipherList: tls.cipherList,
    cipherSuites: tls.cipherSuites,
    groups: tls.groups,
    timeout: tls.timeout ?? 2,
    handWindow: tls.handWindow ?? 60,
    tranWindow: tls.tranWindow ?? 3600,
    renegSec: tls.renegSec ?? 3600,
    renegSecMin: tls.renegSecMin,
    renegBytes: tls.renegBytes,
    renegPkts: tls.renegPkts ?? 0,
    singleSession: tls.singleSession ?? false,
    exitOnFailure: tls.exitOnFailure ?? false,
  });
}

/** `cert` and `key`, for a role that may not be without. */
export function requireCertificate(draft: Draft, needed: boolean, alternative: string): void {
  if (draft.tls.pkcs12 !== undefined) return;
  const { cert, key } = draft.tls;
  if ((cert === undefined) !== (key === undefined)) {
    const [there, missing] = cert === undefined ? ["key", "cert"] : ["cert", "key"];
    throw new ConfigError(
      `"${there}" without "${missing}"`,
      `add "${missing} FILE"`,
      draft.positions.get(there),
    );
  }
  if (cert === undefined && needed) {
    throw new ConfigError(`"cert" and "key" are missing`, `add them${alternative}`);
  }
}

function dataChannelOptions(draft: Draft, notices: Notice[]): DataChannelOptions {
  const { cipher, dataCiphers } = draft;
  const ciphers = new Set<string>(dataCiphers ?? defaultDataCiphers);
  let fallbackCipher = draft.fallbackCipher;
  if (cipher !== undefined) {
    if (dataCiphers === undefined) {
      // As OpenVPN 2.5: the only cipher that the user named is offered, last, and stands for peers
      // that don't negotiate.
      ciphers.add(cipher);
      fallbackCipher ??= cipher;
    } else if (!ciphers.has(cipher) && fallbackCipher === undefined) {
      const position = draft.positions.get("cipher");
      if (position) {
        notices.push(
          notice("info", 1, position, `"cipher ${cipher}" has no effect, "data-ciphers" counts`),
        );
      }
    }
  }
  return defined({
    ciphers: [...ciphers],
    fallbackCipher,
    cipher,
    auth: draft.auth ?? "SHA1",
    replayWindow: draft.replayWindow ?? 64,
    replayTime: draft.replayTime ?? 15,
    framing: draft.framing ?? "none",
  });
}

function socketOptions(draft: Draft): SocketOptions {
  return defined({
    receiveBuffer: draft.receiveBuffer,
    sendBuffer: draft.sendBuffer,
    mark: draft.mark,
    device: draft.bindDevice,
  });
}

function logOptions(draft: Draft): LogOptions {
  const { file, status } = draft.log;
  return defined({
    verb: draft.log.verb ?? 1,
    file: file && { ...file, path: resolvePath(draft, file.path) },
    status: status && { ...status, path: resolvePath(draft, status.path) },
    statusVersion: draft.log.statusVersion ?? 1,
    timestamps: draft.log.timestamps ?? true,
    syslog: draft.log.syslog,
    format: draft.log.format ?? "text",
    mute: draft.log.mute ?? 0,
  });
}

function processOptions(draft: Draft): ProcessOptions {
  const { process } = draft;
  const path = (text: string | undefined) =>
    text === undefined ? undefined : resolvePath(draft, text);
  return defined({
    directory: process.directory,
    daemon: process.daemon ?? false,
    downPre: process.downPre ?? false,
    nice: process.nice,
    remapUsr1: process.remapUsr1,
    writepid: path(process.writepid),
    user: process.user,
    group: process.group,
    state: path(process.state),
    engine: process.engine ?? "auto",
    offload: process.offload ?? true,
    scriptSecurity: process.scriptSecurity ?? 1,
    temporaryDirectory: path(process.temporaryDirectory),
    environment: draft.environment,
  });
}

/** Addresses and routes of our end. */
export function networkOptions(draft: Draft, topology: Topology): NetworkOptions {
  return { ...draftedNetwork(draft), topology, routeNoexec: draft.routeNoexec ?? false };
}

/** The same as far as a server may push it. */
export function draftedNetwork(draft: Draft): Omit<NetworkOptions, "topology" | "routeNoexec"> {
  return defined({
    ifconfig: draft.ifconfig,
    ifconfigIpv6: draft.ifconfigIpv6,
    routes: draft.routes,
    routesIpv6: draft.routesIpv6,
    routeGateway: draft.routeGateway,
    routeMetric: draft.routeMetric,
    redirectGateway: draft.redirectGateway,
    routeDelay: draft.routeDelay,
    blockIpv6: draft.blockIpv6 ?? false,
    ifconfigNoexec: draft.ifconfigNoexec ?? false,
    dhcpOptions: draft.dhcpOptions,
    dns: dnsOptions(draft),
  });
}

/** Packet sizes, with the defaults of `options_postprocess_mutate_ce`. */
export function mtuOptions(connection: ConnectionDraft): MtuOptions {
  const tunMtu = connection.tunMtu ?? 1500;
  const { mssfix = "default", mssfixCounts = "payload" } = connection;
  const mtu = {
    tunMtu,
    tunMtuGiven: connection.tunMtu !== undefined,
    ...(connection.mtuDiscover !== undefined && { mtuDiscover: connection.mtuDiscover }),
  };
  if (mssfix !== "default") return { ...mtu, mssfix, mssfixCounts };
  // MSSFIX_DEFAULT of mtu.h; with another MTU only what the device itself asks for.
  if (tunMtu === 1500) return { ...mtu, mssfix: 1492, mssfixCounts: "mtu" };
  return { ...mtu, mssfix: tunMtu, mssfixCounts: "fixed" };
}

/** A path that `cd` applies to. */
export function resolvePath(draft: Draft, path: string): string {
  const { directory } = draft.process;
  return directory === undefined || path.startsWith("/") ? path : `${directory}/${path}`;
}

/** The same for a file that an option names. */
export function resolveReference<T extends FileReference | { source: "prompt" }>(
  draft: Draft,
  reference: T | undefined,
): T | undefined {
  if (reference?.source !== "file") return reference;
  return { ...reference, path: resolvePath(draft, reference.path) };
}

/** The object without properties that are undefined, so that `in` and spreading tell the truth. */
export function defined<T extends object>(object: T): T {
  for (const key of Object.keys(object) as (keyof T)[]) {
    if (object[key] === undefined) delete object[key];
  }
  return object;
}
