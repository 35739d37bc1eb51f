import assert from "node:assert/strict";
import { parsePingTimes } from "../../../scripts/bench/ping.ts";

Deno.test("a time is read from each answer, and not from the summary", () => {
  // As iputils 20221126 prints it.
  const output = `PING 10.8.0.1 (10.8.0.1) 56(84) bytes of data.
64 bytes from 10.8.0.1: icmp_seq=1 ttl=64 time=0.018 ms
64 bytes from 10.8.0.1: icmp_seq=2 ttl=64 time=12.3 ms
64 bytes from 10.8.0.1: icmp_seq=4 ttl=64 time=104 ms

--- 10.8.0.1 ping statistics ---
4 packets transmitted, 3 received, 25% packet loss, time 1001ms
rtt min/avg/max/mdev = 0.018/38.772/104.000/46.400 ms
`;
  assert.deepEqual(parsePingTimes(output), [0.018, 12.3, 104]);
  assert.deepEqual(parsePingTimes("ping: unknown host"), []);
});
