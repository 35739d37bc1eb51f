import assert from "node:assert/strict";
import { parseAddress } from "deno-tun";
import fc from "fast-check";
import { AccessList, type AccessRule } from "../../../lib/data/access_list.ts";

const own4 = "10.8.0.2";
const own6 = "fd00:8::2";

function rule(
  action: "allow" | "deny",
  cidr: string,
  protocol: "any" | "tcp" | "udp" | "icmp" = "any",
  ports: readonly [number, number] = [0, 65535],
): AccessRule {
  const [network, bits] = cidr.split("/");
  return {
    allow: action === "allow",
    network: parseAddress(network)!,
    prefixLength: Number(bits),
    protocol: { any: 0, tcp: 6, udp: 17, icmp: 1 }[protocol],
    firstPort: ports[0],
    lastPort: ports[1],
  };
}

interface PacketOptions {
  readonly protocol?: number;
  readonly source: string;
  readonly destination: string;
  readonly payload?: Uint8Array;
  /** IPv4: flags and offset. */
  readonly fragment?: number;
  /** IPv4. */
  readonly options?: Uint8Array;
  /** IPv6: extension headers, each with its number; the next one's goes into its first byte. */
  readonly extensions?: readonly (readonly [number, Uint8Array])[];
}

function packetOf(given: PacketOptions): Uint8Array {
  const { source, destination, payload = new Uint8Array(0), protocol = 253 } = given;
  if (source.includes(":")) return ipv6PacketOf(given);
  const options = given.options ?? new Uint8Array(0);
  const packet = new Uint8Array(20 + options.length + payload.length);
  const view = new DataView(packet.buffer);
  packet[0] = 0x45 + options.length / 4;
  view.setUint16(2, packet.length);
  view.setUint16(6, given.fragment ?? 0);
  packet[8] = 64;
  packet[9] = protocol;
  packet.set(parseAddress(source)!, 12);
  packet.set(parseAddress(destination)!, 16);
  packet.set(options, 20);
  packet.set(payload, 20 + options.length);
  return packet;
}

function ipv6PacketOf({ source, destination, payload, protocol, extensions }: PacketOptions) {
  const headers = extensions ?? [];
  const numbers = [...headers.map(([number]) => number), protocol ?? 253];
  const body = headers.flatMap(([_, bytes], i) => [numbers[i + 1], ...bytes.subarray(1)]);
  const rest = Uint8Array.from([...body, ...payload ?? []]);
  const packet = new Uint8Array(40 + rest.length);
  packet[0] = 0x60;
  new DataView(packet.buffer).setUint16(4, rest.length);
  packet[6] = numbers[0];
  packet[7] = 64;
  packet.set(parseAddress(source)!, 8);
  packet.set(parseAddress(destination)!, 24);
  packet.set(rest, 40);
  return packet;
}

function ports(source: number, destination: number): Uint8Array {
  const bytes = new Uint8Array(20);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, source);
  view.setUint16(2, destination);
  return bytes;
}

/** TCP from the peer to the other end's port. */
function tcpTo(destination: string, port: number, more: Partial<PacketOptions> = {}) {
  const source = destination.includes(":") ? own6 : own4;
  return packetOf({ protocol: 6, source, destination, payload: ports(40000, port), ...more });
}

function tcpFrom(source: string, port: number) {
  const destination = source.includes(":") ? own6 : own4;
  return packetOf({ protocol: 6, source, destination, payload: ports(port, 40000) });
}

function permits(rules: readonly AccessRule[], packet: Uint8Array, toRemote = true): boolean {
  // Somewhere in memory, as the data plane has it.
  const memory = new Uint8Array(packet.length + 7);
  memory.set(packet, 5);
  return new AccessList(rules).permits(new DataView(memory.buffer), 5, packet.length, toRemote);
}

Deno.test("the first rule that matches decides, and what matches none is denied", () => {
  const rules = [rule("deny", "10.1.0.5/32"), rule("allow", "10.1.0.0/24")];
  assert.equal(permits(rules, tcpTo("10.1.0.5", 80)), false);
  assert.equal(permits(rules, tcpTo("10.1.0.6", 80)), true);
  assert.equal(permits(rules, tcpTo("10.1.1.6", 80)), false);
  assert.equal(permits(rules, tcpTo("fd01::1", 80)), false);
  assert.equal(permits([], tcpTo("10.1.0.6", 80)), false);
});

