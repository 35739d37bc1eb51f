/**
 * The server: listens, lets clients in, wires them to the data plane.
 *
 * ```text
 * worker ─ control datagram ─► ControlDispatcher ─► its session (ServerSessions)
 *        └ what became of keys, peers, connections ─► the session that it concerns
 * ```
 *
 * Who may block: nobody. Main waits only in awaits; the worker has its own thread.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { DataPlaneEvent } from "../../loop/data_plane.ts";
import type { NetworkRoute } from "../../net/routes.ts";
import type { ExitPicture } from "../exit/server_exit.ts";
import { volumeCheckInterval } from "../key_volume.ts";
import { AddressBook } from "../per_client/address_book.ts";
import { endpointText } from "../sockets.ts";
import type { ServerStatus } from "../status/server_status.ts";
import { admissionSteps } from "./admission_steps.ts";
import { ClientLeases } from "./client_leases.ts";
import { ControlDispatcher } from "./control_dispatcher.ts";
import { closeFormerSession } from "./former_session.ts";
import { IdleCollection } from "./idle_collection.ts";
import { RevocationWatch } from "./revocation_watch.ts";
import type { ServerParts } from "./server_context.ts";
import { ServerControl } from "./server_control.ts";
import { ServerCounters } from "./server_counters.ts";
import { type ServerFigures, serverFigures } from "./server_figures.ts";
import { serverStatus } from "./server_picture.ts";
import { ServerResources } from "./server_resources.ts";
import { ServerSessions, type SessionParts } from "./server_sessions.ts";

/** How long programs have to end, ms. */
const programsEnd = 10_000;

/** How long clients have to acknowledge that we end, ms. */
const farewell = 300;

/** See the module's page. */
export class Server {
  readonly #parts: ServerParts;
  readonly #log: Log;
  readonly #counters: ServerCounters;
  readonly #leases: ClientLeases;
  readonly #addresses: AddressBook;
  readonly #resources: ServerResources;
  readonly #sessions: ServerSessions;
  readonly #dispatcher: ControlDispatcher;
  readonly #revocationWatch: RevocationWatch;
  readonly #keyWatch: Disposable | undefined;
  readonly #idleCollection = new IdleCollection();
  readonly #volumeTimer: ReturnType<typeof setInterval>;

