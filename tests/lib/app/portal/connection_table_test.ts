/** Which connections are served, whatever comes and goes. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  ConnectionTable,
  type TableConnection,
} from "../../../../lib/app/portal/connection_table.ts";

const limits = {
  connections: 12,
  connectionsPerSource: 3,
  waitingPerSource: 4,
  connectionsPerCaller: 2,
};

interface Fake extends TableConnection {
  served: boolean;
  destroyed: boolean;
}

function fake(source: string): Fake {
  const connection: Fake = {
    source,
    served: false,
    destroyed: false,
    serve: () => void (connection.served = true),
    destroy: () => void (connection.destroyed = true),
  };
  return connection;
}

Deno.test("bounds hold, and whoever waits is served as soon as there is room", () => {
  const step = fc.record({
    kind: fc.constantFrom("add", "add", "remove", "identify"),
    source: fc.integer({ min: 0, max: 2 }),
    pick: fc.nat(),
  }, { noNullPrototype: true });
  fc.assert(fc.property(fc.array(step, { maxLength: 120, size: "max" }), (steps) => {
    const table = new ConnectionTable(limits);
    let open: Fake[] = [];
    for (const { kind, source, pick } of steps) {
      const some = open[pick % Math.max(1, open.length)];
      if (kind === "add") {
        const connection = fake(`${source}`);
        if (table.add(connection)) open.push(connection);
        open = open.filter(({ destroyed }) => !destroyed);
      } else if (some === undefined) continue;
      else if (kind === "remove") {
        table.remove(some);
        open.splice(open.indexOf(some), 1);
      } else if (some.served) table.identified(some, "caller");
      assert.equal(table.size, open.length);
      assert.ok(table.size <= limits.connections);
      assert.ok(open.filter((each) => table.isIdentified(each)).length <= 2);
      for (let of = 0; of <= 2; of++) {
        const strangers = open.filter((each) =>
          each.source === `${of}` && !table.isIdentified(each)
        );
        const served = strangers.filter((each) => each.served).length;
        const waiting = strangers.length - served;
        assert.ok(served <= limits.connectionsPerSource && waiting <= limits.waitingPerSource);
        assert.ok(waiting === 0 || served === limits.connectionsPerSource);
      }
    }
    for (const each of open) table.remove(each);
    assert.equal(table.size, 0);
  }));
});

Deno.test("when all are taken, a newcomer gets the place of one of the source that has most", () => {
  const table = new ConnectionTable({ ...limits, connections: 6 });
  const hammer = Array.from({ length: 6 }, () => fake("hammer"));
  for (const each of hammer) assert.ok(table.add(each));
  assert.ok(!table.add(fake("hammer")));
  const person = fake("person");
  assert.ok(table.add(person));
  assert.ok(person.served);
  // The one that waited least.
  assert.deepEqual(hammer.map(({ destroyed }) => destroyed), [
    ...[false, false, false, false, false, true],
  ]);
});

Deno.test("who waits longest is served first, and only then are others waited for", () => {
  const table = new ConnectionTable(limits);
  const all = Array.from({ length: 5 }, () => fake("a"));
  for (const each of all) table.add(each);
  assert.deepEqual(all.map(({ served }) => served), [true, true, true, false, false]);
  assert.ok(table.isWaitedFor(all[0]));
  assert.ok(!table.isWaitedFor(all[3]));
  table.remove(all[1]);
  assert.deepEqual(all.map(({ served }) => served), [true, true, true, true, false]);
  table.identified(all[0], "somebody");
  assert.ok(all[4].served);
  assert.ok(!table.isWaitedFor(all[0]));
});
