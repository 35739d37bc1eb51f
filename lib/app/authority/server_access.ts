/**
 * How clients reach the server of a state directory, as its configuration says.
 *
 * @module
 */

import { readFileIfThere } from "../../base/atomic_file.ts";
import { VpnError } from "../../base/errors.ts";
import { loadFiles, parseConfigFile, type ServerConfig } from "../../config/mod.ts";
import {
  formatTlsCryptV2ClientKey,
  generateTlsCryptV2ClientKey,
  parseTlsCryptV2ServerKey,
} from "../../crypto/tls_crypt_v2_key.ts";
import type { Authority } from "../../pki/authority.ts";
import type { ProfileControlKey, ProfileRemote } from "../../pki/client_profile.ts";
import type { TunnelOptions } from "../../pki/profile_lines.ts";
import { stateUsers } from "../users/state_users.ts";
import type { Remote } from "./remote.ts";

/** What a profile takes over from the server. */
export interface ServerAccess extends Pick<TunnelOptions, "dataCiphers" | "auth"> {
  /** In the order that they are to be tried; at least one. */
  readonly remotes: readonly ProfileRemote[];
  /** With a key of the client's own where the server has `tls-crypt-v2`. */
  readonly controlKey: ProfileControlKey | undefined;
  /** The server gives resolvers, or takes all traffic. */
  readonly resolvers: boolean;
  /** The server asks for a user name and a password. */
  readonly password: boolean;
}

/**
 * Reads `server.conf` of the state directory, or what `vpn pki settings` says where there is none.
 *
 * @param remote In place of the address that is remembered.
 * @throws {VpnError} when nobody knows the server's address.
 */
export async function serverAccess(
  authority: Authority,
  remote: Remote | undefined,
): Promise<ServerAccess> {
  const host = remote?.host ?? await authority.index.setting("remote");
  if (host === undefined) {
    throw new VpnError(
      "the address of the server is not known",
      "give it with --remote HOST, or for all profiles with vpn pki settings --remote HOST",
    );
  }
  const { serverConfiguration, tlsAuthKey } = authority.files;
  if (await readFileIfThere(serverConfiguration) !== undefined) {
    const access = fromConfiguration(serverConfiguration, { host, port: remote?.port });
    const users = await stateUsers(authority.directory);
    return { ...access, password: access.password || users !== undefined };
  }
  const port = remote?.port ?? Number(await authority.index.setting("port") ?? 1194);
  const proto = await authority.index.setting("proto") ?? "udp";
  const key = await readFileIfThere(tlsAuthKey);
  return {
    remotes: [{ host, port, proto }],
    controlKey: key === undefined ? undefined : { kind: "tls-auth", text: key },
    resolvers: false,
    password: false,
  };
}

function fromConfiguration(path: string, remote: Remote): ServerAccess {
  const { config } = parseConfigFile(path);
  if (config.role !== "server") throw new VpnError(`${path} is no server's configuration`);
  const remotes: ProfileRemote[] = [];
  for (const { port, transport } of config.listen) {
    const place = { host: remote.host, port: remote.port ?? port, proto: transport };
    const known = remotes.some((other) => other.port === place.port && other.proto === transport);
    if (!known) remotes.push(place);
  }
  return {
    remotes,
    dataCiphers: config.data.ciphers,
    auth: config.data.auth,
    controlKey: controlKeyOf(config),
    password: asksForPassword(config),
    resolvers: config.push.some((line) =>
      /^(redirect-gateway|dhcp-option\s+DNS6?|dns\s+server)\b/.test(line)
    ),
  };
}

function asksForPassword({ login }: ServerConfig): boolean {
  return (login.users !== undefined || login.verify !== undefined) && !login.optional;
}

function controlKeyOf(config: ServerConfig): ProfileControlKey | undefined {
  const { controlKey } = config;
  if (controlKey === undefined) return undefined;
  const text = loadFiles(config).text(controlKey.key);
  if (controlKey.kind !== "tls-crypt-v2") {
    const { kind, direction } = controlKey;
    return { kind, text, bidirectional: direction === undefined };
  }
  const serverKey = parseTlsCryptV2ServerKey(text);
  return {
    kind: "tls-crypt-v2",
    text: formatTlsCryptV2ClientKey(generateTlsCryptV2ClientKey(serverKey)),
  };
}
