import assert from "node:assert/strict";
import {
  effectiveUserId,
  Epoll,
  EpollEvent,
  Errno,
  iovecLength,
  parseAddress,
  PinnedMemory,
  SysError,
  TunDevice,
  TunOffload,
  TunPort,
  vnetHeaderLength,
  VnetHeaderOffset,
} from "../../ffi/mod.ts";
import { run } from "../harness/command.ts";
import { isolatedTest } from "./isolated.ts";

effectiveUserId();

const here = import.meta.url;
const room = 70_000;

/** What `ip -j` prints about one device. */
interface IpAddress {
  readonly ifname: string;
  readonly mtu: number;
  readonly flags: readonly string[];
  readonly addr_info: readonly {
    readonly local: string;
    readonly prefixlen: number;
    readonly address?: string;
    readonly broadcast?: string;
  }[];
}

async function ipAddress(name: string): Promise<IpAddress | undefined> {
  const all: IpAddress[] = JSON.parse(await run(["ip", "-j", "address"]));
  return all.find(({ ifname }) => ifname === name);
}

/** RFC 1071. */
function internetChecksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** An ICMP or ICMPv6 echo request (RFC 792, RFC 4443) in an IP packet. */
function echoRequest(source: string, destination: string, payload: number): Uint8Array {
  const [from, to] = [parseAddress(source), parseAddress(destination)];
  assert.ok(from && to);
  const ipv6 = from.length === 16;
  const icmp = new Uint8Array(8 + payload).fill(0x55, 8);
  icmp.set([ipv6 ? 128 : 8, 0, 0, 0, 0x12, 0x34, 0, 1]);
  const pseudo = ipv6
    ? [...from, ...to, 0, 0, icmp.length >> 8, icmp.length & 255, 0, 0, 0, 58]
    : [];
  new DataView(icmp.buffer).setUint16(2, internetChecksum(new Uint8Array([...pseudo, ...icmp])));
  if (ipv6) {
    const header = [0x60, 0, 0, 0, icmp.length >> 8, icmp.length & 255, 58, 64, ...from, ...to];
    return new Uint8Array([...header, ...icmp]);
  }
  const length = 20 + icmp.length;
  const header = new Uint8Array([
    0x45,
    0,
    length >> 8,
    length & 255,
    0,
    1,
    0,
    0,
    64,
    1,
    0,
    0,
    ...from,
    ...to,
  ]);
  new DataView(header.buffer).setUint16(10, internetChecksum(header));
  return new Uint8Array([...header, ...icmp]);
}

/** A device that is up, with both families, and a port on it. */
function openUp(
  vnetHeader = false,
): { device: TunDevice; port: TunPort; memory: PinnedMemory; at: number } {
  const device = TunDevice.open({ vnetHeader });
  device.addAddress("10.255.0.1", 24);
  device.addAddress("fd00:ff::1", 64);
  device.up();
  const memory = new PinnedMemory(4 * room);
  return { device, port: new TunPort(device.fd, memory), memory, at: memory.allocate(room) };
}

/** The next packet for which `wanted` holds; the kernel also sends its own (router solicitations). */
function readUntil(
  { device, port, memory, at }: ReturnType<typeof openUp>,
  wanted: (packet: Uint8Array) => boolean,
): Uint8Array {
  const epoll = Epoll.create(1);
  epoll.add(device.fd, EpollEvent.IN, 1);
  try {
    for (;;) {
      assert.equal(epoll.wait(5000), 1, "no packet came within 5 s");
      const length = port.read(at, room);
      const packet = memory.bytes.slice(at, at + length);
      if (length > 0 && wanted(packet)) return packet;
    }
  } finally {
    epoll.close();
  }
}