Deno.test("a rule is about the other end, whoever sent the packet", () => {
  const rules = [rule("allow", "10.1.0.0/24", "tcp", [443, 443]), rule("allow", "fd01::/64")];
  assert.equal(permits(rules, tcpTo("10.1.0.6", 443)), true);
  assert.equal(permits(rules, tcpFrom("10.1.0.6", 443), false), true);
  assert.equal(permits(rules, tcpFrom("10.1.0.6", 80), false), false);
  assert.equal(permits(rules, tcpFrom("10.2.0.6", 443), false), false);
  assert.equal(permits(rules, tcpTo("fd01::9", 1)), true);
  assert.equal(permits(rules, tcpFrom("fd02::9", 1), false), false);
});

Deno.test("protocols and ports", () => {
  const rules = [
    rule("allow", "10.1.0.0/16", "tcp", [1000, 2000]),
    rule("allow", "10.1.0.0/16", "icmp"),
    rule("allow", "fd01::/64", "icmp"),
  ];
  for (
    const [port, expected] of [[999, false], [1000, true], [2000, true], [2001, false]] as const
  ) {
    assert.equal(permits(rules, tcpTo("10.1.0.1", port)), expected, String(port));
  }
  assert.equal(permits(rules, tcpTo("10.1.0.1", 1500, { protocol: 17 })), false);
  const echo = Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 0);
  const to4 = { source: own4, destination: "10.1.0.1", payload: echo };
  assert.equal(permits(rules, packetOf({ ...to4, protocol: 1 })), true);
  assert.equal(permits(rules, packetOf({ ...to4, protocol: 58 })), false);
  const to6 = { source: own6, destination: "fd01::1", payload: Uint8Array.of(128, 0, 0, 0) };
  assert.equal(permits(rules, packetOf({ ...to6, protocol: 58 })), true);
  assert.equal(permits(rules, packetOf({ ...to6, protocol: 1 })), false);
});

Deno.test("fragments don't get around a list", () => {
  const allow443 = [rule("allow", "10.1.0.0/16", "tcp", [443, 443])];
  const deny22 = [rule("deny", "10.1.0.0/16", "tcp", [22, 22]), rule("allow", "10.1.0.0/16")];
  const moreFragments = 0x2000;
  // The first one is judged by its ports …
  assert.equal(permits(allow443, tcpTo("10.1.0.1", 80, { fragment: moreFragments })), false);
  assert.equal(permits(deny22, tcpTo("10.1.0.1", 22, { fragment: moreFragments })), false);
  assert.equal(permits(allow443, tcpTo("10.1.0.1", 443, { fragment: moreFragments })), true);
  // … which must be in it …
  for (const rules of [allow443, deny22]) {
    for (const length of [0, 3]) {
      const payload = ports(40000, 443).subarray(0, length);
      assert.equal(
        permits(rules, tcpTo("10.1.0.1", 443, { fragment: moreFragments, payload })),
        false,
      );
    }
    // … and the others are of no use without it.
    assert.equal(permits(rules, tcpTo("10.1.0.1", 22, { fragment: 100 })), true);
    assert.equal(permits(rules, tcpTo("10.2.0.1", 443, { fragment: 100 })), false);
    assert.equal(permits(rules, tcpTo("10.1.0.1", 443, { fragment: 1 })), false, "TCP flags");
  }
  const fragment = (offset: number): [number, Uint8Array] => [
    44,
    Uint8Array.of(0, 0, offset >>> 5, offset << 3 & 0xff | 1, 0, 0, 0, 1),
  ];
  const allow6 = [rule("allow", "fd01::/64", "tcp", [443, 443])];
  assert.equal(permits(allow6, tcpTo("fd01::1", 443, { extensions: [fragment(0)] })), true);
  assert.equal(permits(allow6, tcpTo("fd01::1", 80, { extensions: [fragment(0)] })), false);
  assert.equal(permits(allow6, tcpTo("fd01::1", 80, { extensions: [fragment(90)] })), true);
  assert.equal(permits(allow6, tcpTo("fd02::1", 80, { extensions: [fragment(90)] })), false);
  const denied = [rule("deny", "fd01::/64"), ...allow6];
  assert.equal(permits(denied, tcpTo("fd01::1", 443, { extensions: [fragment(90)] })), false);
});

