/** Whose connection goes when there are too many. */
import assert from "node:assert/strict";
import { HalfOpenConnections, networkOf } from "../../../../lib/channel/connection/half_open.ts";

Deno.test("the oldest of the network that has most of them goes", () => {
  const closed: string[] = [];
  const connections = new HalfOpenConnections<object>(3);
  const add = (name: string, hostname: string) => {
    const key = { name };
    connections.add(key, hostname, () => void closed.push(name));
    return key;
  };
  const honest = add("honest", "198.51.100.1");
  add("flood 1", "2001:db8::1");
  add("flood 2", "2001:db8::2");
  add("flood 3", "2001:db8:0:0:ffff::3");
  add("flood 4", "2001:db8::4");
  assert.deepEqual(closed, ["flood 1", "flood 2"]);
  assert.equal(connections.size, 3);
  connections.remove(honest);
  connections.remove(honest);
  assert.equal(connections.size, 2);
  connections.clear();
  assert.deepEqual(closed, ["flood 1", "flood 2", "flood 3", "flood 4"]);
});

Deno.test("an IPv6 network is 64 bits, an IPv4 address stands for itself", () => {
  assert.equal(networkOf("2001:db8::1"), networkOf("2001:0db8:0:0:1:2:3:4"));
  assert.notEqual(networkOf("2001:db8::1"), networkOf("2001:db8:0:1::1"));
  assert.equal(networkOf("::ffff:192.0.2.1"), networkOf("192.0.2.1"));
  assert.equal(networkOf("fe80::1%eth0"), networkOf("fe80::2%eth0"));
  assert.equal(networkOf("::1"), "0:0:0:0");
});
