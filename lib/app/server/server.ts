/**
 * The server: listens, lets clients in, wires them to the data plane.
 *
 * ```text
 * worker ─ control datagram ─► instance of that socket, address, session id ─► its TLS session
 *                           └► none: ResetResponder (stateless) ─► new instance
 * ```
 *
 * Who may block: nobody. Main waits only in awaits; the worker has its own thread.
 *
 * @module
 */

import { parseAddress } from "deno-tun";
import { VpnError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { ServerConfig, Transport } from "../../config/config.ts";
import { type AcceptedClient, ResetResponder } from "../../control/reset_responder.ts";
import { ClientKeyMemory } from "../../control/client_key_memory.ts";
import { ResetCookie } from "../../crypto/reset_cookie.ts";
import { DataPlane, type DataPlaneEvent } from "../../loop/data_plane.ts";
import type { NetworkRoute } from "../../net/routes.ts";
import { TunnelInterface } from "../../net/tunnel_interface.ts";
import { type ExitPicture, ServerExit } from "../exit/server_exit.ts";
import { droppedText, LimitedLog } from "../control_protection/limited_log.ts";
import { KeyInstallations } from "../key_installations.ts";
import { volumeCheckInterval } from "../key_volume.ts";
import { serverVariables } from "../programs/server_variables.ts";
import { AddressBook } from "../per_client/address_book.ts";
import { admissionSteps } from "./admission_steps.ts";
import type { AdmissionStep, Candidate } from "./admission.ts";
import { ClientIndex } from "./client_index.ts";
import { ClientLeases } from "./client_leases.ts";
import { RateLimit } from "./rate_limit.ts";
import { RevocationWatch } from "./revocation_watch.ts";
import { type Lease, namelessClient, type ServerClient } from "./server_client.ts";
import type { ServerContext, ServerParts } from "./server_context.ts";
import { ServerCounters } from "./server_counters.ts";
import { type ServerFigures, serverFigures } from "./server_figures.ts";
import { ServerInstance } from "./server_instance.ts";
import { ServerControl } from "./server_control.ts";
import { serverStatus } from "./server_picture.ts";
import type { ServerStatus } from "../status/server_status.ts";
import { ServerSockets } from "./server_sockets.ts";
import { endpointText } from "../sockets.ts";
import { serverTunnel } from "../tunnel_description.ts";

/** Instances beyond `max-clients`: sessions that are being replaced or still shake hands. */
const spareInstances = 64;

/** `connect-freq-initial` where it has no sense. */
const unlimited = { count: Infinity, seconds: 1 } as const;

/** How long programs have to end, ms. */
const programsEnd = 10_000;

/** How long clients have to acknowledge that we end, ms. */
const farewell = 300;

/** Where answers come from where the server has no IPv6 address (openvpn(8), `--block-ipv6`). */
const linkLocalSource = "fe80::7";

function ipv6RefusalSource({ network }: ServerConfig): Uint8Array | undefined {
  if (!network.blockIpv6) return undefined;
  return parseAddress(network.ifconfigIpv6?.local ?? linkLocalSource);
}

/** See the module's page. */
export class Server {
  readonly #parts: ServerParts;
  readonly #counters = new ServerCounters();
  readonly #log: Log;
  /** For what anybody can send. */
  readonly #dropLog: LimitedLog;
  #keyWatch: Disposable | undefined;
  readonly #responders: Readonly<Record<Transport, ResetResponder>>;
  readonly #leases: ClientLeases;
  readonly #addresses: AddressBook;
  readonly #steps: readonly AdmissionStep[];
  readonly #keyInstallations = new KeyInstallations();
  readonly #clients = new ClientIndex();
  #sockets!: ServerSockets;
  #tunnel!: TunnelInterface;
  #exit: ServerExit | undefined;
  #plane!: DataPlane;
  #stopping = false;
  #revocationWatch!: RevocationWatch;
  #volumeTimer: ReturnType<typeof setInterval> | undefined;
  readonly #sessionLimit: RateLimit;
  #nextClientId = 0;

  private constructor(parts: ServerParts) {
    const { config, wrap } = parts;
    this.#parts = parts;
    this.#log = parts.log;
    this.#dropLog = new LimitedLog(parts.log);
    const cookie = new ResetCookie(config.tls.handWindow);
    const keyMemory = config.tlsCryptV2.allowNoncookie
      ? new ClientKeyMemory(config.tls.handWindow)
      : undefined;
    this.#responders = {
      udp: new ResetResponder(wrap, cookie, config.connectFreqInitial, keyMemory),
      // Over TCP an answer goes to nobody who has not asked for it.
      tcp: new ResetResponder(wrap, cookie, unlimited, keyMemory),
    };
    this.#leases = new ClientLeases(config.maxClients);
    this.#addresses = new AddressBook(config, parts.log);
    this.#steps = admissionSteps(parts, {
      addresses: this.#addresses,
      closeFormer: (candidate) => this.#closeFormer(candidate),
    });
    this.#sessionLimit = new RateLimit(config.connectFreq);
  }

  /**
   * Binds, opens the TUN device, starts the worker. Nothing stays behind when it fails.
   *
   * @throws {VpnError} naming what could not be had.
   */
  static async start(parts: ServerParts): Promise<Server> {
    const server = new Server(parts);
    const { config } = parts;
    server.#sockets = new ServerSockets(config, parts.log);
    try {
      server.#tunnel = await TunnelInterface.open(serverTunnel(config), parts.log);
    } catch (error) {
      server.#sockets.close();
      throw error;
    }
    parts.programs.describe(serverVariables(config, server.#tunnel.name));
    try {
      server.#exit = await ServerExit.open(config, server.#tunnel.name, parts.log);
      server.#plane = await DataPlane.start({
        engine: config.process.engine,
        maxPeers: config.maxClients,
        role: "server",
        clientToClient: config.clientToClient,
        clientExits: server.#exit?.clientExits,
        ipv6RefusalSource: ipv6RefusalSource(config),
        float: true,
        offload: config.process.offload,
        onEvent: (event) => server.#event(event),
      });
    } catch (error) {
      await server.#exit?.close();
      await server.#tunnel.close();
      server.#sockets.close();
      throw error;
    }
    server.#attach();
    return server;
  }

  #attach(): void {
    const { config } = this.#parts;
    const { fd, vnetHeader, udpSegmentation } = this.#tunnel;
    const { tunMtu: mtu } = config.mtu;
    this.#plane.command({ kind: "attach-tun", fd, vnetHeader, udpSegmentation, mtu });
    this.#exit?.attach((command) => this.#plane.command(command));
    this.#volumeTimer = setInterval(() => {
      for (const instance of this.#leases.all()) instance.checkVolume();
    }, volumeCheckInterval);
    this.#keyWatch = this.#parts.clientKeys?.watch(() => this.#closeRevoked());
    this.#sockets.attach(this.#plane);
    const { trust } = this.#parts;
    this.#revocationWatch = new RevocationWatch(trust, () => this.#clients.all(), this.#log);
    this.#log.at(3, `Data channel engine: ${this.#plane.engine}`);
  }

  /** Adds routes into the tunnel, until `stop`. */
  addRoutes(routes: readonly NetworkRoute[]): void {
    this.#tunnel.addRoutes(routes);
  }

  /** Clients, routes and traffic. */
  status(): ServerStatus {
    return serverStatus(this.#leases.all(), this.#plane.counters);
  }

  /** What was counted, and how it is. */
  figures(): ServerFigures {
    return serverFigures({
      counters: this.#counters,
      shared: this.#plane.counters,
      clients: this.#leases.all(),
      engine: this.#plane.engine,
      maximumClients: this.#parts.config.maxClients,
    });
  }

  /** Exit nodes and who goes by them; undefined where the configuration has none. */
  exits(): readonly ExitPicture[] | undefined {
    return this.#exit?.picture();
  }

  /** Lets the worker's runtime run for a moment: see `YieldCommand`. */
  yieldWorker(): void {
    this.#plane.command({ kind: "yield" });
  }

  /** What can be done with its clients. */
  control(): ServerControl {
    return new ServerControl(() => this.#leases.all(), this.#plane.counters);
  }

  /** Ends all sessions and undoes all that was set up. May be called once. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#volumeTimer);
    this.#keyWatch?.[Symbol.dispose]();
    this.#revocationWatch[Symbol.dispose]();
    const instances = this.#leases.all();
    const { explicitExitNotify } = this.#parts.config;
    if (explicitExitNotify > 0 && instances.length > 0) {
      // 1: come back to the same server; 2: go on to the next one.
      for (const instance of instances) {
        instance.tell(explicitExitNotify === 1 ? "RESTART" : "RESTART,[N]");
      }
      await new Promise((resolve) => setTimeout(resolve, farewell));
    }
    for (const client of this.#clients.all()) client.close("server-shutdown");
    await this.#addresses.close();
    await this.#parts.programs.idle(programsEnd);
    await this.#plane.stop();
    await this.#exit?.close();
    await this.#tunnel.close();
    this.#sockets.close();
  }

  #event(event: DataPlaneEvent): void {
    switch (event.kind) {
      case "control-datagram":
        this.#plane.counters.leaveControlBacklog();
        this.#controlDatagram(event.socket, event.address, event.datagram);
        break;
      case "key-installed":
        this.#keyInstallations.installed(event.peer, event.keyId);
        break;
      case "peer-float":
        this.#float(event.peer, event.socket, event.address);
        break;
      case "peer-timeout":
        this.#leases.get(event.peer)?.close("ping-restart");
        break;
      case "peer-exit":
        this.#leases.get(event.peer)?.close("remote-exit");
        break;
      case "key-exhausting":
        this.#leases.get(event.peer)?.renegotiate();
        break;
      case "connection-opened":
        this.#sockets.opened(event.listener, event.socket, event.address);
        break;
      case "connection-closed":
        this.#connectionClosed(event.socket, event.reason);
        break;
      case "log":
        this.#log.at(event.verb, event.message);
        break;
      case "failed":
        this.#parts.failed(new VpnError(event.message, event.remedy));
        break;
      case "socket-detached":
      case "tun-detached":
        break;
    }
  }

  #connectionClosed(socket: number, reason: string): void {
    const address = this.#sockets.closed(socket);
    if (address === undefined) return;
    this.#log.at(3, `${endpointText(address)} Connection reset, restarting [${reason}]`);
    for (const client of [...this.#clients.at(socket, address)]) client.close("connection-reset");
  }

  #controlDatagram(socket: number, address: Uint8Array, datagram: Uint8Array): void {
    const transport = this.#sockets.transport(socket);
    const connections = this.#sockets.connections(socket);
    // What a connection brought that is closed by now.
    if (transport === undefined || connections?.has(socket) === false) return;
    const others = this.#clients.at(socket, address);
    for (const client of others) if (client.matches(datagram)) return client.receive(datagram);
    if (this.#stopping) return;
    const now = Math.floor(Date.now() / 1000);
    const verdict = this.#responders[transport].consider(datagram, address, now);
    if (verdict.kind === "reply") {
      this.#sockets.send(socket, address, verdict.datagram);
    } else if (verdict.kind === "accept") {
      this.#addressProved(socket, address, verdict, datagram);
    } else if (verdict.reason === "rate") {
      this.#counters.handshakes["rate-limited"]++;
      this.#dropLog.at(
        4,
        () => "connect-freq-initial: too many new connections, one is not answered",
      );
    } else {
      this.#counters.strangers[verdict.reason]++;
      connections?.refuse(socket, verdict.reason);
      this.#dropLog.at(
        verdict.reason === "unauthenticated" || verdict.reason === "noncookie" ? 4 : 5,
        () => droppedText(endpointText(address), verdict.reason),
      );
    }
  }

  /** A client has proved its address: a session begins, unless there are reasons against it. */
  #addressProved(
    socket: number,
    address: Uint8Array,
    client: AcceptedClient,
    datagram: Uint8Array,
  ): void {
    if (this.#clients.size >= this.#parts.config.maxClients + spareInstances) {
      this.#counters.handshakes["server-full"]++;
      this.#log.at(1, `MULTI: new incoming connection would exceed maximum number of clients`);
      return;
    }
    if (!this.#sessionLimit.allow(performance.now())) {
      this.#counters.handshakes["rate-limited"]++;
      this.#log.at(
        1,
        `MULTI: Connection from ${endpointText(address)} would exceed new connection ` +
          "frequency limit as controlled by --connect-freq",
      );
      return;
    }
    if (this.#parts.config.tls.singleSession && this.#clients.at(socket, address).size > 0) {
      this.#counters.handshakes["single-session"]++;
      this.#log.at(
        1,
        `TLS Error: no new session from ${endpointText(address)} (single-session)`,
      );
      return;
    }
    const begin = () => {
      if (this.#stopping || this.#sockets.connections(socket)?.has(socket) === false) return;
      this.#accept(socket, address, client).receive(datagram);
    };
    const { clientKeyVerification } = this.#parts;
    if (client.clientKey === undefined || clientKeyVerification === undefined) return begin();
    const name = `${socket} ${endpointText(address)} ${client.remoteSessionId.toHex()}`;
    const log = this.#log.prefixed(endpointText(address));
    clientKeyVerification.decide(name, client.clientKey, log, begin);
  }

  #accept(
    socket: number,
    address: Uint8Array,
    accepted: AcceptedClient,
  ): ServerInstance {
    const endpoint = endpointText(address);
    this.#log.at(3, `${endpoint} TLS: new session`);
    const id = this.#nextClientId++;
    const instance = new ServerInstance(this.#context(), id, socket, address, endpoint, accepted);
    this.#clients.add(instance);
    this.#sockets.connections(socket)?.sessionBegan(socket);
    return instance;
  }

  /** The list of revoked tls-crypt-v2 keys has changed. */
  #closeRevoked(): void {
    for (const client of this.#clients.all()) {
      const objection = client.clientKey && this.#parts.clientKeys?.objection(client.clientKey);
      if (objection !== undefined) client.close(objection);
    }
  }

  #context(): ServerContext {
    const { config, credentials, wrap, trust, log } = this.#parts;
    return {
      config,
      credentials,
      wrap,
      trust,
      log,
      counters: this.#counters,
      steps: this.#steps,
      transport: (socket) => this.#sockets.transport(socket) ?? "udp",
      transmit: (socket, address, datagram) => this.#sockets.send(socket, address, datagram),
      command: (command) => this.#plane.command(command),
      keyInstalled: (peer, keyId) => this.#keyInstallations.expect(peer, keyId),
      lease: (client, candidate) => this.#lease(client, candidate),
      joined: ({ lease, commonName }, peerInfo, pushed) =>
        this.#exit?.joined(lease!.peerId, commonName ?? "", peerInfo, pushed),
      closed: (client) => this.#closed(client),
      heard: (peerId) => this.#plane.counters.markReceived(peerId, Date.now()),
      traffic: (peerId) => this.#plane.counters.peer(peerId),
    };
  }

  #closeFormer({ commonName, id }: Candidate): void {
    if (this.#parts.config.duplicateCn || commonName === namelessClient) return;
    const former = this.#leases.all()
      .find((other) => other.commonName === commonName && other.id !== id);
    if (former === undefined) return;
    this.#log.at(
      1,
      `MULTI: new connection by client '${commonName}' will cause previous active sessions ` +
        "by this client to be dropped. Remember to use the --duplicate-cn option if you want " +
        "multiple clients using the same certificate or username to concurrently connect.",
    );
    former.close("replaced");
  }

  #lease(client: ServerClient, candidate: Candidate): Lease {
    // Another of the same name may have come in while this one's programs ran.
    this.#closeFormer(candidate);
    const { addresses, networks, access } = candidate.settings;
    const peerId = this.#leases.take(client);
    // The worker does so too, a moment later: until then the former client's would count twice.
    this.#plane.counters.resetPeer(peerId);
    return {
      peerId,
      address: addresses.ipv4?.address,
      netmask: addresses.ipv4?.netmask ?? "255.255.255.255",
      ipv6: addresses.ipv6,
      networks,
      access,
    };
  }

  #closed(client: ServerClient): void {
    this.#clients.remove(client);
    this.#sockets.connections(client.socket)?.sessionEnded(client.socket);
    const { lease } = client;
    if (lease === undefined) return;
    this.#leases.release(lease.peerId);
    this.#counters.left(this.#plane.counters.peer(lease.peerId));
    this.#keyInstallations.forget(lease.peerId);
    this.#plane.command({ kind: "remove-peer", peer: lease.peerId });
    this.#exit?.left(lease.peerId);
  }

  #float(peerId: number, socket: number, address: Uint8Array): void {
    const client = this.#leases.get(peerId);
    if (client === undefined) return;
    this.#clients.remove(client);
    client.float(socket, address, endpointText(address));
    this.#clients.add(client);
  }
}