Deno.test("extension headers and options don't get around a list", () => {
  const rules = [rule("deny", "fd01::/64", "tcp", [22, 22]), rule("allow", "fd01::/64")];
  const padding = new Uint8Array(8);
  const options: [number, Uint8Array][] = [[0, padding], [60, padding], [60, padding]];
  assert.equal(permits(rules, tcpTo("fd01::1", 80, { extensions: options })), true);
  assert.equal(permits(rules, tcpTo("fd01::1", 22, { extensions: options })), false);
  const long = new Uint8Array(24);
  long[1] = 2;
  assert.equal(permits(rules, tcpTo("fd01::1", 22, { extensions: [[0, long]] })), false);
  const authentication = new Uint8Array(16);
  authentication[1] = 2;
  assert.equal(permits(rules, tcpTo("fd01::1", 22, { extensions: [[51, authentication]] })), false);
  const many = Array.from({ length: 30 }, (): [number, Uint8Array] => [60, padding]);
  assert.equal(permits(rules, tcpTo("fd01::1", 80, { extensions: many })), false);
  // Another destination than the one in the header.
  const waypoint = new Uint8Array(24);
  waypoint[1] = 2;
  waypoint[3] = 1;
  assert.equal(permits(rules, tcpTo("fd01::1", 80, { extensions: [[43, waypoint]] })), false);
  // Cut off.
  const packet = tcpTo("fd01::1", 80, { extensions: options });
  for (let length = 0; length < 66; length++) {
    assert.equal(permits(rules, packet.subarray(0, length)), false, String(length));
  }
  const rules4 = [rule("allow", "0.0.0.0/0")];
  const whole = tcpTo("10.1.0.1", 80);
  assert.equal(permits(rules4, whole), true);
  assert.equal(permits(rules4, whole.subarray(0, whole.length - 1)), false);
  const route = Uint8Array.of(1, 131, 7, 4, 10, 2, 0, 1);
  assert.equal(permits(rules4, tcpTo("10.1.0.1", 80, { options: route })), false);
  const timestamp = Uint8Array.of(68, 8, 5, 0, 0, 0, 0, 0);
  assert.equal(permits(rules4, tcpTo("10.1.0.1", 80, { options: timestamp })), true);
  assert.equal(
    permits(rules4, tcpTo("10.1.0.1", 80, { options: Uint8Array.of(68, 0, 0, 0) })),
    false,
  );
});

Deno.test("an ICMP error passes where the packet that it is about would", () => {
  const rules = [rule("allow", "10.1.0.0/16", "tcp", [443, 443])];
  const error = (about: Uint8Array, source: string, destination: string, type = 3) => {
    const quoted = about.subarray(0, 28);
    const payload = Uint8Array.from([type, 4, 0, 0, 0, 0, 5, 0, ...quoted]);
    return packetOf({ protocol: 1, source, destination, payload });
  };
  // A router says that what the peer sent is too large.
  const sent = tcpTo("10.1.0.1", 443);
  assert.equal(permits(rules, error(sent, "10.99.0.1", own4), false), true);
  assert.equal(permits(rules, error(tcpTo("10.1.0.1", 80), "10.99.0.1", own4), false), false);
  assert.equal(permits(rules, error(tcpTo("10.2.0.1", 443), "10.99.0.1", own4), false), false);
  assert.equal(permits(rules, error(sent, "10.99.0.1", own4, 8), false), false, "no error");
  // The peer says the same of what it got, to whoever sent that and to nobody else.
  const got = tcpFrom("10.1.0.1", 443);
  assert.equal(permits(rules, error(got, own4, "10.1.0.1")), true);
  assert.equal(permits(rules, error(got, own4, "10.2.0.1")), false);
  assert.equal(permits(rules, error(got.subarray(0, 22), own4, "10.1.0.1")), false);
});

