/**
 * Gives privileges up once the tunnel is there (`user`, `group`): the process becomes that user, and
 * keeps what it takes to change addresses and routes, and to reconnect.
 *
 * @module
 */

import { Capability, dropPrivileges, findGroup, findUser, SysError } from "deno-tun";
import { PrivilegeError, VpnError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Config } from "../../config/mod.ts";
import { ChangeJournal } from "../../net/changes/journal.ts";

/** Ports below that need CAP_NET_BIND_SERVICE. */
const firstFreePort = 1024;

/** See the module's page. */
export class Privileges {
  readonly #user: string | undefined;
  readonly #group: string | undefined;
  readonly #identity: { readonly uid: number; readonly gid: number };
  readonly #capabilities: number[];
  readonly #log: Log;
  #dropped = false;

  /**
   * undefined where the configuration keeps them.
   *
   * @throws {VpnError} when there is no such user or group, or it is not root who asks.
   */
  static of(config: Config, log: Log): Privileges | undefined {
    const { user, group } = config.process;
    return user === undefined && group === undefined ? undefined : new Privileges(config, log);
  }

  private constructor(config: Config, log: Log) {
    const { user, group } = config.process;
    this.#user = user;
    this.#group = group;
    this.#log = log;
    const account = user === undefined ? undefined : findUser(user);
    if (user !== undefined && account === undefined) throw unknown("user", user);
    const gid = group === undefined ? undefined : findGroup(group);
    if (group !== undefined && gid === undefined) throw unknown("group", group);
    this.#identity = {
      uid: account?.uid ?? Deno.uid() ?? 0,
      gid: gid ?? account?.gid ?? Deno.gid() ?? 0,
    };
    this.#capabilities = [Capability.CAP_NET_ADMIN];
    if (bindsReservedPort(config)) this.#capabilities.push(Capability.CAP_NET_BIND_SERVICE);
  }

  /** Does it, the first time. @throws {VpnError} */
  drop(): void {
    if (this.#dropped) return;
    this.#dropped = true;
    // What is noted in a directory of root's has to be open by now.
    ChangeJournal.ofThisProcess().prepare();
    try {
      dropPrivileges(this.#identity, this.#capabilities);
    } catch (cause) {
      if (!(cause instanceof SysError)) throw cause;
      throw new PrivilegeError(
        `cannot become ${this.#user ?? "that user"}: ${cause.message}`,
        "start as root, or leave user and group out",
        { cause },
      );
    }
    if (this.#group !== undefined) this.#log.at(1, `GID set to ${this.#group}`);
    if (this.#user !== undefined) this.#log.at(1, `UID set to ${this.#user}`);
    this.#log.at(
      1,
      "Capabilities retained: CAP_NET_ADMIN" +
        (this.#capabilities.length > 1 ? ", CAP_NET_BIND_SERVICE" : ""),
    );
  }
}

function bindsReservedPort(config: Config): boolean {
  const reserved = (port: number | undefined) =>
    port !== undefined && port > 0 && port < firstFreePort;
  return config.role === "server"
    ? config.listen.some(({ port }) => reserved(port))
    : config.connections.some(({ localPort }) => reserved(localPort));
}

function unknown(kind: "user" | "group", name: string): VpnError {
  return new VpnError(`there is no ${kind} "${name}"`, `mend the option ${kind}`);
}
