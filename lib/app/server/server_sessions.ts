/**
 * The sessions of a server's clients, from the first packet of each to its end.
 *
 * ```text
 * begin ─► instance (server_instance.ts) ─► admitted: lease ─► peer of the data plane ─► closed
 * ```
 *
 * @module
 */

import type { AcceptedClient } from "../../control/reset_responder.ts";
import { KeyInstallations } from "../key_installations.ts";
import { endpointText } from "../sockets.ts";
import type { AdmissionStep, Candidate } from "./admission.ts";
import { ClientIndex } from "./client_index.ts";
import type { ClientLeases } from "./client_leases.ts";
import { closeFormerSession } from "./former_session.ts";
import type { Lease, ServerClient } from "./server_client.ts";
import type { ServerContext, ServerParts } from "./server_context.ts";
import type { ServerCounters } from "./server_counters.ts";
import { ServerInstance } from "./server_instance.ts";
import type { ServerResources } from "./server_resources.ts";

/** What sessions are made of. */
export interface SessionParts {
  readonly server: ServerParts;
  readonly resources: ServerResources;
  readonly leases: ClientLeases;
  /** What clients have to pass, in order. */
  readonly steps: readonly AdmissionStep[];
  readonly counters: ServerCounters;
}

/** See the module's page. */
export class ServerSessions {
  readonly #parts: SessionParts;
  readonly #context: ServerContext;
  readonly #clients = new ClientIndex();
  readonly #keyInstallations = new KeyInstallations();
  #nextClientId = 0;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#context = this.#contextOf(parts);
  }

  /** How many there are, admitted or not. */
  get size(): number {
    return this.#clients.size;
  }

  /** All of them; may be changed meanwhile. */
  all(): ServerClient[] {
    return this.#clients.all();
  }

  /** Those of a socket and address. */
  at(socket: number, address: Uint8Array): ReadonlySet<ServerClient> {
    return this.#clients.at(socket, address);
  }

  /** A session begins with somebody who has proved the address. */
  begin(socket: number, address: Uint8Array, accepted: AcceptedClient): ServerClient {
    const endpoint = endpointText(address);
    this.#parts.server.log.at(3, `${endpoint} TLS: new session`);
    const id = this.#nextClientId++;
    const instance = new ServerInstance(this.#context, { id, socket, address, endpoint, accepted });
    this.#clients.add(instance);
    this.#parts.resources.sockets.connections(socket)?.sessionBegan(socket);
    return instance;
  }

  #contextOf({ server, resources, counters, steps }: SessionParts): ServerContext {
    const { config, credentials, wrap, trust, log } = server;
    const { sockets, plane, exit } = resources;
    return {
      config,
      credentials,
      wrap,
      trust,
      log,
      counters,
      steps,
      transport: (socket) => sockets.transport(socket) ?? "udp",
      transmit: (socket, address, datagram) => sockets.send(socket, address, datagram),
      command: (command) => plane.command(command),
      keyInstalled: (peer, keyId) => this.#keyInstallations.expect(peer, keyId),
      lease: (client, candidate) => this.#lease(client, candidate),
      joined: ({ lease, commonName }, peerInfo, pushed) =>
        exit?.joined(lease!.peerId, commonName ?? "", peerInfo, pushed),
      closed: (client) => this.#closed(client),
      heard: (peerId) => plane.counters.markReceived(peerId, Date.now()),
      traffic: (peerId) => plane.counters.peer(peerId),
    };
  }

  #lease(client: ServerClient, candidate: Candidate): Lease {
    const { leases, server, resources } = this.#parts;
    // Another of the same name may have come in while this one's programs ran.
    closeFormerSession(candidate, leases, server);
    const { addresses, networks, access } = candidate.settings;
    const peerId = leases.take(client);
    // The worker does so too, a moment later: until then the former client's would count twice.
    resources.plane.counters.resetPeer(peerId);
    return {
      peerId,
      address: addresses.ipv4?.address,
      netmask: addresses.ipv4?.netmask ?? "255.255.255.255",
      ipv6: addresses.ipv6,
      networks,
      access,
    };
  }

  /** The worker has taken keys of a peer. */
  keyInstalled(peerId: number, keyId: number): void {
    this.#keyInstallations.installed(peerId, keyId);
  }

  /** A peer's packets come from another address now. */
  float(peerId: number, socket: number, address: Uint8Array): void {
    const client = this.#parts.leases.get(peerId);
    if (client === undefined) return;
    this.#clients.remove(client);
    client.float(socket, address, endpointText(address));
    this.#clients.add(client);
  }

  #closed(client: ServerClient): void {
    const { leases, counters, resources: { sockets, plane, exit } } = this.#parts;
    this.#clients.remove(client);
    sockets.connections(client.socket)?.sessionEnded(client.socket);
    const { lease } = client;
    if (lease === undefined) return;
    leases.release(lease.peerId);
    counters.left(plane.counters.peer(lease.peerId));
    this.#keyInstallations.forget(lease.peerId);
    plane.command({ kind: "remove-peer", peer: lease.peerId });
    exit?.left(lease.peerId);
  }
}
