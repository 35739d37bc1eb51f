/**
 * Sends or counts UDP datagrams: the two ends of a packet-rate measurement.
 *
 * iperf3 takes and gives one datagram per system call: on the machine this was written on it loses
 * datagrams of 64 bytes above some 60,000 per second on the loopback interface, without any tunnel.
 * Here `sendmmsg` and `recvmmsg` take many. Each datagram is a packet of its own all the same (no
 * UDP_SEGMENT, no UDP_GRO).
 *
 * ```text
 * udp_program.ts receive ADDRESS PORT LENGTH           prints "listening", then
 *                                                      "received N in S s", first to last
 * udp_program.ts send ADDRESS PORT LENGTH RATE SECONDS prints "sent N in S s"
 * ```
 *
 * @module
 */

import { DatagramPort, encodeSockaddr, Epoll, EpollEvent, PinnedMemory, UdpSocket } from "deno-tun";
import { print } from "../print.ts";

const batch = 64;
/** In bytes. Large, so that no datagram is lost for want of a receiver that runs just then. */
const receiveBuffer = 32 << 20;
/** The receiver ends when so long nothing came after something did, in ms. */
const silence = 300;
/** … and when so long nothing comes at all, in ms. */
const patience = 10_000;
/** Time between two looks at the clock, in ms; what is due then leaves at once. */
const tick = 0.5;
/** What a sender that was not scheduled may send too late at once, in ms' worth of packets. */
const lateness = 1;

function receive(address: string, port: number, length: number): void {
  const socket = UdpSocket.bind({ hostname: address, port, receiveBuffer });
  const memory = new PinnedMemory(1 << 20);
  const datagrams = new DatagramPort(socket.fd, memory, { messages: batch });
  const room = 2048;
  for (let i = 0; i < batch; i++) datagrams.prepareReceive(i, memory.allocate(room), room);
  const epoll = Epoll.create(1);
  epoll.add(socket.fd, EpollEvent.IN, 0);
  print("listening");
  let received = 0;
  let [first, last] = [0, 0];
  while (epoll.wait(received === 0 ? patience : silence) > 0) {
    last = performance.now();
    if (received === 0) first = last;
    for (let count = batch; count === batch;) {
      count = datagrams.receive();
      for (let i = 0; i < count; i++) if (datagrams.receivedLength(i) === length) received++;
    }
  }
  print(`received ${received} in ${((last - first) / 1000).toFixed(6)} s`);
  epoll.close();
  socket.close();
}

function send(address: string, port: number, length: number, rate: number, seconds: number): void {
  const socket = UdpSocket.bind({ port: 0, family: 4 });
  const memory = new PinnedMemory(1 << 20);
  const datagrams = new DatagramPort(socket.fd, memory, { messages: batch });
  const sockaddr = encodeSockaddr(address, port);
  const to = memory.allocate(sockaddr.length, 8);
  memory.bytes.set(sockaddr, to);
  const payload = memory.allocate(length);
  crypto.getRandomValues(memory.bytes.subarray(payload, payload + length));
  const sleeper = new Int32Array(new SharedArrayBuffer(4));

  let sent = 0;
  // What can't be made good any more, so that a late sender doesn't flood the tunnel's queue.
  let forgone = 0;
  const start = performance.now();
  const end = start + seconds * 1000;
  for (let now = start; now < end; now = performance.now()) {
    const due = Math.floor((now - start) * rate / 1000) - sent - forgone;
    const most = Math.ceil((tick + lateness) * rate / 1000);
    if (due > most) forgone += due - most;
    for (let left = Math.min(due, most); left > 0;) {
      for (let i = Math.min(left, batch); i > 0; i--) {
        datagrams.beginMessage(to, sockaddr.length);
        datagrams.append(payload, length);
        datagrams.endMessage();
      }
      const count = datagrams.flush();
      sent += count;
      left -= count;
      if (datagrams.pending > 0) {
        // The kernel takes no more just now (EAGAIN): the rest is due again at the next look.
        datagrams.clear();
        break;
      }
    }
    Atomics.wait(sleeper, 0, 0, tick);
  }
  print(`sent ${sent} in ${((performance.now() - start) / 1000).toFixed(6)} s`);
  socket.close();
}

if (import.meta.main) {
  const [role, address, ...numbers] = Deno.args;
  const [port, length, rate, seconds] = numbers.map(Number);
  if (role === "receive") receive(address, port, length);
  else send(address, port, length, rate, seconds);
}