await isolatedTest(here, "tun: a device is named, configured, and gone after close", async () => {
  const first = TunDevice.open();
  const second = TunDevice.open({ name: "tun" });
  const named = TunDevice.open({ name: "my-vpn.15chars" });
  assert.deepEqual([first.name, second.name, named.name], ["tun0", "tun1", "my-vpn.15chars"]);
  assert.equal(TunDevice.open({ name: "vpn%d" }).name, "vpn0");

  first.setMtu(1300);
  first.addAddress("10.8.0.6", 32, { peer: "10.8.0.5" });
  first.addAddress("10.9.0.1", 24, { broadcast: "10.9.0.255" });
  first.addAddress("fd00::1000", 64);
  first.up();
  const shown = await ipAddress("tun0");
  assert.match(await run(["ip", "-6", "addr", "show", "to", "fd00::1000"]), /scope global nodad/);
  assert.equal(shown?.mtu, 1300);
  assert.ok(shown.flags.includes("UP") && shown.flags.includes("POINTOPOINT"));
  const info = shown.addr_info.map(({ local, prefixlen, address, broadcast }) =>
    [local, prefixlen, address, broadcast].filter((x) => x !== undefined)
  );
  assert.deepEqual(info.slice(0, 3), [
    ["10.8.0.6", 32, "10.8.0.5"],
    ["10.9.0.1", 24, "10.9.0.255"],
    ["fd00::1000", 64],
  ]);

  first.deleteAddress("10.9.0.1", 24);
  first.down();
  const after = await ipAddress("tun0");
  assert.ok(!after?.flags.includes("UP"));
  assert.ok(!after?.addr_info.some(({ local }) => local === "10.9.0.1"));

  first.close();
  first.close();
  assert.equal(await ipAddress("tun0"), undefined);
  assert.ok(await ipAddress("tun1"));
});

await isolatedTest(here, "tun: the kernel answers an echo request, IPv4 and IPv6", () => {
  const tun = openUp();
  const { device, port, memory, at } = tun;
  for (const payload of [0, 1, 56, 1400]) {
    const request = echoRequest("10.255.0.2", "10.255.0.1", payload);
    memory.bytes.set(request, at);
    assert.ok(port.write(at, request.length));
    const reply = readUntil(tun, (packet) => packet[0] === 0x45 && packet[9] === 1);
    assert.equal(reply.length, request.length);
    assert.equal(reply[20], 0, "echo reply");
    assert.deepEqual(reply.subarray(12, 20), new Uint8Array([10, 255, 0, 1, 10, 255, 0, 2]));
    assert.equal(internetChecksum(reply.subarray(20)), 0);
    assert.deepEqual(reply.subarray(24), request.subarray(24));
  }
  const request = echoRequest("fd00:ff::2", "fd00:ff::1", 100);
  // in two pieces, as writev takes them
  memory.bytes.set(request.subarray(0, 40), at);
  memory.bytes.set(request.subarray(40), at + 1000);
  const iovecs = memory.allocate(2 * iovecLength);
  memory.writeIovec(iovecs, at, 40);
  memory.writeIovec(iovecs + iovecLength, at + 1000, request.length - 40);
  assert.ok(port.writev(iovecs, 2));
  const reply = readUntil(tun, (packet) => packet[0] === 0x60 && packet[40] === 129);
  assert.deepEqual(reply.subarray(44), request.subarray(44));
  assert.equal(port.read(at, room), 0, "nothing more");
  assert.equal(port.lastError, Errno.EAGAIN);
  device.close();
});

await isolatedTest(
  here,
  "tun: with a vnet header, TCP comes with its checksum left to us",
  async () => {
    const tun = openUp(true);
    const taken = tun.device.enableOffloads();
    const tcp = TunOffload.CSUM | TunOffload.TSO4 | TunOffload.TSO6;
    assert.equal(taken & tcp, tcp);
    assert.equal(TunDevice.open().enableOffloads(), 0, "not without the header");
    tun.device.setVnetHeaderSize(12);
    tun.device.setVnetHeaderSize(vnetHeaderLength);

    const request = echoRequest("10.255.0.2", "10.255.0.1", 56);
    tun.memory.bytes.fill(0, tun.at, tun.at + vnetHeaderLength);
    tun.memory.bytes.set(request, tun.at + vnetHeaderLength);
    assert.ok(tun.port.write(tun.at, vnetHeaderLength + request.length));
    readUntil(
      tun,
      (packet) => packet[vnetHeaderLength] === 0x45 && packet[vnetHeaderLength + 20] === 0,
    );

    // A TCP connection to 10.255.0.2 sends its SYN here, with the checksum left to us.
    const attempt = Deno.connect({ hostname: "10.255.0.2", port: 9 }).catch(() => {});
    // The connection begins on another turn of the event loop than this one.
    await new Promise((resolve) => setTimeout(resolve));
    const syn = readUntil(tun, (packet) => packet[vnetHeaderLength + 9] === 6);
    assert.equal(syn[VnetHeaderOffset.flags], 1, "NEEDS_CSUM");
    const view = new DataView(syn.buffer);
    assert.equal(view.getUint16(VnetHeaderOffset.checksumStart, true), 20);
    assert.equal(view.getUint16(VnetHeaderOffset.checksumOffset, true), 16);
    tun.device.close();
    await Promise.race([attempt, Promise.resolve()]);
    Deno.exit(0); // the connection would go on trying for minutes
  },
);

