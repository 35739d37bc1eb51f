// The worker with a real TUN device: the kernel pings through it. The far end is a packet loop in
// this thread on a real socket, whose device is a memory that answers.

import { availableEngines } from "../crypto/available_engines.ts";
import assert from "node:assert/strict";
import { DatagramPort, TunDevice, UdpSocket } from "deno-tun";
import { DropReason } from "../../../lib/data/drop_reason.ts";
import { DataPlane, type DataPlaneEvent } from "../../../lib/loop/data_plane.ts";
import { InMemoryNetwork } from "../../../lib/loop/in_memory.ts";
import { isolatedTest } from "../../ffi/isolated.ts";
import { run, tryRun } from "../../harness/command.ts";
import { keyPair, sockaddr, TunnelEnd } from "./tunnel.ts";

const near = "10.9.0.2";
const far = "10.9.0.1";

/** Turns an ICMP echo request (RFC 792), or one of its fragments, into the reply. */
function answer(packet: Uint8Array): Uint8Array | undefined {
  if (packet[0] !== 0x45 || packet[9] !== 1) return undefined;
  const reply = packet.slice();
  reply.set(packet.subarray(16, 20), 12);
  reply.set(packet.subarray(12, 16), 16);
  const view = new DataView(reply.buffer);
  const fragmentOffset = view.getUint16(6) & 0x1fff;
  if (fragmentOffset > 0) return reply;
  reply[20] = 0;
  const sum = view.getUint16(22) + 0x0800; // RFC 1624: the type's 8 is gone
  view.setUint16(22, (sum & 0xffff) + (sum >>> 16));
  return reply;
}

function milliseconds(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

for (const engine of availableEngines) {
  await isolatedTest(
    import.meta.url,
    `the kernel pings through the worker's TUN device, while keys change: ${engine}`,
    async () => {
      await run(["ip", "link", "set", "lo", "up"]);
      const device = TunDevice.open({ name: "tun" });
      device.setMtu(1500);
      device.addAddress(near, 24);
      device.up();
      const nearSocket = UdpSocket.bind({ hostname: "127.0.0.1", port: 0 });
      const farSocket = UdpSocket.bind({ hostname: "127.0.0.1", port: 0 });
      const nearAddress = `127.0.0.1:${nearSocket.localAddress().port}`;
      const farAddress = `127.0.0.1:${farSocket.localAddress().port}`;

      const end = new TunnelEnd(new InMemoryNetwork(), {
        role: "server",
        address: farAddress,
        engine,
      });
      const port = new DatagramPort(farSocket.fd, end.memory, { messages: 64 });
      end.loop.attachSocket(0, port, { segmentation: false, coalescing: false });
      await end.addPeer(0, nearAddress, { remotePeerId: 0 });
      await end.addRoute(0, near);

      const events: DataPlaneEvent[] = [];
      let installed = Promise.withResolvers<void>();
      const detached = Promise.withResolvers<void>();
      const plane = await DataPlane.start({
        engine,
        maxPeers: 1,
        role: "client",
        clientToClient: false,
        float: false,
        offload: true,
        onEvent: (event) => {
          events.push(event);
          if (event.kind === "tun-detached") detached.resolve();
          if (event.kind === "key-installed") installed.resolve();
        },
      });
      assert.equal(plane.engine, engine);
      plane.command({ kind: "attach-socket", socket: 3, fd: nearSocket.fd, protocol: "udp" });
      plane.command({
        kind: "attach-tun",
        fd: device.fd,
        mtu: 1500,
        vnetHeader: false,
        udpSegmentation: false,
      });
      plane.command({
        kind: "add-peer",
        peer: 0,
        socket: 3,
        address: sockaddr(farAddress),
        remotePeerId: 0,
        framing: "none",
        pingInterval: 0,
        pingTimeout: 0,
        replayWindow: 64,
        replayTime: 15_000,
      });
      const negotiate = async (keyId: number) => {
        const keys = keyPair(keyId % 2 === 0 ? "AES-256-GCM" : "AES-128-CBC");
        await end.installKey(0, keyId, keys.server(), false);
        installed = Promise.withResolvers<void>();
        plane.command({ kind: "install-key", peer: 0, keyId, ...keys.client() });
        plane.command({ kind: "activate-key", peer: 0, keyId });
        await installed.promise;
        await end.loop.execute({ kind: "activate-key", peer: 0, keyId });
      };
      await negotiate(0);

      let done = false;
      const serve = async () => {
        for (let turns = 0; !done; turns++) {
          end.loop.markSocketReadable(0);
          await end.work();
          const replies = end.device.outbound.splice(0).map(answer).filter((p) => p !== undefined);
          end.device.inbound.push(...replies);
          if (replies.length > 0) await end.work();
          if (turns % 50 === 49) await negotiate(1 + Math.floor(turns / 50) % 7);
          await milliseconds(1);
        }
      };
      const serving = serve();
      // Ping itself gives the last reply two round trips only, so that on a busy machine it counts
      // late ones as lost. What it got is looked at loosely, our own counters exactly.
      let expected = 0;
      try {
        for (const [count, size] of [[100, 56], [50, 1472], [20, 5000], [10, 0]]) {
          const options = ["-c", `${count}`, "-s", `${size}`, "-i", "0.005", "-q"];
          const { stdout } = await tryRun(["ping", ...options, far]);
          const received = Number(/(\d+) received/.exec(stdout)?.[1]);
          assert.ok(received >= count - 2, stdout);
          expected += count * Math.ceil((size + 8) / 1480); // fragments of an MTU of 1,500
        }
        const replies = () => plane.counters.peer(0).packetsIn;
        for (let tries = 0; tries < 2000 && replies() < expected; tries++) await milliseconds(1);
      } finally {
        done = true;
        await serving;
      }
      const nearTraffic = plane.counters.peer(0);
      const farTraffic = end.counters.peer(0);
      assert.ok(nearTraffic.packetsIn >= expected);
      assert.equal(nearTraffic.packetsOut, farTraffic.packetsIn);
      assert.equal(nearTraffic.packetsIn, farTraffic.packetsOut);
      for (const { drops } of [plane.counters, end.counters]) {
        for (const reason of [DropReason.UNKNOWN_KEY, DropReason.NOT_AUTHENTIC]) {
          assert.equal(drops[reason], 0);
        }
      }
      assert.ok(events.filter((event) => event.kind === "key-installed").length > 3);

      plane.command({ kind: "detach-tun" });
      await detached.promise;
      device.close();
      await plane.stop();
      end.loop.stop();
      nearSocket.close();
      farSocket.close();
      assert.deepEqual(events.filter((event) => event.kind === "failed"), []);
    },
  );
}

await isolatedTest(import.meta.url, "a device deleted by somebody ends the worker", async () => {
  const device = TunDevice.open({ name: "tun" });
  device.addAddress(near, 24);
  device.up();
  const failed = Promise.withResolvers<string>();
  const plane = await DataPlane.start({
    engine: "auto",
    maxPeers: 1,
    role: "client",
    clientToClient: false,
    float: false,
    offload: true,
    onEvent: (event) => {
      if (event.kind === "failed") failed.resolve(event.message);
    },
  });
  plane.command({
    kind: "attach-tun",
    fd: device.fd,
    mtu: 1500,
    vnetHeader: false,
    udpSegmentation: false,
  });
  await run(["ip", "link", "delete", device.name]);
  assert.match(await failed.promise, /TUN device is gone/);
  await plane.stop();
  device.close();
});
