/**
 * `vpn serve`. Without a configuration it takes its state directory, which the first start makes.
 *
 * @module
 */

import { join, resolve } from "node:path";
import { Netlink } from "deno-tun";
import { VpnError } from "../../base/errors.ts";
import { generateStaticKey } from "../../crypto/static_key.ts";
import { openStateDirectory } from "../../pki/state_directory.ts";
import { defaultStateDirectory } from "../../pki/state_files.ts";
import { passphraseSource } from "../authority/passphrase.ts";
import { resolversForClients } from "../exit/resolvers.ts";
import { uniqueLocalNetwork } from "../exit/unique_local.ts";
import { runProgram } from "../program.ts";
import { parseForRole } from "./command_line.ts";

/** What `vpn serve` was given. */
export interface ServeArguments {
  /** `--state DIR`. */
  readonly state?: string;
  /** `--config FILE`. */
  readonly config?: string;
  /** `--public-address HOST`: what goes into the first client's profile. */
  readonly publicAddress?: string;
  /** `--exit`: the server is an exit node. */
  readonly exit?: boolean;
  /** `--out DEVICE`: by which that traffic leaves. */
  readonly out?: string;
  /** `--http [HOST:]PORT`: the authority answers there. */
  readonly http?: string;
  /** `--https [HOST:]PORT`. */
  readonly https?: string;
  /** `--metrics [HOST:]PORT`. */
  readonly metrics?: string;
  /** Further options of OpenVPN's, as `--verb 4`. */
  readonly options: readonly string[];
}

/** Runs the server; the exit code. */
export async function serve(given: ServeArguments): Promise<number> {
  const args = withOwnOptions(given);
  const config = args.config ?? await preparedConfiguration(args);
  const path = args.state ?? (args.config === undefined ? defaultStateDirectory : undefined);
  // Absolute: the configuration may change the working directory.
  const state = path === undefined ? [] : ["--state", resolve(path)];
  const argv = [
    ...["--config", config],
    ...state,
    ...exitOptions(args),
    ...args.http === undefined ? [] : ["--http", args.http],
    ...args.https === undefined ? [] : ["--https", args.https],
    ...args.metrics === undefined ? [] : ["--metrics", args.metrics],
    ...args.options,
  ];
  return await runProgram(() => parseForRole(argv, "server"));
}

function exitOptions({ exit, out }: ServeArguments): string[] {
  if (out !== undefined && !exit) throw new VpnError("--out without --exit", "add --exit");
  return [...exit ? ["--exit-node"] : [], ...out === undefined ? [] : ["--exit-out", out]];
}

const ownOptions = ["--config", "--state", "--public-address", "--out"];

/** Takes our own options from among OpenVPN's, behind which they may stand as well. */
function withOwnOptions(args: ServeArguments): ServeArguments {
  const options: string[] = [];
  const own = new Map<string, string>();
  let exit = args.exit ?? false;
  for (let i = 0; i < args.options.length; i++) {
    const option = args.options[i];
    if (option === "--exit") exit = true;
    else if (!ownOptions.includes(option)) options.push(option);
    else if (i + 1 < args.options.length) own.set(option, args.options[++i]);
    else throw new VpnError(`${option} has no value`);
  }
  return {
    config: args.config ?? own.get("--config"),
    state: args.state ?? own.get("--state"),
    publicAddress: args.publicAddress ?? own.get("--public-address"),
    exit,
    out: args.out ?? own.get("--out"),
    http: args.http,
    https: args.https,
    metrics: args.metrics,
    options,
  };
}

async function preparedConfiguration(args: ServeArguments): Promise<string> {
  const path = args.state ?? defaultStateDirectory;
  const address = args.publicAddress ?? addressForClients();
  const state = await openStateDirectory(path, {
    createIfMissing: true,
    tlsAuthKey: generateStaticKey,
    remote: address,
    passphrase: passphraseSource(passphraseFile(args.options)),
    exit: args.exit
      ? { resolvers: resolversForClients(), networkIpv6: uniqueLocalNetwork() }
      : undefined,
  });
  for (const notice of state.notices) say(notice);
  for (const line of state.created ? firstStart(path, address) : laterStart(path)) say(line);
  return state.files.serverConfiguration;
}

/** `--ca-passphrase-file` among OpenVPN's options: a first start issues certificates. */
function passphraseFile(options: readonly string[]): string | undefined {
  const at = options.lastIndexOf("--ca-passphrase-file");
  return at < 0 ? undefined : options[at + 1];
}

function firstStart(path: string, address: string): string[] {
  const shown = (file: string) => join(path, file);
  return [
    `First start: ${shown("")} now holds the certification authority and all keys of this server.`,
    "",
    `  ${shown("client.ovpn")}   the first client's profile; it is a secret, for one device`,
    `  ${shown("server.conf")}   this server's configuration; edit it and start again`,
    `  ${shown("ca.key")}        the authority's key; keep a copy of the directory in a safe place`,
    "",
    `Clients connect to ${address}, UDP port 1194: let it through your firewall.`,
    "If that is not the address by which clients reach this machine, change the line remote in",
    `${shown("client.ovpn")}, or remove ${path} and start with --public-address HOST.`,
    "",
    "Next: copy client.ovpn to the other machine and run there, as root,",
    "  vpn connect client.ovpn",
    "or open it in any OpenVPN client. This server is then 10.8.0.1 in the tunnel.",
  ];
}

function laterStart(path: string): string[] {
  return [`Using the keys and the configuration in ${path}.`];
}

/** The address that this machine uses towards the Internet; no packet is sent to find it. */
function addressForClients(): string {
  const netlink = Netlink.open();
  try {
    // Any public address will do: the kernel only looks up its routes (RFC 5737's would not be
    // routed everywhere).
    for (const somewhere of ["1.1.1.1", "2606:4700:4700::1111"]) {
      const address = netlink.getRoute(somewhere)?.preferredSource;
      if (address !== undefined) return address;
    }
  } finally {
    netlink.close();
  }
  const outward = Deno.networkInterfaces()
    .find(({ name, family }) => name !== "lo" && family === "IPv4");
  return outward?.address ?? "127.0.0.1";
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
