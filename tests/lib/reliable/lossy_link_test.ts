// Sender and receiver over networks that lose, delay, reorder and repeat, on a clock of their own.

import assert from "node:assert/strict";
import fc from "fast-check";
import { AckQueue } from "../../../lib/reliable/ack_queue.ts";
import { ReliableReceiver } from "../../../lib/reliable/receiver.ts";
import { ReliableSender } from "../../../lib/reliable/sender.ts";

/** A datagram: a packet with acknowledgements, or acknowledgements alone. */
interface Datagram {
  readonly id?: number;
  readonly payload: Uint8Array;
  readonly acks: readonly number[];
}

/** How the network treats one datagram: ms of delay for each copy that arrives; none: lost. */
type Fate = readonly number[];

const window = 6;

class Peer {
  readonly sender: ReliableSender;
  readonly receiver: ReliableReceiver;
  readonly acks = new AckQueue();
  readonly received: number[] = [];
  /** What acknowledgements said of the way there and back, ms. */
  readonly roundTrips: number[] = [];
  #sent = 0;

  constructor(firstId: number, readonly toSend: number) {
    this.sender = new ReliableSender({ firstId, window });
    this.receiver = new ReliableReceiver({ firstId });
  }

  get done(): boolean {
    return this.#sent === this.toSend && this.sender.empty;
  }

  receive(datagram: Datagram, now: number): void {
    const roundTrip = this.sender.acknowledge(datagram.acks, now);
    if (roundTrip !== undefined) this.roundTrips.push(roundTrip);
    if (datagram.id === undefined) return;
    const verdict = this.receiver.accept(datagram.id, datagram.payload, 4);
    if (verdict !== "outside") this.acks.add(datagram.id);
    for (let packet = this.receiver.take(); packet; packet = this.receiver.take()) {
      this.received.push(new DataView(packet.payload.buffer).getUint32(0));
    }
  }

