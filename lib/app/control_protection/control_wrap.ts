/**
 * The wrapping of the control channel's packets, from a configuration.
 *
 * @module
 */

import type { Log } from "../../base/log.ts";
import type { ControlChannelKey, LoadedFiles, ServerConfig } from "../../config/mod.ts";
import type { DataChannelOptions } from "../../config/config.ts";
import { type ControlWrap, NoWrap } from "../../crypto/control_wrap.ts";
import { parseStaticKey } from "../../crypto/static_key.ts";
import { TlsAuth } from "../../crypto/tls_auth.ts";
import { TlsCrypt } from "../../crypto/tls_crypt.ts";
import { TlsCryptV2Client, TlsCryptV2Server } from "../../crypto/tls_crypt_v2.ts";
import {
  parseTlsCryptV2ClientKey,
  parseTlsCryptV2ServerKey,
} from "../../crypto/tls_crypt_v2_key.ts";
import { ClientKeyPolicy } from "./client_key_policy.ts";

/**
 * A client's wrapping.
 *
 * @throws {VpnError} when the file isn't such a key.
 */
export function clientControlWrap(
  key: ControlChannelKey | undefined,
  files: LoadedFiles,
  data: DataChannelOptions,
): ControlWrap {
  if (key?.kind !== "tls-crypt-v2") return sharedKeyWrap(key, "client", files, data);
  return new TlsCryptV2Client(parseTlsCryptV2ClientKey(files.text(key.key)), replayOptions(data));
}

/** A server's wrapping, and what decides about clients' own keys. */
export interface ServerControlWrap {
  readonly wrap: ControlWrap;
  /** tls-crypt-v2 only. */
  readonly clientKeys?: ClientKeyPolicy;
}

/**
 * A server's wrapping.
 *
 * @throws {VpnError} when a file isn't such a key, or not a list of revoked ones.
 */
export function serverControlWrap(
  config: Pick<ServerConfig, "controlKey" | "groupControlKey" | "tlsCryptV2" | "data">,
  files: LoadedFiles,
  log: Log,
): ServerControlWrap {
  const { controlKey, groupControlKey, tlsCryptV2, data } = config;
  if (controlKey?.kind !== "tls-crypt-v2") {
    return { wrap: sharedKeyWrap(controlKey, "server", files, data) };
  }
  const clientKeys = new ClientKeyPolicy(tlsCryptV2, log);
  const wrap = new TlsCryptV2Server({
    key: parseTlsCryptV2ServerKey(files.text(controlKey.key)),
    groupWrap: groupControlKey && sharedKeyWrap(groupControlKey, "server", files, data),
    accepts: (key) => clientKeys.accepts(key),
    ...replayOptions(data),
  });
  return { wrap, clientKeys };
}

function sharedKeyWrap(
  key: ControlChannelKey | undefined,
  role: "client" | "server",
  files: LoadedFiles,
  data: DataChannelOptions,
): ControlWrap {
  if (key === undefined) return new NoWrap();
  const parsed = parseStaticKey(files.text(key.key));
  const replay = replayOptions(data);
  return key.kind === "tls-crypt"
    ? new TlsCrypt({ key: parsed, role, ...replay })
    : new TlsAuth({ key: parsed, direction: key.direction, digest: data.auth, ...replay });
}

function replayOptions({ replayWindow, replayTime }: DataChannelOptions) {
  return { replayWindow, replayTime: replayTime * 1000 };
}
