/**
 * A portal's service that keeps everything in memory, for tests of what is in front of it.
 *
 * @module
 */

import {
  type AccessList,
  type ClientSystem,
  type ExitNode,
  type LogLine,
  type OneTimeLink,
  type Overview,
  PortalError,
  type PortalFile,
  type PortalService,
  type Protection,
  type Session,
  type Setting,
  type Subscriber,
  type ThroughputSample,
} from "../../../lib/portal/service.ts";

const day = 86_400_000;
/** When everything in it began, ms since 1970. */
const start = Date.UTC(2026, 0, 1);

/** See the module's page. What was asked for stands in `done`. */
export class MemoryService implements PortalService {
  /** Operations that changed something, as `revoke alice`. */
  readonly done: string[] = [];
  connected: Session[] = [session(1, "alice"), session(2, "bob")];
  readonly #subscribers = new Map<string, Subscriber>(
    ["alice", "bob"].map((name) => [name, subscriber(name, "01")]),
  );
  readonly #lists = new Map<string, readonly string[]>([["default", ["allow 10.8.0.1/32"]]]);
  #exits: ExitNode[] = [{ name: "server", connected: true, clients: ["*"] }];
  #verb = "3";

  overview(): Promise<Overview> {
    return Promise.resolve({
      version: "0.1.0",
      startedAt: start,
      listeners: ["udp 0.0.0.0:1194"],
      engine: "webcrypto",
      clients: this.connected.length,
      maximumClients: 1024,
      received: 1000,
      sent: 2000,
      drops: { replay: 1 },
      handshakes: { completed: 2 },
      expiries: [{ kind: "server", name: "server", ends: start + day }],
    });
  }
  throughput(): readonly ThroughputSample[] {
    return [{ time: start, received: 10, sent: 20 }];
  }
  sessions(): readonly Session[] {
    return this.connected;
  }
  disconnect(id: number): void {
    if (!this.connected.some((one) => one.id === id)) throw missing("session");
    this.connected = this.connected.filter((one) => one.id !== id);
    this.done.push(`disconnect ${id}`);
  }
  subscribers(): Promise<readonly Subscriber[]> {
    return Promise.resolve([...this.#subscribers.values()]);
  }
  // deno-lint-ignore require-await -- so that it rejects, as the real one
  async subscriber(name: string): Promise<Subscriber> {
    const found = this.#subscribers.get(name);
    if (found === undefined) throw missing("subscriber");
    return found;
  }
  // deno-lint-ignore require-await -- as above
  async issue({ name }: { readonly name: string }): Promise<Subscriber> {
    if (this.#subscribers.get(name)?.state === "valid") {
      throw new PortalError("conflict", `${name} has a certificate`);
    }
    this.#subscribers.set(name, subscriber(name, "02"));
    this.done.push(`issue ${name}`);
    return subscriber(name, "02");
  }
  async renew(name: string): Promise<Subscriber> {
    await this.subscriber(name);
    this.done.push(`renew ${name}`);
    return subscriber(name, "03");
  }
  async revoke(name: string, reason = "unspecified"): Promise<Subscriber> {
    const former = await this.subscriber(name);
    if (former.state === "revoked") throw new PortalError("conflict", `${name} is revoked`);
    const revoked: Subscriber = {
      ...former,
      state: "revoked",
      certificates: former.certificates.map((one) => ({ ...one, revoked: { at: start, reason } })),
    };
    this.#subscribers.set(name, revoked);
    this.done.push(`revoke ${name} ${reason}`);
    return revoked;
  }
  async profile(name: string, system: ClientSystem): Promise<PortalFile> {
    await this.subscriber(name);
    const content = new TextEncoder().encode(`# ${name} ${system}\n`);
    return { name: `${name}.ovpn`, mediaType: "application/x-openvpn-profile", content };
  }
  async oneTimeLink(name: string, _system: ClientSystem, lifetime: number): Promise<OneTimeLink> {
    await this.subscriber(name);
    this.done.push(`link ${name}`);
    return { url: "https://vpn.example/get/x", expires: start + lifetime * 1000 };
  }
  exitNodes(): readonly ExitNode[] {
    return this.#exits;
  }
  // deno-lint-ignore require-await -- as above
  async assignExitNode(client: string, exitNode: string | undefined): Promise<void> {
    if (exitNode !== undefined && !this.#exits.some(({ name }) => name === exitNode)) {
      throw missing("exit node");
    }
    this.done.push(`exit ${client} ${exitNode ?? "-"}`);
  }
  accessLists(): Promise<readonly AccessList[]> {
    return Promise.resolve([...this.#lists].map(([name, rules]) => ({ name, rules })));
  }
  // deno-lint-ignore require-await -- as above
  async setAccessList(name: string, rules: readonly string[]): Promise<void> {
    if (rules.some((rule) => !/^(?:allow|deny) /.test(rule))) {
      throw new PortalError("invalid", "a rule begins with allow or deny");
    }
    this.#lists.set(name, rules);
    this.done.push(`access ${name}`);
  }
  protection(): Promise<Protection> {
    return Promise.resolve({ chain: [], renegotiateAfter: 3600 });
  }
  log(after = 0): readonly LogLine[] {
    const line = { number: 1, time: start, level: "info", text: "Started" } as const;
    return after < 1 ? [line] : [];
  }
  settings(): readonly Setting[] {
    const description = "How much is logged";
    return [{ name: "verb", description, value: this.#verb, minimum: 0, maximum: 11 }];
  }
  // deno-lint-ignore require-await -- as above
  async changeSetting(name: string, value: string): Promise<void> {
    if (name !== "verb") throw missing("setting");
    if (!/^(?:\d|1[01])$/.test(value)) throw new PortalError("invalid", "0 to 11");
    this.#verb = value;
    this.done.push(`set ${name} ${value}`);
  }
}

function missing(what: string): PortalError {
  return new PortalError("not-found", `there is no such ${what}`);
}

function session(id: number, name: string): Session {
  return {
    id,
    name,
    realAddress: `192.0.2.${id}:5000`,
    virtualAddresses: [`10.8.0.${id + 1}`],
    cipher: "AES-256-GCM",
    connectedSince: start,
    received: 100,
    sent: 200,
  };
}

function subscriber(name: string, serial: string): Subscriber {
  return {
    name,
    certificates: [{ serial, issuedAt: start, ends: start + 825 * day, hasPrivateKey: true }],
    state: "valid",
    connected: false,
  };
}