  /** What it sends at `now`. */
  *pump(now: number): Generator<Datagram> {
    while (this.#sent < this.toSend && this.sender.canSend) {
      const payload = new Uint8Array(4);
      new DataView(payload.buffer).setUint32(0, this.#sent++);
      this.sender.queue(4, payload);
    }
    for (let due = this.sender.due(now); due; due = this.sender.due(now)) {
      yield { id: due.id, payload: due.payload, acks: this.acks.take(4) };
    }
    while (!this.acks.isEmpty) yield { payload: new Uint8Array(0), acks: this.acks.take(8) };
  }
}

interface Outcome {
  readonly elapsed: number;
  readonly datagrams: number;
}

/** Runs until both have delivered all. Fate of datagram n: `fates[n]`, then `otherwise`. */
function run(a: Peer, b: Peer, fate: (n: number) => Fate): Outcome {
  const onTheWay: { at: number; to: Peer; datagram: Datagram }[] = [];
  let datagrams = 0;
  let now = 0;
  for (let steps = 0; steps < 20_000; steps++) {
    for (const [from, to] of [[a, b], [b, a]] as const) {
      for (const datagram of from.pump(now)) {
        for (const delay of fate(datagrams++)) onTheWay.push({ at: now + delay, to, datagram });
      }
    }
    if (a.done && b.done) return { elapsed: now, datagrams };
    onTheWay.sort((x, y) => x.at - y.at);
    const dueTimes = [a.sender.nextDue(now), b.sender.nextDue(now), onTheWay[0]?.at]
      .filter((at) => at !== undefined);
    assert.notEqual(dueTimes.length, 0, "nothing under way and not done");
    now = Math.max(now, Math.min(...dueTimes));
    while (onTheWay.length > 0 && onTheWay[0].at <= now) {
      const { to, datagram } = onTheWay.shift()!;
      to.receive(datagram, now);
    }
  }
  assert.fail(`not done after ${now} ms`);
}

function inOrder(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

Deno.test("any bad network delivers everything in order, exactly once", () => {
  const delay = fc.nat({ max: 300 });
  const fate = fc.oneof(
    { weight: 3, arbitrary: fc.tuple(delay) as fc.Arbitrary<Fate> },
    { weight: 2, arbitrary: fc.array(delay, { maxLength: 3 }) as fc.Arbitrary<Fate> },
  );
  const firstId = fc.constantFrom(0, 1, 0x7ffffff8, 0xfffffff8);
  fc.assert(
    fc.property(
      firstId,
      fc.nat({ max: 40 }),
      fc.nat({ max: 40 }),
      fc.array(fate, { maxLength: 150 }),
      (firstId, fromA, fromB, fates) => {
        const a = new Peer(firstId, fromA);
        const b = new Peer(firstId, fromB);
        run(a, b, (n) => fates[n] ?? [20]);
        assert.deepEqual(b.received, inOrder(fromA));
        assert.deepEqual(a.received, inOrder(fromB));
      },
    ),
    { numRuns: 150 },
  );
});

// Networks as data: the fates of the datagrams, by their number; all others arrive after 10 ms.
const networks: readonly {
  readonly name: string;
  readonly fate: (n: number) => Fate;
  /** For 20 packets in each direction: at most so long, ms, and so many datagrams. */
  readonly within: number;
  readonly datagrams: number;
}[] = [
  { name: "a good one", fate: () => [10], within: 90, datagrams: 60 },
  { name: "the first datagram lost", fate: (n) => n === 0 ? [] : [10], within: 200, datagrams: 70 },
  { name: "every tenth lost", fate: (n) => n % 10 === 9 ? [] : [10], within: 5000, datagrams: 90 },
  {
    name: "every second doubled",
    fate: (n) => n % 2 ? [10, 30] : [10],
    within: 300,
    datagrams: 90,
  },
  { name: "pairs swapped", fate: (n) => [n % 2 ? 10 : 30], within: 300, datagrams: 80 },
  {
    name: "5% lost, 10% late, 2% doubled",
    fate: (n) => n % 20 === 7 ? [] : n % 50 === 3 ? [10, 10] : [n % 10 === 5 ? 60 : 10],
    within: 5000,
    datagrams: 100,
  },
  { name: "down for 5 s", fate: (n) => n < 24 ? [] : [10], within: 7000, datagrams: 120 },
];

for (const { name, fate, within, datagrams } of networks) {
  Deno.test(`network: ${name}`, () => {
    const a = new Peer(0, 20);
    const b = new Peer(0, 20);
    const outcome = run(a, b, fate);
    assert.deepEqual(a.received, inOrder(20));
    assert.deepEqual(b.received, inOrder(20));
    assert.ok(outcome.elapsed <= within, `${outcome.elapsed} ms`);
    assert.ok(outcome.datagrams <= datagrams, `${outcome.datagrams} datagrams`);
  });
}

Deno.test("a lost acknowledgement is made up for by the next datagram", () => {
  const a = new Peer(0, 2);
  const b = new Peer(0, 0);
  const [first] = a.pump(0);
  b.receive(first, 0);
  const lost = [...b.pump(0)];
  assert.deepEqual(lost.map(({ acks }) => acks), [[0]]);
  const [second] = [...a.pump(1)];
  b.receive(second, 1);
  for (const datagram of b.pump(1)) a.receive(datagram, 1);
  assert.equal(a.done, true);
});

Deno.test("whatever is lost, repeated or late, no round trip is measured as shorter than one is", () => {
  const shortest = fc.integer({ min: 1, max: 3000 });
  const fates = fc.array(fc.array(fc.nat({ max: 300 }), { maxLength: 3 }), { maxLength: 150 });
  fc.assert(
    fc.property(shortest, fc.nat({ max: 40 }), fates, (shortest, count, fates) => {
      const a = new Peer(0, count);
      const b = new Peer(0, count);
      run(a, b, (n) => (fates[n] ?? [0]).map((more) => shortest + more));
      for (const roundTrip of [...a.roundTrips, ...b.roundTrips]) {
        assert.ok(roundTrip >= 2 * shortest, `${roundTrip} ms, with ${shortest} ms each way`);
      }
    }),
    { numRuns: 150 },
  );
});

Deno.test("on a good network each round trip is that of the network", () => {
  // Beyond tls-timeout there is nothing to measure: all is sent twice.
  fc.assert(fc.property(fc.integer({ min: 0, max: 999 }), (delay) => {
    const a = new Peer(0, 10);
    const b = new Peer(0, 0);
    run(a, b, () => [delay]);
    assert.deepEqual(new Set(a.roundTrips), new Set([2 * delay]));
  }));
});
