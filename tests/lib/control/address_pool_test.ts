import assert from "node:assert/strict";
import fc from "fast-check";
import { AddressPool, type PoolRange } from "../../../lib/control/address_pool.ts";

function poolOf(end: string, more: Partial<PoolRange> = {}) {
  const pool = new AddressPool({ ipv4: { start: "10.8.0.2", end }, ...more });
  const take = (name: string) => {
    const number = pool.take(name);
    return number === undefined ? undefined : pool.addresses(number).ipv4;
  };
  const release = (address: string) => pool.release(pool.placeOf(address)!);
  return { pool, take, release };
}

Deno.test("addresses go out from the first on, each once, until none is left", () => {
  const { take, release } = poolOf("10.8.0.4");
  assert.deepEqual(["a", "b", "c", "d"].map(take), [
    "10.8.0.2",
    "10.8.0.3",
    "10.8.0.4",
    undefined,
  ]);
  release("10.8.0.3");
  assert.equal(take("d"), "10.8.0.3");
});

Deno.test("a client gets its former address again, others are given a fresh one first", () => {
  const { take, release } = poolOf("10.8.0.9");
  assert.equal(take("a"), "10.8.0.2");
  release("10.8.0.2");
  assert.equal(take("b"), "10.8.0.3");
  assert.equal(take("a"), "10.8.0.2");
});

Deno.test("where all have been used, the one given back first goes out first", () => {
  const { take, release } = poolOf("10.8.0.4");
  for (const name of ["a", "b", "c"]) take(name);
  for (const address of ["10.8.0.3", "10.8.0.2", "10.8.0.4"]) release(address);
  assert.deepEqual(["d", "e", "f"].map(take), ["10.8.0.3", "10.8.0.2", "10.8.0.4"]);
});

Deno.test("with duplicate-cn nobody has a former address", () => {
  const { take, release } = poolOf("10.8.0.9", { duplicateCn: true });
  assert.equal(take("a"), "10.8.0.2");
  assert.equal(take("a"), "10.8.0.3");
  release("10.8.0.2");
  release("10.8.0.3");
  assert.equal(take("a"), "10.8.0.4");
});

Deno.test("IPv6 addresses go with the IPv4 ones; the smaller range counts", () => {
  const { pool } = poolOf("10.8.0.9", { ipv6: { start: "fd00::1000", size: 3 } });
  assert.equal(pool.size, 3);
  assert.deepEqual(["a", "b", "c", "d"].map((name) => pool.take(name)), [0, 1, 2, undefined]);
  assert.deepEqual(pool.addresses(1), { ipv4: "10.8.0.3", ipv6: "fd00::1001" });
  assert.equal(pool.placeOf("fd00::1002"), 2);
  for (const outside of ["fd00::1003", "fd00::fff", "fe00::1000", "10.8.0.5", "10.8.0.1", "x"]) {
    assert.equal(pool.placeOf(outside), undefined, outside);
  }
});

Deno.test("a reserved address goes to nobody else", () => {
  const { pool, take } = poolOf("10.8.0.3");
  pool.remember("a", pool.placeOf("10.8.0.2")!, true);
  assert.equal(take("b"), "10.8.0.3");
  assert.equal(take("c"), undefined);
  assert.equal(take("a"), "10.8.0.2");
});

Deno.test("a range that is none is refused", () => {
  for (const [start, end] of [["10.8.0.9", "10.8.0.2"], ["10.8.0", "10.8.0.2"]]) {
    assert.throws(() => new AddressPool({ ipv4: { start, end } }), /not a range/);
  }
  assert.throws(() => new AddressPool({}), /without addresses/);
});

Deno.test("whatever is taken and released, no address is out twice", () => {
  const step = fc.record({ name: fc.constantFrom(..."abcdefgh"), release: fc.boolean() });
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const { take, release: giveBack } = poolOf("10.8.0.6");
    const out: string[] = [];
    for (const { name, release } of steps) {
      if (release && out.length > 0) giveBack(out.shift()!);
      const address = take(name);
      if (address === undefined) assert.equal(out.length, 5);
      else {
        assert.ok(!out.includes(address));
        out.push(address);
      }
    }
  }));
});
