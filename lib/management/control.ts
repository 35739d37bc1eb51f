/**
 * What the management interface controls: the process, and the tunnel that it runs.
 *
 * @module
 */

/** What was carried, in bytes. */
export interface Traffic {
  /** From the other end. */
  readonly bytesIn: number;
  /** To the other end. */
  readonly bytesOut: number;
}

/** The same for one client of a server. */
export interface ClientTraffic extends Traffic {
  /** CID. */
  readonly clientId: number;
}

/** Signals that the command `signal` can send. */
export const managedSignals = ["SIGHUP", "SIGTERM", "SIGUSR1", "SIGUSR2"] as const;

/** One of them. */
export type ManagedSignal = (typeof managedSignals)[number];

/** What a client does after AUTH_FAILED. */
export type AuthRetry = "none" | "nointeract" | "interact";

/** The process. */
export interface ManagedProcess {
  readonly role: "client" | "server";
  /** Name and version, as the status's title has them. */
  readonly title: string;
  readonly pid: number;
  /** `verb`, 0 to 15. */
  verb: number;
  /** `mute`: how many lines of a kind are logged one after the other; 0: all. */
  mute: number;
  /** Only a client asks for passwords. */
  authRetry: AuthRetry;
  /** Takes the signal as if it came from the system. */
  signal(signal: ManagedSignal): void;
  /** Forgets passwords that were entered. */
  forgetPasswords(): void;
}

/** A running tunnel. */
export interface ManagedTunnel {
  /** The lines of a status file. */
  status(version?: 1 | 2 | 3): readonly string[];
  /** A client's traffic; a server's sum. */
  traffic(): Traffic;
  /** Of a server only. */
  readonly server?: ManagedServer;
  /** Of a client only. */
  readonly client?: ManagedClient;
}

/** What can be done with a client's log-in. */
export interface ManagedClient {
  /** What it does after AUTH_FAILED. */
  authRetry: AuthRetry;
  /** Forgets passwords that were entered. */
  forgetPasswords(): void;
  /** Its servers, in the order in which they are tried. */
  readonly remotes: readonly ManagedRemote[];
}

/** A server that a client may connect to. */
export interface ManagedRemote {
  /** Name or address. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
  /** `udp`, `tcp-client`. */
  readonly protocol: string;
}

/** What can be done with a server's clients. */
export interface ManagedServer {
  /** By client. */
  traffic(): readonly ClientTraffic[];
  /** Ends all sessions of that common name; how many there were. */
  killName(commonName: string): number;
  /** Ends the sessions from that address; how many there were. */
  killAddress(hostname: string, port: number): number;
  /**
   * Changes what clients are pushed (PUSH_UPDATE).
   *
   * @param options As `route 10.1.0.0 255.255.0.0,-dns`.
   * @param clientId One client; undefined: all that can take it.
   * @returns How many clients were told.
   * @throws {Error} saying what is wrong with the options.
   */
  pushUpdate(options: string, clientId?: number): number;
  /** Ends a session, after telling the client `message`; whether there was one. */
  killClient(clientId: number, message: string): boolean;
}
