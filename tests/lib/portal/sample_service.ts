/**
 * A portal's service with something in every page, for screenshots and tests of what pages show.
 * All addresses and names are those of documentation (RFC 2606, RFC 5737).
 *
 * @module
 */

import type {
  AccessList,
  ExitNode,
  LogLine,
  Overview,
  Protection,
  Session,
  Setting,
  Subscriber,
  ThroughputSample,
} from "../../../lib/portal/service.ts";
import { MemoryService } from "./memory_service.ts";

const minute = 60_000;
const day = 86_400_000;

/** See the module's page. */
export class SampleService extends MemoryService {
  /** @param now What all times are relative to. */
  constructor(readonly now: number = Date.now()) {
    super();
    this.connected = sessions(now);
  }

  override async overview(): Promise<Overview> {
    return {
      ...await super.overview(),
      startedAt: this.now - 12 * day,
      listeners: ["udp 0.0.0.0:1194", "tcp 0.0.0.0:443"],
      engine: "ipsec-mb",
      received: 48_213_000_000,
      sent: 391_400_000_000,
      drops: { replay: 3, "authentication failed": 12, "no route": 41 },
      handshakes: { completed: 1289, "certificate refused": 2, "timed out": 7 },
      expiries: [
        { kind: "client", name: "printer", ends: this.now + 20 * day + minute },
        { kind: "crl", name: "revocation list", ends: this.now + 89 * day + minute },
        { kind: "portal", name: "vpn.example.org", ends: this.now + 300 * day + minute },
        { kind: "authority", name: "VPN CA", ends: this.now + 3600 * day + minute },
      ],
    };
  }
  override throughput(): readonly ThroughputSample[] {
    return Array.from({ length: 240 }, (_, index) => {
      const wave = (period: number, phase: number) =>
        (1 + Math.sin(index / period + phase)) * (1 + Math.cos(index / (period * 3.1)) / 2);
      return {
        time: this.now - (239 - index) * 15_000,
        received: 400_000 * wave(7, 0) + 90_000 * wave(1.3, 2),
        sent: 3_000_000 * wave(11, 1) + 500_000 * wave(1.7, 0),
      };
    });
  }
  override subscribers(): Promise<readonly Subscriber[]> {
    return Promise.resolve(subscribers(this.now));
  }
  override async subscriber(name: string): Promise<Subscriber> {
    return subscribers(this.now).find((one) => one.name === name) ?? await super.subscriber(name);
  }
  override exitNodes(): readonly ExitNode[] {
    return [
      { name: "server", connected: true, clients: ["*"] },
      { name: "office", connected: true, clients: ["alice", "carol"] },
      { name: "cabin", connected: false, clients: [] },
    ];
  }
  override accessLists(): Promise<readonly AccessList[]> {
    return Promise.resolve([
      { name: "default", rules: ["allow 10.8.0.1/32", "allow 192.0.2.0/24 tcp/443", "deny any"] },
      { name: "printer", rules: ["allow 10.8.0.6/32 tcp/631", "deny any"] },
    ]);
  }
  override protection(): Promise<Protection> {
    const ocspUrls = ["http://vpn.example.org/ocsp"];
    const crlUrls = ["http://vpn.example.org/ca.crl"];
    const common = { key: "ec:p256", serial: "3FA27C0B5D1E", fingerprint: "5d".repeat(32) };
    return Promise.resolve({
      chain: [
        {
          ...common,
          subject: "CN=vpn.example.org",
          issuer: "CN=VPN CA",
          notBefore: this.now - 90 * day,
          notAfter: this.now + 300 * day,
          names: ["vpn.example.org", "192.0.2.1"],
          ocspUrls,
          crlUrls,
        },
        {
          ...common,
          serial: "01",
          fingerprint: "a7".repeat(32),
          subject: "CN=VPN CA",
          issuer: "CN=VPN CA",
          notBefore: this.now - 90 * day,
          notAfter: this.now + 3600 * day,
          names: [],
          ocspUrls: [],
          crlUrls: [],
        },
      ],
      ocsp: { status: "good", producedAt: this.now, nextUpdate: this.now + day },
      revocationList: { thisUpdate: this.now - day, nextUpdate: this.now + 89 * day, revoked: 1 },
      renegotiateAfter: 3600,
    });
  }
  override log(): readonly LogLine[] {
    const line = (ago: number, level: LogLine["level"], text: string): Omit<LogLine, "number"> => ({
      time: this.now - ago * 1000,
      level,
      text,
    });
    return [
      line(912, "info", "Initialization Sequence Completed"),
      line(640, "info", "alice/198.51.100.7:41822 MULTI: primary virtual IP is 10.8.0.2"),
      line(377, "warning", "the certificate of printer ends in 20 days: renew it"),
      line(121, "error", "203.0.113.9:5120 TLS handshake failed: certificate revoked"),
      line(12, "info", "portal: root issued a certificate to dave"),
    ].map((one, number) => ({ number, ...one }));
  }
  override settings(): readonly Setting[] {
    return [
      ...super.settings(),
      {
        name: "max-clients",
        description: "Most clients at a time",
        value: "1024",
        minimum: 1,
        maximum: 65536,
      },
      {
        name: "client-to-client",
        description: "Whether clients reach each other",
        value: "off",
        values: ["off", "on"],
      },
    ];
  }
}

function sessions(now: number): Session[] {
  const session = (id: number, name: string, more: Partial<Session>): Session => ({
    id,
    name,
    realAddress: `198.51.100.${id}:41822`,
    virtualAddresses: [`10.8.0.${id}`, `fd00:8::${id}`],
    cipher: "AES-256-GCM",
    connectedSince: now - id * 47 * minute,
    received: 12_700_000 * id,
    sent: 402_000_000 * id,
    roundTrip: 11 * id,
    roundTripMeasuredAt: now - id * 7 * minute,
    clientVersion: "2.6.14 linux",
    ...more,
  });
  return [
    session(2, "alice", { exitNode: "office" }),
    session(3, "bob", { clientVersion: "2.6.12 win", cipher: "CHACHA20-POLY1305" }),
    session(5, "carol", { username: "carol@example.org", clientVersion: "3.10 android" }),
  ];
}

function subscribers(now: number): Subscriber[] {
  const subscriber = (
    name: string,
    state: Subscriber["state"],
    days: number,
    connected = false,
  ): Subscriber => ({
    name,
    state,
    connected,
    certificates: [{
      serial: "7FE52587794B2B015BD4D3DD2B377F8F",
      issuedAt: now - 100 * day,
      ends: now + days * day + minute,
      hasPrivateKey: true,
      ...state === "revoked" && { revoked: { at: now - 2 * day, reason: "keyCompromise" } },
    }],
  });
  return [
    subscriber("alice", "valid", 725, true),
    subscriber("bob", "valid", 311, true),
    subscriber("carol", "valid", 640, true),
    subscriber("dave", "valid", 825),
    subscriber("erin", "expired", -12),
    subscriber("mallory", "revoked", 500),
    subscriber("printer", "valid", 20),
  ];
}