  /**
   * Binds, opens the TUN device, starts the worker. Nothing stays behind when it fails.
   *
   * @throws {VpnError} naming what could not be had.
   */
  static async start(parts: ServerParts): Promise<Server> {
    const leases = new ClientLeases(parts.config.maxClients);
    const addresses = new AddressBook(parts.config, parts.log);
    const steps = admissionSteps(parts, {
      addresses,
      closeFormer: (candidate) => closeFormerSession(candidate, leases, parts),
    });
    const counters = new ServerCounters();
    // The worker's first word is that it has started; what follows comes when the server is there.
    // deno-lint-ignore prefer-const -- the events' closure is made before the server is
    let server: Server | undefined;
    const resources = await ServerResources.open(parts, (event) => server!.#event(event));
    server = new Server({ server: parts, resources, leases, steps, counters }, addresses);
    return server;
  }

  private constructor(session: SessionParts, addresses: AddressBook) {
    const { server, resources, leases, counters } = session;
    this.#parts = server;
    this.#log = server.log;
    this.#counters = counters;
    this.#leases = leases;
    this.#addresses = addresses;
    this.#resources = resources;
    this.#sessions = new ServerSessions(session);
    this.#dispatcher = new ControlDispatcher(server, resources.sockets, this.#sessions, counters);
    resources.attach(server.config.mtu.tunMtu);
    this.#volumeTimer = setInterval(() => {
      for (const client of leases.all()) client.checkVolume();
    }, volumeCheckInterval);
    this.#keyWatch = server.clientKeys?.watch(() => this.#closeRevoked());
    this.#revocationWatch = new RevocationWatch(
      server.trust,
      () => this.#sessions.all(),
      this.#log,
    );
    this.#log.at(3, `Data channel engine: ${resources.plane.engine}`);
  }

  /** Adds routes into the tunnel, until `stop`. */
  addRoutes(routes: readonly NetworkRoute[]): void {
    this.#resources.tunnel.addRoutes(routes);
  }

  /** Clients, routes and traffic. */
  status(): ServerStatus {
    return serverStatus(this.#leases.all(), this.#resources.plane.counters);
  }

  /** What was counted, and how it is. */
  figures(): ServerFigures {
    return serverFigures({
      counters: this.#counters,
      shared: this.#resources.plane.counters,
      clients: this.#leases.all(),
      engine: this.#resources.plane.engine,
      maximumClients: this.#parts.config.maxClients,
    });
  }

  /** Exit nodes and who goes by them; undefined where the configuration has none. */
  exits(): readonly ExitPicture[] | undefined {
    return this.#resources.exit?.picture();
  }

  /** Lets the worker's runtime run for a moment: see `YieldCommand`. */
  yieldWorker(): void {
    this.#resources.plane.command({ kind: "yield" });
  }

  /** What can be done with its clients. */
  control(): ServerControl {
    return new ServerControl(() => this.#leases.all(), this.#resources.plane.counters);
  }

  #event(event: DataPlaneEvent): void {
    switch (event.kind) {
      case "control-datagram":
        this.#resources.plane.counters.leaveControlBacklog();
        return this.#dispatcher.dispatch(event.socket, event.address, event.datagram);
      case "key-installed":
        this.#idleCollection.handshakeEnded();
        return this.#sessions.keyInstalled(event.peer, event.keyId);
      case "peer-float":
        return this.#sessions.float(event.peer, event.socket, event.address);
      case "peer-timeout":
        return this.#leases.get(event.peer)?.close("ping-restart");
      case "peer-exit":
        return this.#leases.get(event.peer)?.close("remote-exit");
      case "key-exhausting":
        return this.#leases.get(event.peer)?.renegotiate();
      case "connection-opened":
        return this.#resources.sockets.opened(event.listener, event.socket, event.address);
      case "connection-closed":
        return this.#connectionClosed(event.socket, event.reason);
      case "log":
        return this.#log.at(event.verb, event.message);
      case "failed":
        return this.#parts.failed(new VpnError(event.message, event.remedy));
      case "socket-detached":
      case "tun-attached":
      case "tun-detached":
        return;
    }
  }

  #connectionClosed(socket: number, reason: string): void {
    const address = this.#resources.sockets.closed(socket);
    if (address === undefined) return;
    this.#log.at(3, `${endpointText(address)} Connection reset, restarting [${reason}]`);
    for (const client of [...this.#sessions.at(socket, address)]) client.close("connection-reset");
  }

  /** The list of revoked tls-crypt-v2 keys has changed. */
  #closeRevoked(): void {
    for (const client of this.#sessions.all()) {
      const objection = client.clientKey && this.#parts.clientKeys?.objection(client.clientKey);
      if (objection !== undefined) client.close(objection);
    }
  }

  /** Ends all sessions and undoes all that was set up. May be called once. */
  async stop(): Promise<void> {
    this.#dispatcher.stop();
    clearInterval(this.#volumeTimer);
    this.#idleCollection[Symbol.dispose]();
    this.#keyWatch?.[Symbol.dispose]();
    this.#revocationWatch[Symbol.dispose]();
    await this.#sayFarewell();
    for (const client of this.#sessions.all()) client.close("server-shutdown");
    await this.#addresses.close();
    await this.#parts.programs.idle(programsEnd);
    await this.#resources.close();
  }

  /** `explicit-exit-notify`. */
  async #sayFarewell(): Promise<void> {
    const { explicitExitNotify } = this.#parts.config;
    const clients = this.#leases.all();
    if (explicitExitNotify === 0 || clients.length === 0) return;
    // 1: come back to the same server; 2: go on to the next one.
    for (const client of clients) client.tell(explicitExitNotify === 1 ? "RESTART" : "RESTART,[N]");
    await new Promise((resolve) => setTimeout(resolve, farewell));
  }
}