await isolatedTest(here, "tun: no packet while down, -1 once the device is deleted", () => {
  const { device, port, memory, at } = openUp();
  device.down();
  // What the kernel sent while it was up (router solicitations) stays in the queue.
  for (let i = 0; i < 100 && port.read(at, room) > 0; i++);
  assert.equal(port.read(at, room), 0);
  const request = echoRequest("10.255.0.2", "10.255.0.1", 8);
  memory.bytes.set(request, at);
  assert.equal(port.write(at, request.length), false);
  assert.equal(port.lastError, Errno.EIO);
  device.up();
  memory.bytes[at] = 0;
  assert.equal(port.write(at, request.length), false, "neither IPv4 nor IPv6");
  assert.equal(port.lastError, Errno.EINVAL);
  device.netlink.deleteLink(device.index);
  assert.equal(port.read(at, room), -1);
  assert.equal(port.lastError, Errno.EBADFD);
  assert.equal(port.write(at, request.length), false);
  device.close();
});

await isolatedTest(here, "tun: bytes outside of the memory are neither read nor written", () => {
  const { device, port, memory } = openUp();
  const { size } = memory;
  for (
    const [offset, length] of [[size, 1], [size - 1, 2], [-1, 1], [0, -1], [0, size + 1], [NaN, 1]]
  ) {
    assert.throws(() => port.read(offset, length), RangeError);
    assert.throws(() => port.write(offset, length), RangeError);
  }
  assert.throws(() => port.writev(size - 16, 2), RangeError);
  device.close();
});

function failsWith(call: string, code: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof SysError, String(error));
    assert.deepEqual([error.call, error.code], [call, code]);
    assert.ok(error.message.includes(code));
    return true;
  };
}

await isolatedTest(here, "tun: a device in use is EBUSY, another kind EINVAL", () => {
  const device = TunDevice.open({ name: "tun7" });
  assert.throws(() => TunDevice.open({ name: "tun7" }), failsWith("ioctl TUNSETIFF", "EBUSY"));
  assert.throws(() => TunDevice.open({ name: "lo" }), failsWith("ioctl TUNSETIFF", "EINVAL"));
  assert.throws(() => device.setOffload(0x1000_0000), failsWith("ioctl TUNSETOFFLOAD", "EINVAL"));
  assert.throws(() => device.setMtu(1), failsWith("netlink RTM_NEWLINK", "EINVAL"));
  device.close();
});

await isolatedTest(here, "tun: without CAP_NET_ADMIN it is EPERM", () => {
  assert.throws(() => TunDevice.open(), failsWith("ioctl TUNSETIFF", "EPERM"));
}, { wrapper: ["setpriv", "--bounding-set=-net_admin"] });

await isolatedTest(here, "tun: without the driver's file it is ENOENT", () => {
  assert.throws(() => TunDevice.open(), failsWith("open /dev/net/tun", "ENOENT"));
}, {
  wrapper: ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /dev/net && exec "$@"', "sh"],
});

await isolatedTest(here, "tun: without the right to the driver's file it is EACCES", () => {
  assert.throws(() => TunDevice.open(), failsWith("open /dev/net/tun", "EACCES"));
}, {
  wrapper: [
    ...["unshare", "--mount", "sh", "-c"],
    'mount -t tmpfs none /dev/net && mknod -m 000 /dev/net/tun c 10 200 && exec "$@"',
    ...["sh", "setpriv", "--bounding-set=-dac_override,-dac_read_search"],
  ],
});

Deno.test("tun: names that the kernel refuses are refused with a reason", () => {
  for (
    const name of ["", ".", "..", "a/b", "a b", "a:b", "a\0b", "sixteen-bytes-xx", "ähnlich-länger"]
  ) {
    assert.throws(
      () => TunDevice.open({ name }),
      /cannot be the name of a network interface/,
      name,
    );
  }
});
