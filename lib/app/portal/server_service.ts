/**
 * What the portal shows and does, by the running server.
 *
 * @module
 */

import type { ProcessLog } from "../../base/log.ts";
import { programVersion } from "../../base/version.ts";
import type { ServerConfig } from "../../config/config.ts";
import type { Authority } from "../../pki/authority.ts";
import type {
  AccessList,
  ClientSystem,
  ExitNode,
  LogLine,
  OneTimeLink,
  Overview,
  PortalFile,
  PortalService,
  Protection,
  Session,
  Setting,
  Subscriber,
  ThroughputSample,
} from "../../portal/service.ts";
import { PortalError } from "../../portal/service.ts";
import { chooseExit } from "../exit/exit_choices.ts";
import { exitWords } from "../exit/exit_policy.ts";
import type { LogTail } from "../log/log_tail.ts";
import type { Server } from "../server/server.ts";
import { AccessLists } from "./access_lists.ts";
import { expiriesOf } from "./expiries.ts";
import { changeLiveSetting, liveSettings } from "./live_settings.ts";
import { Subscribers } from "./subscribers.ts";
import { ThroughputHistory } from "./throughput.ts";

/** What it is made of. */
export interface ServerServiceParts {
  readonly config: ServerConfig;
  readonly server: Server;
  readonly authority: Authority | undefined;
  readonly log: ProcessLog;
  readonly tail: LogTail;
  /** How the visitor is protected. */
  readonly protection: () => Promise<Protection>;
  /** Where the portal is, for links. */
  readonly url: () => string;
}

/** See the module's page. */
export class ServerService implements PortalService, Disposable {
  readonly #parts: ServerServiceParts;
  readonly #subscribers: Subscribers;
  readonly #accessLists: AccessLists;
  readonly #history: ThroughputHistory;

  constructor(parts: ServerServiceParts) {
    this.#parts = parts;
    this.#subscribers = new Subscribers(
      parts.authority,
      (name) => this.#named(name).length > 0,
      parts.url,
    );
    this.#accessLists = new AccessLists(parts.config);
    this.#history = new ThroughputHistory(() => this.#totals());
  }

  async overview(): Promise<Overview> {
    const { config, server, authority } = this.#parts;
    const figures = server.figures();
    const drops = Object.entries(figures.drops).filter(([, count]) => count > 0);
    return {
      version: programVersion,
      startedAt: figures.startedAt,
      listeners: config.listen.map(({ transport, local, port }) =>
        `${transport} ${local?.includes(":") ? `[${local}]` : local ?? "*"}:${port}`
      ),
      engine: figures.engine,
      clients: figures.clients,
      maximumClients: figures.maximumClients,
      ...this.#totals(),
      drops: Object.fromEntries(drops),
      handshakes: { ...figures.handshakes },
      expiries: await expiriesOf(authority),
    };
  }

  throughput(): readonly ThroughputSample[] {
    return this.#history.samples;
  }

  sessions(): readonly Session[] {
    const { server } = this.#parts;
    const exits = server.exits() ?? [];
    return server.status().clients.map((client) => {
      const name = client.commonName ?? "";
      const addresses = [client.virtualAddress, client.virtualIpv6Address];
      const exit = exits.find(({ clients }) => clients.includes(name))?.name;
      return {
        id: client.clientId,
        name,
        ...client.username !== undefined && { username: client.username },
        realAddress: client.realAddress,
        virtualAddresses: addresses.filter((address) => address !== undefined),
        cipher: client.cipher,
        connectedSince: client.connectedSince,
        received: client.bytesReceived,
        sent: client.bytesSent,
        ...client.lastReceived !== undefined && { lastReceived: client.lastReceived },
        ...client.roundTrip !== undefined && {
          roundTrip: client.roundTrip,
          roundTripMeasuredAt: client.roundTripMeasuredAt,
        },
        ...client.clientVersion !== undefined && { clientVersion: client.clientVersion },
        ...exit !== undefined && { exitNode: exit },
      };
    });
  }

  disconnect(id: number): void {
    // HALT: the client ends, and does not come back by itself (management-notes.txt, client-kill).
    if (this.#parts.server.control().killClient(id, "HALT")) return;
    throw new PortalError("not-found", "this client is not connected any more");
  }

  subscribers(): Promise<readonly Subscriber[]> {
    return this.#subscribers.all();
  }
  subscriber(name: string): Promise<Subscriber> {
    return this.#subscribers.find(name);
  }
  issue(request: { readonly name: string; readonly days?: number }): Promise<Subscriber> {
    return this.#subscribers.issue(request);
  }
  renew(name: string, request: { readonly days?: number }): Promise<Subscriber> {
    return this.#subscribers.renew(name, request);
  }
  async revoke(name: string, reason?: string): Promise<Subscriber> {
    const revoked = await this.#subscribers.revoke(name, reason);
    // Whether or not the server's configuration looks at the list.
    for (const { id } of this.#named(name)) this.#parts.server.control().killClient(id, "HALT");
    return revoked;
  }
  profile(name: string, system: ClientSystem): Promise<PortalFile> {
    return this.#subscribers.profile(name, system);
  }
  oneTimeLink(name: string, system: ClientSystem, lifetime: number): Promise<OneTimeLink> {
    return this.#subscribers.link(name, system, lifetime);
  }

  exitNodes(): readonly ExitNode[] {
    return this.#parts.server.exits() ?? [];
  }

  async assignExitNode(client: string, exitNode: string | undefined): Promise<void> {
    const choices = this.#parts.config.exit?.choices;
    if (choices === undefined) {
      throw new PortalError("unavailable", "this server has no exit nodes", 'add "exit-node"');
    }
    const names = [...exitWords, ...this.exitNodes().map(({ name }) => name)];
    if (exitNode !== undefined && !names.includes(exitNode)) {
      throw new PortalError("not-found", `there is no exit node ${exitNode}`);
    }
    const known = this.#named(client).length > 0 ||
      (await this.subscribers()).some(({ name }) => name === client);
    if (!known) throw new PortalError("not-found", `there is no client ${client}`);
    await chooseExit(choices, client, exitNode);
  }

  accessLists(): Promise<readonly AccessList[]> {
    return this.#accessLists.all();
  }

  async setAccessList(name: string, rules: readonly string[]): Promise<void> {
    await this.#accessLists.set(name, rules);
    // A list is taken when a client comes in: these come in again at once.
    for (const { id } of this.#named(name)) this.#parts.server.control().killClient(id, "RESTART");
  }

  protection(): Promise<Protection> {
    return this.#parts.protection();
  }

  log(after = 0): readonly LogLine[] {
    return this.#parts.tail.after(after).map(({ number, time, level, text }) => ({
      number,
      time,
      level: level === "debug" ? "info" : level,
      text,
    }));
  }

  settings(): readonly Setting[] {
    return liveSettings(this.#parts.log);
  }

  // deno-lint-ignore require-await -- it rejects where it refuses
  async changeSetting(name: string, value: string): Promise<void> {
    changeLiveSetting(this.#parts.log, name, value);
  }

  #named(name: string): readonly Session[] {
    return this.sessions().filter((session) => session.name === name);
  }

  #totals(): { readonly received: number; readonly sent: number } {
    const { bytesIn: received, bytesOut: sent } = this.#parts.server.figures().traffic;
    return { received, sent };
  }

  [Symbol.dispose](): void {
    this.#history[Symbol.dispose]();
  }
}
