/**
 * The management interface as a configuration describes it.
 *
 * @module
 */

import { findGroup, findUser, peerCredentials } from "deno-tun";
import { errorLine, VpnError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { ManagementOptions } from "../../config/config.ts";
import type { ManagedProcess } from "../../management/control.ts";
import { type EndpointOptions, ManagementEndpoint } from "../../management/endpoint.ts";
import { Management } from "../../management/management.ts";

/** The interface, and where it is reached. */
export interface OpenedManagement {
  readonly management: Management;
  close(): Promise<void>;
}

/**
 * Opens it.
 *
 * @throws {VpnError} naming what can't be had.
 */
export async function openManagement(
  options: ManagementOptions,
  process: ManagedProcess,
  log: Log,
): Promise<OpenedManagement> {
  const management = new Management(process, options);
  const endpoint = await ManagementEndpoint.open(management, {
    address: options.address,
    password: passwordOf(options),
    connectOut: options.connectOut,
    mayUse: admission(options),
    log,
  });
  return { management, close: () => endpoint.close() };
}

/** The first line of the password file. */
function passwordOf({ passwordFile }: ManagementOptions): string | undefined {
  if (passwordFile === undefined) return undefined;
  let text: string;
  try {
    text = Deno.readTextFileSync(passwordFile);
  } catch (cause) {
    throw new VpnError(
      `the management interface's password file ${passwordFile} can't be read: ${errorLine(cause)}`,
      "create it or correct the path",
      { cause },
    );
  }
  const password = text.split(/\r?\n/)[0];
  if (password === "") {
    throw new VpnError(
      `the management interface's password file ${passwordFile} is empty`,
      "write the password into its first line",
    );
  }
  return password;
}

/** Whose processes may come in by a unix socket: the kernel tells who they are. */
function admission({ user, group }: ManagementOptions): EndpointOptions["mayUse"] {
  if (user === undefined && group === undefined) return undefined;
  const uid = user === undefined ? undefined : findUser(user)?.uid;
  const gid = group === undefined ? undefined : findGroup(group);
  if (user !== undefined && uid === undefined) throw unknown("user", user);
  if (group !== undefined && gid === undefined) throw unknown("group", group);
  return (fd) => {
    const peer = peerCredentials(fd);
    return (uid === undefined || peer.uid === uid) && (gid === undefined || peer.gid === gid);
  };
}

function unknown(kind: "user" | "group", name: string): VpnError {
  return new VpnError(
    `there is no ${kind} "${name}"`,
    `mend the option management-client-${kind}`,
  );
}
