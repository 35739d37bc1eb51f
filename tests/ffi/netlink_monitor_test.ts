import assert from "node:assert/strict";
import { effectiveUserId, Netlink, NetlinkMonitor } from "deno-tun";
import { run } from "../harness/command.ts";
import { isolatedTest } from "./isolated.ts";

effectiveUserId(); // loads libc before the sanitizers look

await isolatedTest(
  import.meta.url,
  "changes of links, addresses and routes are heard",
  async () => {
    const monitor = NetlinkMonitor.open();
    assert.equal(monitor.changed(), false);
    const steps = [
      "link set lo up",
      "link add left type veth peer name right",
      "addr add 192.0.2.1/24 dev left",
      "-6 addr add 2001:db8::1/64 dev left nodad",
      "link set left up",
      "link set right up",
      "route add 198.51.100.0/24 via 192.0.2.9",
      "-6 route add 2001:db8:9::/48 via 2001:db8::9",
      "route del 198.51.100.0/24",
    ];
    for (const step of steps) {
      await run(["ip", ...step.split(" ")]);
      assert.equal(monitor.changed(), true, step);
    }
    // More than the kernel keeps for us is a change as well.
    const netlink = Netlink.open();
    const route = { destination: "198.51.100.0", prefixLength: 24, gateway: "192.0.2.9" };
    for (let i = 0; i < 2000; i++) {
      netlink.addRoute(route);
      netlink.deleteRoute(route);
    }
    netlink.close();
    assert.equal(monitor.changed(), true);
    monitor.close();
    monitor.close();
  },
);
