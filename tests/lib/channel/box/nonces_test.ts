/** Nonces and counters. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  CounterSeries,
  CounterWindow,
  Label,
  Nonce,
  readCounter,
  writeCounter,
} from "../../../../lib/channel/box/nonces.ts";

Deno.test("labels differ and fill their 16 bytes", () => {
  const labels = Object.values(Label).map((label) => new TextDecoder().decode(label));
  assert.equal(new Set(labels).size, labels.length);
  for (const label of labels) assert.equal(label.length, 16);
});

Deno.test("a nonce is its label and a counter that rises", () => {
  const nonce = new Nonce(Label.hello);
  assert.equal(nonce.advance().toHex(), "76706e20626f782068656c6c6f202020" + "0000000000000000");
  assert.equal(nonce.advance().toHex().slice(32), "0000000000000001");
  assert.equal(nonce.at(2 ** 53 - 1).toHex().slice(32), "001fffffffffffff");
  assert.throws(() => nonce.at(2 ** 53), RangeError);
  assert.throws(() => nonce.at(-1), RangeError);
});

Deno.test("counters are read as they were written, and none from 2^53 on", () => {
  const view = new DataView(new ArrayBuffer(8));
  fc.assert(fc.property(fc.maxSafeNat(), (counter) => {
    writeCounter(view, 0, counter);
    assert.equal(readCounter(view, 0), counter);
    assert.equal(view.getBigUint64(0), BigInt(counter));
  }));
  fc.assert(fc.property(fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }), (counter) => {
    view.setBigUint64(0, counter);
    assert.equal(readCounter(view, 0), undefined);
  }));
});

Deno.test("a server's series rises, also over a restart", () => {
  const first = new CounterSeries(1_700_000_000_000);
  const used = Array.from({ length: 900 }, () => first.next());
  for (let i = 1; i < used.length; i++) assert.equal(used[i], used[i - 1] + 1);
  const second = new CounterSeries(1_700_000_000_001);
  assert.ok(second.next() > Math.max(...used));
});

Deno.test("a window accepts each counter once, as a plain list of them would", () => {
  const size = 16;
  fc.assert(fc.property(fc.array(fc.nat(80), { maxLength: 200 }), (counters) => {
    const window = new CounterWindow(size);
    const seen = new Set<number>();
    let highest = -1;
    for (const counter of counters) {
      const expected = !seen.has(counter) && counter > highest - size;
      assert.equal(window.accept(counter), expected, `${counter} of ${counters}`);
      if (expected) {
        seen.add(counter);
        highest = Math.max(highest, counter);
      }
    }
    assert.equal(window.highest, highest);
  }));
});
