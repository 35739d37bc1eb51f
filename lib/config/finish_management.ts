/**
 * The management interface's options: defaults, and what they can't be combined with.
 *
 * @module
 */

import type { ManagementOptions } from "./config.ts";
import type { Draft } from "./draft.ts";
import { ConfigError } from "./errors.ts";
import { defined, resolvePath } from "./finish_common.ts";

/** Lines that are kept of the log without `management-log-cache`. */
const defaultLogCache = 250;

/** Of one role only. */
const clientOnly = ["management-query-passwords", "management-query-remote"];
const serverOnly = ["management-client-auth"];

/** Checks and completes them; undefined without `management`. */
export function managementOptions(
  draft: Draft,
  role: "client" | "server",
): ManagementOptions | undefined {
  const { management } = draft;
  const given = [...draft.positions.keys()].filter((name) => name.startsWith("management"));
  if (management.address === undefined) {
    if (given.length === 0) return undefined;
    throw new ConfigError(
      `"${given[0]}" without "management"`,
      `add "management ADDRESS PORT"`,
      draft.positions.get(given[0]),
    );
  }
  const wrong = (role === "server" ? clientOnly : serverOnly).find((name) => given.includes(name));
  if (wrong !== undefined) {
    throw new ConfigError(
      `"${wrong}" is for ${role === "server" ? "clients" : "servers"}`,
      "remove it",
      draft.positions.get(wrong),
    );
  }
  const { address, user, group } = management;
  if (address.kind === "tcp" && (user !== undefined || group !== undefined)) {
    const name = user !== undefined ? "management-client-user" : "management-client-group";
    throw new ConfigError(
      `"${name}" is for a unix socket: over TCP nobody knows whose program it is`,
      `write "management PATH unix"`,
      draft.positions.get(name),
    );
  }
  const { passwordFile } = management;
  return defined({
    address: address.kind === "unix"
      ? { ...address, path: resolvePath(draft, address.path) }
      : address,
    passwordFile: passwordFile === undefined ? undefined : resolvePath(draft, passwordFile),
    connectOut: management.connectOut ?? false,
    user,
    group,
    queryPasswords: management.queryPasswords ?? false,
    queryRemote: management.queryRemote ?? false,
    hold: management.hold ?? false,
    signalOnDisconnect: management.signalOnDisconnect ?? false,
    forgetOnDisconnect: management.forgetOnDisconnect ?? false,
    upDown: management.upDown ?? false,
    clientAuth: management.clientAuth ?? false,
    logCache: management.logCache ?? defaultLogCache,
  });
}
