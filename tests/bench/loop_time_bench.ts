/**
 * What it costs the worker to count a turn: to be held against a turn, which is some 20 µs with one
 * packet and some 100 with a full batch.
 */
import { SharedCounters } from "../../lib/loop/counters.ts";

const counters = SharedCounters.create(1024);

Deno.bench("a clock read", () => {
  performance.now();
});

Deno.bench("a turn counted: two clock reads and two stores", () => {
  const woken = performance.now();
  counters.countTurn(performance.now() - woken);
});
