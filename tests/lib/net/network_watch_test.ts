import assert from "node:assert/strict";
import { type NetworkEvent, NetworkWatch } from "../../../lib/net/network_watch.ts";

/** A network and clocks in a test's hand. */
class FakeNetwork {
  current: string | undefined = "192.0.2.1 2";
  announced = false;
  boot = 1000;
  running = 1000;
  stirs = 0;
  readonly events: NetworkEvent[] = [];
  readonly errors: unknown[] = [];
  broken = false;
  readonly watch = new NetworkWatch({
    way: () => this.current,
    stirred: () => {
      this.stirs++;
      if (this.broken) throw new Error("no way to look");
    },
    changed: (event) => this.events.push(event),
    failed: (error) => this.errors.push(error),
  }, {
    monitor: {
      changed: () => {
        const announced = this.announced;
        this.announced = false;
        return announced;
      },
      close: () => {},
    },
    bootTime: () => this.boot,
    runningTime: () => this.running,
  });

  /** Something is announced, and then nothing for a while. */
  stir(): void {
    this.announced = true;
    this.watch.look();
    this.watch.look();
  }

  pass(milliseconds: number, asleep = 0): void {
    this.running += milliseconds;
    this.boot += milliseconds + asleep;
  }
}

Deno.test("network watch: another way is a change, once it has settled", () => {
  const network = new FakeNetwork();
  network.current = "198.51.100.1 3";
  network.announced = true;
  network.watch.look();
  assert.deepEqual(network.events, []);
  network.announced = true;
  network.watch.look();
  assert.deepEqual(network.events, []);
  network.watch.look();
  assert.deepEqual(network.events, ["network-changed"]);
  network.watch.look();
  assert.deepEqual(network.events, ["network-changed"]);
  network.watch.close();
});

Deno.test("network watch: the same way is no change, but routes are looked after", () => {
  const network = new FakeNetwork();
  network.stir();
  assert.equal(network.stirs, 1);
  assert.deepEqual(network.events, []);
  // Gone, and back as it was.
  network.current = undefined;
  network.stir();
  network.current = "192.0.2.1 2";
  network.stir();
  assert.equal(network.stirs, 3);
  assert.deepEqual(network.events, []);
  // Gone, and back by another router.
  network.current = undefined;
  network.stir();
  network.current = "192.0.2.2 2";
  network.stir();
  assert.deepEqual(network.events, ["network-changed"]);
  network.watch.close();
});

Deno.test("network watch: sleep is time that the machine was on and did not run", () => {
  const network = new FakeNetwork();
  network.pass(60_000);
  network.watch.look();
  network.pass(500, 900);
  network.watch.look();
  assert.deepEqual(network.events, []);
  network.pass(500, 3_600_000);
  network.watch.look();
  assert.deepEqual(network.events, ["wakeup"]);
  // Woken up somewhere else: one event, not two.
  network.pass(500, 3_600_000);
  network.current = "198.51.100.1 3";
  network.announced = true;
  network.watch.look();
  assert.deepEqual(network.events, ["wakeup", "network-changed"]);
  network.watch.look();
  assert.equal(network.events.length, 2);
  network.watch.close();
});

Deno.test("network watch: what a new connection finds is as it should be", () => {
  const network = new FakeNetwork();
  network.current = "198.51.100.1 3";
  network.watch.settle();
  network.stir();
  assert.deepEqual(network.events, []);
  network.watch.close();
});

Deno.test("network watch: what fails is told, and tried again with the next change", () => {
  const network = new FakeNetwork();
  network.broken = true;
  network.current = "198.51.100.1 3";
  network.stir();
  assert.equal(network.errors.length, 1);
  assert.deepEqual(network.events, []);
  network.broken = false;
  network.stir();
  assert.deepEqual(network.events, ["network-changed"]);
  network.watch.close();
});
