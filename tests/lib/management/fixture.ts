/** A management interface with a process and tunnel that only remember what they are told. */

import { Management, type ManagementOptions } from "../../../lib/management/management.ts";
import type {
  ManagedProcess,
  ManagedServer,
  ManagedTunnel,
} from "../../../lib/management/control.ts";
import { Session } from "../../../lib/management/session.ts";

const options: ManagementOptions = {
  logCache: 5,
  hold: false,
  signalOnDisconnect: false,
  forgetOnDisconnect: false,
  upDown: false,
};

export class Fixture {
  readonly asked: string[] = [];
  readonly management: Management;
  readonly process: ManagedProcess;
  written = "";
  ended = false;

  constructor(role: "client" | "server", overrides: Partial<ManagementOptions> = {}) {
    const { asked } = this;
    this.process = {
      role,
      title: "OpenVPN 2.6.14 test",
      pid: 42,
      verb: 4,
      mute: 0,
      authRetry: "none",
      signal: (name) => void asked.push(name),
      forgetPasswords: () => void asked.push("forget"),
    };
    this.management = new Management(this.process, { ...options, ...overrides });
    const server: ManagedServer = {
      traffic: () => [{ clientId: 7, bytesIn: 10, bytesOut: 20 }],
      killName: (name) => (asked.push(`kill ${name}`), name === "client" ? 1 : 0),
      killAddress: (
        hostname,
        port,
      ) => (asked.push(`kill ${hostname} ${port}`), port === 4000 ? 1 : 0),
      pushUpdate: (options: string) => options === "-route" ? 2 : 0,
      killClient: (id, message) => (asked.push(`kill ${id} ${message}`), id === 7),
    };
    const tunnel: ManagedTunnel = {
      status: (version) => [`status ${version ?? "usual"}`, "END"],
      traffic: () => ({ bytesIn: 1, bytesOut: 2 }),
      ...role === "server" && { server },
    };
    this.management.tunnel = tunnel;
  }

  session(password?: string): Session {
    return new Session(
      this.management,
      {
        write: (text) => void (this.written += text),
        end: () => void (this.ended = true),
      },
      password,
      { refusal: 0, authentication: 60_000 },
    );
  }

  /** What was written since the last call, as lines. */
  take(): string[] {
    const lines = this.written.split("\r\n");
    this.written = "";
    if (lines.at(-1) === "") lines.pop();
    return lines;
  }
}

/** Sends text and returns what comes back. */
export async function tell(fixture: Fixture, session: Session, text: string): Promise<string[]> {
  await session.receive(new TextEncoder().encode(text));
  return fixture.take();
}
