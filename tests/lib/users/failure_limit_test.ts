import assert from "node:assert/strict";
import { FailureLimit, sourceKey } from "../../../lib/users/failure_limit.ts";

const options = { failures: 3, pause: 100, memory: 1000, capacity: 10 };

Deno.test("after some failures there is one attempt per pause", () => {
  const limit = new FailureLimit(options);
  for (let i = 0; i < 3; i++) {
    assert.equal(limit.wait("a", i), 0);
    limit.failed("a", i);
  }
  assert.equal(limit.wait("a", 2), 100);
  assert.equal(limit.wait("b", 2), 0);
  assert.equal(limit.wait("a", 102), 0);
  limit.failed("a", 102);
  assert.equal(limit.wait("a", 103), 99);
});

Deno.test("failures are forgotten after a while, or with success", () => {
  const limit = new FailureLimit(options);
  for (let i = 0; i < 5; i++) limit.failed("a", 0);
  limit.failed("a", 1000);
  assert.equal(limit.wait("a", 1000), 0);
  for (let i = 0; i < 5; i++) limit.failed("b", 0);
  limit.succeeded("b");
  assert.equal(limit.wait("b", 0), 0);
});

Deno.test("what is remembered is bounded, the latest stay", () => {
  const limit = new FailureLimit(options);
  for (let round = 0; round < 3; round++) limit.failed("stays", 0);
  for (let i = 0; i < 1000; i++) {
    limit.failed(`x${i}`, i);
    if (i % 5 === 0) limit.failed("stays", i);
  }
  assert.equal(limit.size, 10);
  assert.ok(limit.wait("stays", 1000) > 0);
  assert.equal(limit.wait("x1", 1), 0);
});

Deno.test("the hosts of an IPv6 network are one source", () => {
  assert.equal(sourceKey("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2");
  assert.equal(sourceKey("2001:db8::1"), "2001:db8:0:0");
  assert.equal(sourceKey("::1"), "0:0:0:0");
  assert.equal(sourceKey("fe80::1%eth0"), "fe80:0:0:0");
  assert.equal(sourceKey("2001:0db8:0001:0002::"), "2001:db8:1:2");
  assert.equal(sourceKey("::ffff:192.0.2.1"), "192.0.2.1");
  assert.equal(sourceKey("192.0.2.1"), "192.0.2.1");
});
