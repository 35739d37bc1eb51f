/** Whose turn it is: allowances, and fairness between payers and their connections. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { WorkLimits } from "../../../../lib/app/portal/portal_limits.ts";
import { WorkBalance } from "../../../../lib/app/portal/work_balance.ts";
import { WorkLine, type WorkTask } from "../../../../lib/app/portal/work_line.ts";

const limits: WorkLimits = {
  all: { rate: 30, burst: 100 },
  each: { rate: 15, burst: 40 },
  atOnce: 1000,
};

function task(payer: string, connection: object, cost = 1): WorkTask {
  return { payer, connection, cost, begin: () => {} };
}

function begun(line: WorkLine, now: number): WorkTask[] {
  const tasks: WorkTask[] = [];
  for (let next = line.next(now); next; next = line.next(now)) tasks.push(next);
  return tasks;
}

Deno.test("a balance says exactly when there is enough", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 100 }),
    fc.integer({ min: 1, max: 100 }),
    fc.array(fc.tuple(fc.integer({ min: 0, max: 2000 }), fc.integer({ min: 1, max: 100 }))),
    (rate, burst, steps) => {
      let now = 1000;
      const balance = new WorkBalance({ rate, burst }, now);
      for (const [passed, cost] of steps) {
        now += passed;
        const wait = balance.wait(cost, now);
        assert.ok(wait >= 0);
        if (wait > 0) {
          assert.ok(balance.wait(cost, now + wait / 2) > 0);
          now += wait + 1e-6;
        }
        assert.equal(balance.wait(cost, now), 0);
        balance.take(Math.min(cost, burst), now);
      }
      // A clock that stands still or goes back gives nothing.
      const missing = balance.wait(burst, now);
      assert.equal(balance.wait(burst, now - 500), missing);
    },
  ));
});

Deno.test("whatever is asked for, no more is begun than the allowances say", () => {
  const asked = fc.record({
    passed: fc.integer({ min: 0, max: 500 }),
    payer: fc.integer({ min: 0, max: 5 }),
    connection: fc.integer({ min: 0, max: 3 }),
    tasks: fc.integer({ min: 1, max: 20 }),
    cost: fc.integer({ min: 1, max: 3 }),
  }, { noNullPrototype: true });
  fc.assert(fc.property(fc.array(asked, { maxLength: 60 }), (all) => {
    const line = new WorkLine(limits, 0);
    const connections = Array.from({ length: 24 }, () => ({}));
    const spent = new Map<string, number>();
    let [now, total, added, count] = [0, 0, 0, 0];
    const look = () => {
      for (const { payer, cost } of begun(line, now)) {
        spent.set(payer, (spent.get(payer) ?? 0) + cost);
        total += cost;
        count++;
      }
      assert.ok(total <= limits.all.burst + limits.all.rate * now / 1000 + 1e-6);
      for (const each of spent.values()) {
        assert.ok(each <= limits.each.burst + limits.each.rate * now / 1000 + 1e-6);
      }
    };
    for (const { passed, payer, connection, tasks, cost } of all) {
      now += passed;
      for (let i = 0; i < tasks; i++) {
        line.add(task(`${payer}`, connections[payer * 4 + connection], cost), now);
        added++;
      }
      look();
    }
    // And nothing is forgotten: it says itself when to look again.
    for (let wait = line.wait(now); wait < Infinity; wait = line.wait(now)) {
      now += Math.max(wait, 1e-3);
      look();
    }
    assert.equal(count, added);
  }));
});

Deno.test("who has a thousand tasks in line does not keep another from their first", () => {
  const line = new WorkLine(limits, 0);
  const hammer = Array.from({ length: 50 }, () => ({}));
  for (let i = 0; i < 1000; i++) line.add(task("hammer", hammer[i % 50]), 0);
  assert.equal(begun(line, 0).length, limits.each.burst);
  const person = {};
  for (let i = 0; i < 12; i++) line.add(task("person", person), 10);
  assert.deepEqual(new Set(begun(line, 10).map(({ payer }) => payer)), new Set(["person"]));
});

Deno.test("payers take turns when the allowance of all is used up, whoever has more in line", () => {
  const line = new WorkLine({ ...limits, all: { rate: 10, burst: 1 } }, 0);
  for (let i = 0; i < 30; i++) line.add(task("hammer", {}), 0);
  begun(line, 0);
  for (let i = 0; i < 5; i++) line.add(task("person", {}), 0);
  const order: string[] = [];
  for (let now = 100; order.length < 10; now += 100) {
    order.push(...begun(line, now + 1e-6).map(({ payer }) => payer));
  }
  assert.equal(order.filter((payer) => payer === "person").length, 5, order.join());
});

Deno.test("connections of a payer take turns, whatever each has in line", () => {
  const line = new WorkLine({ ...limits, each: { rate: 10, burst: 1 } }, 0);
  const [many, one] = [{}, {}];
  for (let i = 0; i < 32; i++) line.add(task("nat", many), 0);
  line.add(task("nat", one), 0);
  const order = [0, 100, 200].flatMap((now) => begun(line, now + 1e-6));
  assert.deepEqual(order.map(({ connection }) => connection === one), [false, true, false]);
});

Deno.test("so many are worked on at a time; the next begins when one is over", () => {
  const line = new WorkLine({ ...limits, atOnce: 2 }, 0);
  for (let i = 0; i < 4; i++) line.add(task("a", {}), 0);
  const [first, second, ...more] = begun(line, 0);
  assert.equal(more.length, 0);
  assert.equal(line.wait(0), Infinity);
  // Others do not wait for them.
  line.add(task("b", {}), 0);
  assert.equal(begun(line, 0).length, 1);
  line.finished(first);
  line.finished(second);
  assert.equal(begun(line, 0).length, 2);
});

Deno.test("what is taken out is not begun, and costs nothing", () => {
  const line = new WorkLine({ ...limits, each: { rate: 1, burst: 1 } }, 0);
  const connection = {};
  const tasks = Array.from({ length: 3 }, () => task("a", connection));
  for (const each of tasks) line.add(each, 0);
  assert.deepEqual(begun(line, 0), [tasks[0]]);
  line.remove(tasks[1]);
  line.remove(tasks[1]);
  assert.deepEqual(begun(line, 1000), [tasks[2]]);
  assert.equal(line.wait(1000), Infinity);
});

Deno.test("any number of payers are remembered in bounded memory, those that wait among them", () => {
  const line = new WorkLine(limits, 0);
  const waiting = task("who waits", {}, 40);
  line.add(task("who waits", {}, 40), 0);
  begun(line, 0);
  line.add(waiting, 0);
  for (let i = 0; i < 5000; i++) {
    line.add(task(`payer ${i}`, {}, 0), 0);
    for (const each of begun(line, 0)) line.finished(each);
  }
  assert.ok(line.size <= 2048);
  // Whoever waits has not become somebody new.
  line.add(task("who waits", {}, 40), 0);
  assert.deepEqual(begun(line, 0), []);
  assert.deepEqual(begun(line, 10_000), [waiting]);
  assert.equal(begun(line, 20_000).length, 1);
});
