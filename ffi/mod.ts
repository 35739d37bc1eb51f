/**
 * deno-tun: TUN devices, UDP in batches, TCP, epoll and rtnetlink for Deno, on Linux (x86-64 and
 * aarch64) through FFI. Needs `--allow-ffi`, and `CAP_NET_ADMIN` to open and configure devices.
 *
 * Nothing is loaded before the first call. A failed system call is a `SysError` with the name of
 * its errno; on the packet path (`TunPort`, `DatagramPort`, `StreamPort`) it is a return value and
 * `lastError`.
 *
 * ```ts
 * import { Epoll, EpollEvent, PinnedMemory, TunDevice, TunPort } from "deno-tun";
 *
 * const device = TunDevice.open({ name: "tun" });
 * device.setMtu(1400);
 * device.addAddress("10.8.0.1", 24);
 * device.up();
 *
 * const memory = new PinnedMemory(65536);
 * const port = new TunPort(device.fd, memory);
 * const packet = memory.allocate(2048);
 * const epoll = Epoll.create(1);
 * epoll.add(device.fd, EpollEvent.IN, 0);
 * if (epoll.wait(1000) > 0) {
 *   const length = port.read(packet, 2048);
 *   console.log(memory.bytes.subarray(packet, packet + length));
 * }
 * epoll.close();
 * device.close();
 * ```
 *
 * @module
 */

export { findGroup, findUser, peerCredentials, type UserAccount } from "./accounts.ts";
export { formatAddress, isIpv4Mapped, parseAddress } from "./address.ts";
export {
  DatagramPort,
  type DatagramPortOptions,
  maxDatagram,
  maxSegments,
} from "./datagram_port.ts";
export { monotonicMicroseconds } from "./clock.ts";
export { closeStandardStreams, standardStreamDescriptors } from "./standard_streams.ts";
export { Epoll, EpollEvent } from "./epoll.ts";
export { Errno, errnoName, SysError } from "./errors.ts";
export { drainEventFd, EventFd, signalEventFd } from "./eventfd.ts";
export { effectiveUserId } from "./libc.ts";
export { InetSocket } from "./inet_socket.ts";
export { IpsecMb } from "./ipsec_mb.ts";
export { type IpsecMbAead, IpsecMbAeadContext } from "./ipsec_mb_aead.ts";
export { CbcHmacContext, type IpsecMbDigest } from "./ipsec_mb_cbc_hmac.ts";
export { burstCapacity } from "./ipsec_mb_jobs.ts";
export { longestMessage } from "./ipsec_mb_layout.ts";
export { IpsecMbUnavailable } from "./ipsec_mb_manager.ts";
export { AeadContext, CbcContext, HmacContext, LibCrypto } from "./libcrypto.ts";
export { LibSodium } from "./libsodium.ts";
export { iovecLength, PinnedMemory } from "./memory.ts";
export { Netlink } from "./netlink.ts";
export { NetlinkMonitor } from "./netlink_monitor.ts";
export type { InterfaceAddress } from "./netlink_addresses.ts";
export type { Link } from "./netlink_links.ts";
export { type Route, RouteProtocol, RouteScope, RouteTable, RouteType } from "./netlink_routes.ts";
export type { Rule } from "./netlink_rules.ts";
export { networkNamespaceCookie } from "./network_namespace.ts";
export { deleteNftTable, hasNftTable, NftFamily } from "./nftables.ts";
export {
  TunOffload,
  VnetGsoType,
  VnetHeaderFlag,
  vnetHeaderLength,
  VnetHeaderOffset,
} from "./offload.ts";
export {
  decodeSockaddr,
  encodeSockaddr,
  interfaceIndex,
  sockaddrIn6Length,
  sockaddrInLength,
  type SocketAddress,
} from "./sockaddr.ts";
export { blockSignal, isSignalBlocked, Signal, takeSignal } from "./signal_mask.ts";
export { execute } from "./execute.ts";
export { releaseFreeMemory } from "./free_memory.ts";
export { type TunAddressOptions, TunDevice, type TunOptions } from "./tun.ts";
export { TunPort } from "./tun_port.ts";
export { MtuDiscover, type SocketOptions } from "./socket_options.ts";
export { StreamPort, StreamWorkspace } from "./stream_port.ts";
export {
  acceptConnection,
  type AcceptedConnection,
  closeConnection,
  connectionError,
  type TcpConnectOptions,
  TcpListener,
  type TcpListenOptions,
  TcpSocket,
} from "./tcp.ts";
export {
  Capability,
  dropPrivileges,
  type Identity,
  setNice,
  withKeptCapabilities,
} from "./privileges.ts";
export { UnixDatagram } from "./unix_datagram.ts";
export {
  enableReceiveOffload,
  sendDatagram,
  supportsSegmentation,
  type UdpOptions,
  UdpSocket,
} from "./udp.ts";
