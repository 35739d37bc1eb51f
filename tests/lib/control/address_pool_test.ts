import assert from "node:assert/strict";
import fc from "fast-check";
import { AddressPool } from "../../../lib/control/address_pool.ts";

Deno.test("addresses go out from the first on, each once, until none is left", () => {
  const pool = new AddressPool("10.8.0.2", "10.8.0.4");
  assert.deepEqual(["a", "b", "c", "d"].map((name) => pool.take(name)), [
    "10.8.0.2",
    "10.8.0.3",
    "10.8.0.4",
    undefined,
  ]);
  pool.release("10.8.0.3");
  assert.equal(pool.take("d"), "10.8.0.3");
});

Deno.test("a client gets its former address again, others are given a fresh one first", () => {
  const pool = new AddressPool("10.8.0.2", "10.8.0.9");
  assert.equal(pool.take("a"), "10.8.0.2");
  pool.release("10.8.0.2");
  assert.equal(pool.take("b"), "10.8.0.3");
  assert.equal(pool.take("a"), "10.8.0.2");
});

Deno.test("a range that is none is refused", () => {
  assert.throws(() => new AddressPool("10.8.0.9", "10.8.0.2"), /not a range/);
  assert.throws(() => new AddressPool("10.8.0", "10.8.0.2"), /not a range/);
});

Deno.test("whatever is taken and released, no address is out twice", () => {
  const step = fc.record({ name: fc.constantFrom(..."abcdefgh"), release: fc.boolean() });
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const pool = new AddressPool("10.8.0.2", "10.8.0.6");
    const out: string[] = [];
    for (const { name, release } of steps) {
      if (release && out.length > 0) pool.release(out.shift()!);
      const address = pool.take(name);
      if (address === undefined) assert.equal(out.length, 5);
      else {
        assert.ok(!out.includes(address));
        out.push(address);
      }
    }
  }));
});
