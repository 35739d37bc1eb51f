import assert from "node:assert/strict";
import fc from "fast-check";
import { LongReplayWindow, ReplayWindow } from "../../../lib/crypto/replay_window.ts";

Deno.test("each id is accepted once, id 0 never", () => {
  const window = new ReplayWindow();
  assert.equal(window.accept(0, 0), false);
  for (const id of [1, 3, 2, 100, 99, 37]) {
    assert.equal(window.accept(id, 0), true, `${id}`);
    assert.equal(window.accept(id, 0), false, `${id} again`);
  }
  assert.equal(window.highest, 100);
});

Deno.test("64 ids: 63 behind the highest is accepted, 64 is not", () => {
  const window = new ReplayWindow(64);
  window.accept(1000, 0);
  assert.equal(window.accept(937, 0), true);
  assert.equal(window.accept(936, 0), false);
});

Deno.test("a window that is no power of two has its own size", () => {
  const window = new ReplayWindow(100);
  window.accept(1000, 0);
  assert.equal(window.accept(901, 0), true);
  assert.equal(window.accept(900, 0), false);
});

Deno.test("a window of 0 takes rising ids only, with gaps", () => {
  const window = new ReplayWindow(0);
  assert.equal(window.accept(5, 0), true);
  assert.equal(window.accept(7, 0), true);
  assert.equal(window.accept(6, 0), false);
  assert.equal(window.accept(7, 0), false);
});

Deno.test("a jump forgets the ids in between, however far", () => {
  for (const jump of [1, 2, 63, 64, 65, 127, 128, 1000, 0xfffff000]) {
    const window = new ReplayWindow(64);
    for (let id = 1; id <= 64; id++) window.accept(id, 0);
    const highest = 64 + jump;
    assert.equal(window.accept(highest, 0), true);
    for (let id = highest - 63; id < highest; id++) {
      assert.equal(window.accept(id, 0), id > 64, `${id} after ${highest}`);
    }
  }
});

Deno.test("the last ids before 2^32 work", () => {
  const window = new ReplayWindow(64);
  assert.equal(window.accept(0xfffffff0, 0), true);
  assert.equal(window.accept(0xffffffff, 0), true);
  assert.equal(window.accept(0xffffffff, 0), false);
  assert.equal(window.accept(0xfffffff1, 0), true);
  assert.equal(window.accept(1, 0), false);
});

Deno.test("an id is too late when a later one came more than 15 s ago", () => {
  const window = new ReplayWindow(64, 15_000);
  window.accept(10, 100_000);
  window.accept(20, 114_000);
  // 10 came 15 s ago: what lies below it has its last chance.
  assert.equal(window.accept(9, 115_000), true);
  assert.equal(window.accept(8, 116_001), false);
  assert.equal(window.accept(11, 116_002), true, "between 10 and 20");
  assert.equal(window.accept(12, 140_000), false);
  assert.equal(window.accept(21, 140_000), true);
});

Deno.test("a time of 0 sets no limit", () => {
  const window = new ReplayWindow(64, 0);
  window.accept(10, 0);
  assert.equal(window.accept(9, 1e9), true);
});

/** The rule, written down plainly; `time` ms. */
class Model {
  readonly seen = new Map<number, number>();
  constructor(readonly size: number, readonly time: number) {}
  accepts(id: number, now: number, slack = 0): boolean {
    const highest = Math.max(0, ...this.seen.keys());
    if (id === 0 || this.seen.has(id)) return false;
    if (id > highest) return true;
    if (highest - id >= this.size) return false;
    for (const [later, arrival] of this.seen) {
      if (this.time > 0 && later > id && now - arrival > this.time + slack) return false;
    }
    return true;
  }
}

Deno.test("the window does what the plain rule says, to a second", () => {
  const size = fc.constantFrom(0, 1, 2, 63, 64, 65, 100);
  const time = fc.constantFrom(0, 3000, 15_000);
  const start = fc.constantFrom(0, 1000, 0x7fffffc0, 0xffffff00);
  const step = fc.record({ move: fc.integer({ min: -80, max: 90 }), wait: fc.nat({ max: 2500 }) });
  fc.assert(
    fc.property(
      size,
      time,
      start,
      fc.array(step, { maxLength: 120 }),
      (size, time, start, steps) => {
        const window = new ReplayWindow(size, time);
        const model = new Model(size, time);
        let highest: number = start;
        let now = 50_000;
        for (const { move, wait } of steps) {
          now += wait;
          const id = Math.min(0xffffffff, Math.max(0, highest + move));
          const accepted = window.accept(id, now);
          if (model.accepts(id, now)) assert.equal(accepted, true, `${id} is new`);
          if (!model.accepts(id, now, 1000)) assert.equal(accepted, false, `${id} is not`);
          if (accepted) {
            model.seen.set(id, now);
            highest = Math.max(highest, id);
          }
          assert.equal(window.highest, Math.max(0, ...model.seen.keys()));
        }
      },
    ),
    { numRuns: 200 },
  );
});

Deno.test("sizes out of range are refused", () => {
  for (const size of [-1, 65537, 1.5, NaN]) assert.throws(() => new ReplayWindow(size), RangeError);
});

Deno.test("long form: time goes first", () => {
  const window = new LongReplayWindow();
  assert.equal(window.accept(1, 1000, 0), true);
  assert.equal(window.accept(1, 1000, 0), false);
  assert.equal(window.accept(3, 1000, 0), true);
  assert.equal(window.accept(2, 1000, 0), true);
  assert.equal(window.accept(9, 999, 0), false, "time goes back");
  assert.equal(window.accept(1, 1001, 0), true, "a new series");
  assert.equal(window.accept(1, 1001, 0), false);
  assert.equal(window.accept(4, 1000, 0), false, "the old series");
  assert.equal(window.accept(0, 2000, 0), false);
  assert.equal(window.accept(2, 1001, 0), true, "id 0 did not move the time");
});
