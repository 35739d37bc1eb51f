/**
 * Tells the service manager how the program is (sd_notify(3)): where `NOTIFY_SOCKET` names its
 * socket.
 *
 * @module
 */

import { monotonicMicroseconds, UnixDatagram } from "deno-tun";
import { errorLine, VpnError } from "../../base/errors.ts";
import type { State } from "../../management/messages.ts";

/** The variable that names the socket. */
const variable = "NOTIFY_SOCKET";

/** Whether a service manager wants to be told; it then keeps the program in the foreground. */
export function isManagedService(): boolean {
  return (Deno.env.get(variable) ?? "") !== "";
}

/** See the module's page. */
export class ServiceManager implements Disposable {
  readonly #socket: UnixDatagram;

  /**
   * undefined where nobody wants to be told.
   *
   * @throws {VpnError} for a socket that there can't be.
   */
  static find(): ServiceManager | undefined {
    const path = Deno.env.get(variable) ?? "";
    if (path === "") return undefined;
    // sd_notify(3): a path or the abstract namespace. Other families are for virtual machines.
    try {
      if (!/^[/@]/.test(path)) throw new Error("it is neither a path nor an abstract name");
      return new ServiceManager(UnixDatagram.open(path));
    } catch (cause) {
      throw new VpnError(
        `${variable} is ${path}: ${errorLine(cause)}`,
        "unset it, or start the program by systemd",
        { cause },
      );
    }
  }

  private constructor(socket: UnixDatagram) {
    this.#socket = socket;
  }

  /** The program has started. */
  ready(): void {
    this.#tell("READY=1", `MAINPID=${Deno.pid}`);
  }

  /** What `systemctl status` shows. */
  state({ name, detail }: State): void {
    this.#tell(
      `STATUS=${name === "CONNECTED" ? "Initialization Sequence Completed" : name}${
        detail === undefined || name === "CONNECTED" ? "" : `: ${detail}`
      }`,
    );
  }

  /** SIGHUP: the configuration is read anew; `ready` follows. */
  reloading(): void {
    // Both are wanted by Type=notify-reload.
    this.#tell("RELOADING=1", `MONOTONIC_USEC=${monotonicMicroseconds()}`);
  }

  /** The program ends. */
  stopping(): void {
    this.#tell("STOPPING=1");
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }

  #tell(...assignments: readonly string[]): void {
    try {
      this.#socket.send(new TextEncoder().encode(assignments.join("\n")));
    } catch {
      // A service manager that doesn't listen is none of the tunnel's business.
    }
  }
}