interface Model {
  readonly source: readonly number[];
  readonly destination: readonly number[];
  readonly protocol: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** The same as text and strings of bits, one rule after the other. */
function modelPermits(rules: readonly AccessRule[], packet: Model, toRemote: boolean): boolean {
  const bits = (bytes: Iterable<number>) =>
    [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const remote = toRemote ? packet.destination : packet.source;
  const port = toRemote ? packet.destinationPort : packet.sourcePort;
  const found = rules.find((candidate) => {
    if (candidate.network.length !== remote.length) return false;
    const { prefixLength, protocol } = candidate;
    if (bits(candidate.network).slice(0, prefixLength) !== bits(remote).slice(0, prefixLength)) {
      return false;
    }
    if (protocol === 0) return true;
    const wanted = protocol === 1 && remote.length === 16 ? 58 : protocol;
    if (wanted !== packet.protocol) return false;
    if (packet.protocol !== 6 && packet.protocol !== 17) return true;
    return port >= candidate.firstPort && port <= candidate.lastPort;
  });
  return found?.allow ?? false;
}

Deno.test("a list decides as a naive model of it", () => {
  // Few values, so that rules match.
  const byte = fc.constantFrom(0, 1, 10, 128, 255);
  const addressOf = (length: number) => fc.array(byte, { minLength: length, maxLength: length });
  const port = fc.constantFrom(0, 22, 80, 443, 65535);
  const ruleOf = fc.constantFrom(4, 16).chain((length) =>
    fc.record({
      allow: fc.boolean(),
      network: addressOf(length).map((bytes) => Uint8Array.from(bytes)),
      prefixLength: fc.integer({ min: 0, max: 8 * length }).map((bits) => bits - bits % 4),
      protocol: fc.constantFrom(0, 0, 1, 6, 17),
      firstPort: fc.constantFrom(0, 22, 80),
      lastPort: fc.constantFrom(80, 443, 65535),
    })
  );
  const packet = fc.constantFrom(4, 16).chain((length) =>
    fc.record({
      source: addressOf(length),
      destination: addressOf(length),
      protocol: fc.constantFrom(6, 17, 253),
      sourcePort: port,
      destinationPort: port,
    })
  );
  fc.assert(
    fc.property(
      fc.array(ruleOf, { maxLength: 6 }),
      packet,
      fc.boolean(),
      (rules, model, toRemote) => {
        const text = (bytes: readonly number[]) =>
          bytes.length === 4
            ? bytes.join(".")
            : Uint8Array.from(bytes).toHex().match(/.{4}/g)!.join(":");
        const bytes = packetOf({
          source: text(model.source),
          destination: text(model.destination),
          protocol: model.protocol,
          payload: ports(model.sourcePort, model.destinationPort),
        });
        assert.equal(permits(rules, bytes, toRemote), modelPermits(rules, model, toRemote));
      },
    ),
    { numRuns: 2000 },
  );
});

Deno.test("whatever comes, nothing is read beyond the packet, and nothing throws", () => {
  const rules = [rule("allow", "0.0.0.0/0", "tcp", [1, 9]), rule("allow", "::/0", "icmp")];
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 120 }),
      fc.constantFrom(0x45, 0x46, 0x60),
      fc.boolean(),
      (bytes, first, toRemote) => {
        if (bytes.length > 0) bytes[0] = first;
        // Exactly as long as the packet: a read behind its end throws.
        const exact = new DataView(bytes.slice().buffer);
        new AccessList(rules).permits(exact, 0, bytes.length, toRemote);
      },
    ),
    { numRuns: 2000 },
  );
});

Deno.test("malformed rules are refused", () => {
  assert.throws(() => new AccessList([{ ...rule("allow", "10.0.0.0/8"), prefixLength: 33 }]));
  assert.throws(() =>
    new AccessList([{ ...rule("allow", "10.0.0.0/8"), network: new Uint8Array(5) }])
  );
  assert.throws(() => new AccessList(Array.from({ length: 1025 }, () => rule("allow", "::/0"))));
});
