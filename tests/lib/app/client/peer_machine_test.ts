import assert from "node:assert/strict";
import { effectiveUserId } from "deno-tun";
import { peerMachine } from "../../../../lib/app/client/peer_machine.ts";
import { isolatedTest } from "../../../ffi/isolated.ts";
import { connectMachine, ip } from "../../net/machine.ts";

effectiveUserId(); // loads libc before the sanitizers look

await isolatedTest(
  import.meta.url,
  "push-peer-info names the interface of the default gateway",
  async () => {
    assert.equal(peerMachine().hardwareAddress, undefined);
    await connectMachine();
    const [, address] = /link\/ether (\S+)/.exec(await ip("link show dev wan0"))!;
    assert.equal(peerMachine().hardwareAddress, address);
    // The tunnel's own has none.
    await ip("tuntap add tun9 mode tun");
    await ip("link set tun9 up");
    await ip("route add default dev tun9 metric 1");
    assert.equal(peerMachine().hardwareAddress, undefined);
    assert.equal(peerMachine().release, Deno.osRelease());
  },
);
