/**
 * What crosses between the two threads: commands from main to the worker, events back.
 *
 * Queues: commands are posted and the eventfd is written; they are never dropped. Control
 * datagrams on their way to main are bounded by `controlBacklogLimit`; above it they are dropped,
 * the reliable layer repairs that.
 *
 * @module
 */

import type { AccessRule } from "../data/access_list.ts";
import type { EngineChoice, KeyMaterial } from "../crypto/engine.ts";

/** Control datagrams that may wait for main at the same time; more are dropped. */
export const controlBacklogLimit = 512;

/**
 * How payloads of the data channel are framed; nothing is ever compressed. `stub`: `comp-lzo no`;
 * `stub-swap`: `compress` and `compress stub`; `stub-v2`: `compress stub-v2`.
 */
export type CompressionFraming = "none" | "stub" | "stub-swap" | "stub-v2";

/** To a worker that was started early, before `start`: what it can open already. Not counted. */
export interface PrepareMessage {
  readonly kind: "prepare";
  readonly engine: EngineChoice;
}

/** First command to the worker. */
export interface StartCommand {
  readonly kind: "start";
  /** eventfd that main writes after each posted command. */
  readonly eventFd: number;
  /** `SharedCounters` of counters.ts. */
  readonly counters: SharedArrayBuffer;
  readonly engine: EngineChoice;
  /** Peers are numbered 0 to `maxPeers` - 1; on a server the number is the peer-id. */
  readonly maxPeers: number;
  /** Server: packets are routed to peers by destination; client: everything goes to peer 0. */
  readonly role: "server" | "client";
  /** Server: packets between clients are forwarded here rather than by the kernel. */
  readonly clientToClient: boolean;
  /** Server: clients may be exit nodes (`set-exit`). Default: no. */
  readonly clientExits?: boolean;
  /** Server: IPv6 packets of clients are refused, with answers from this address (16 bytes). */
  readonly ipv6RefusalSource?: Uint8Array;
  /** Client: accept packets of a peer from any address (`float`); a server always does. */
  readonly float: boolean;
  /** TUN and UDP offloads; off with `--disable-offload`. */
  readonly offload: boolean;
}

/**
 * A TUN device to read from and write to, answered by `tun-attached`; the fd stays main's to close.
 */
export interface AttachTunCommand {
  readonly kind: "attach-tun";
  readonly fd: number;
  /** Largest packet that crosses, in bytes. */
  readonly mtu: number;
  /** Whether the device was opened with `IFF_VNET_HDR`: packets come and go in runs. */
  readonly vnetHeader: boolean;
  /** Whether the kernel takes runs of UDP datagrams from it too (`TUN_F_USO4`, `TUN_F_USO6`). */
  readonly udpSegmentation: boolean;
}

/**
 * No packet is read from or written to the TUN device from here on; answered with `tun-detached`,
 * after which main may close the fd.
 */
export interface DetachTunCommand {
  readonly kind: "detach-tun";
}

/** A UDP socket; the fd stays main's to close, after `socket-detached`. */
export interface AttachUdpCommand {
  readonly kind: "attach-socket";
  /** A number that main gives, below `firstConnection`; names the socket in other messages. */
  readonly socket: number;
  readonly fd: number;
  readonly protocol: "udp";
}

/**
 * A TCP socket that is connected or about to be; the fd stays main's to close, after
 * `socket-detached`. `connection-opened` tells when it is connected, `connection-closed` that it
 * isn't any more or never will be.
 */
export interface AttachTcpCommand extends Omit<AttachUdpCommand, "protocol"> {
  readonly protocol: "tcp";
  /** The other end's raw sockaddr. */
  readonly address: Uint8Array;
  /** Longest packet that is taken, in bytes; a longer one ends the connection. 1 to 65,535. */
  readonly maximumFrame: number;
}

/** See the two. */
export type AttachSocketCommand = AttachUdpCommand | AttachTcpCommand;

/**
 * A TCP socket that listens; the fd stays main's to close, after `socket-detached`. The worker
 * accepts connections, numbers them as sockets, tells of them by `connection-opened`, and closes
 * them.
 */
export interface AttachListenerCommand {
  readonly kind: "attach-listener";
  /** As of `attach-socket`. */
  readonly socket: number;
  readonly fd: number;
  /** As of `attach-socket`, for each connection. */
  readonly maximumFrame: number;
  /** Connections at the same time; further ones wait. */
  readonly maximumConnections: number;
}

/** Closes an accepted connection, if it is still there. What was sent before still goes. */
export interface CloseConnectionCommand {
  readonly kind: "close-connection";
  readonly socket: number;
}

/** Sends a control packet over a TCP connection, in its turn among the data packets. */
export interface SendControlCommand {
  readonly kind: "send-control";
  readonly socket: number;
  readonly datagram: Uint8Array;
}

/** For a UDP socket, a TCP socket or a listener. Answered with `socket-detached`. */
export interface DetachSocketCommand {
  readonly kind: "detach-socket";
  readonly socket: number;
}

/** Accepted connections have numbers from here on, and no number comes twice. */
export const firstConnection = 1 << 16;

/** A peer that packets can come from and go to. */
export interface AddPeerCommand {
  readonly kind: "add-peer";
  readonly peer: number;
  readonly socket: number;
  /** The peer's address as a raw `sockaddr_in` (16 bytes) or `sockaddr_in6` (28 bytes). */
  readonly address: Uint8Array;
  /** peer-id to write into P_DATA_V2 (24 bits); without it packets go out as P_DATA_V1. */
  readonly remotePeerId?: number;
  readonly framing: CompressionFraming;
  /** A ping is sent after that many ms without another packet to the peer; 0: never. */
  readonly pingInterval: number;
  /** `peer-timeout` is reported after that many ms without an authentic packet; 0: never. */
  readonly pingTimeout: number;
  /** Replay window: packets (`replay-window N`), 0: ids must rise strictly. */
  readonly replayWindow: number;
  /** Replay window: ms (`replay-window N SECONDS`). */
  readonly replayTime: number;
  /** `mssfix`: MSS for TCP over IPv4 in the tunnel, bytes; 0, the default: TCP is left alone. */
  readonly maximumSegmentSize?: number;
  /** With whom the peer may talk; absent: with everybody. */
  readonly accessRules?: readonly AccessRule[];
}

/** Changes what is given, leaves the rest. */
export interface UpdatePeerCommand
  extends Partial<Omit<AddPeerCommand, "kind" | "replayWindow" | "replayTime">> {
  readonly kind: "update-peer";
  readonly peer: number;
}

/** Wipes the peer's keys and forgets its routes. */
export interface RemovePeerCommand {
  readonly kind: "remove-peer";
  readonly peer: number;
}

/** Explicit exit notification (OCC_EXIT) over the data channel, sent at once. */
export interface SendExitCommand {
  readonly kind: "send-exit";
  readonly peer: number;
}

/**
 * The keys of one negotiation, for receiving from here on; for sending after `activate-key`. The
 * sender of the message wipes its own copies; the worker wipes the message's after use. Answered
 * with `key-installed`.
 */
export interface InstallKeyCommand {
  readonly kind: "install-key";
  readonly peer: number;
  /** 0 to 7. */
  readonly keyId: number;
  readonly seal: KeyMaterial;
  readonly open: KeyMaterial;
}

/** From here on the peer's packets are sealed with this key. */
export interface ActivateKeyCommand {
  readonly kind: "activate-key";
  readonly peer: number;
  readonly keyId: number;
}

/** The key is no longer accepted; its material is wiped. */
export interface RetireKeyCommand {
  readonly kind: "retire-key";
  readonly peer: number;
  readonly keyId: number;
}

/** Server: packets to this network go to that peer, and only it may send from there. */
export interface AddRouteCommand {
  readonly kind: "add-route";
  readonly peer: number;
  /** 4 or 16 bytes. */
  readonly network: Uint8Array;
  /** 0 to 32, or 0 to 128. */
  readonly prefixLength: number;
}

/** Undoes `add-route`. */
export interface RemoveRouteCommand extends Omit<AddRouteCommand, "kind"> {
  readonly kind: "remove-route";
}

/** Server: a peer's Internet traffic goes by `exit` from here on. */
export interface SetExitCommand {
  readonly kind: "set-exit";
  readonly peer: number;
  /** Another peer's number, `serverExit` or `noExit` of lib/data/exit_routes.ts. */
  readonly exit: number;
}

/** Server: what is in this network is not the Internet. */
export interface AddInsideNetworkCommand {
  readonly kind: "add-inside-network";
  /** 4 or 16 bytes. */
  readonly network: Uint8Array;
  /** 0 to 32, or 0 to 128. */
  readonly prefixLength: number;
}

/**
 * The worker lets its runtime run for a moment: what else waits there, as Deno's collection of
 * metrics, which asks every thread, does not get its turn while the loop waits in epoll.
 */
export interface YieldCommand {
  readonly kind: "yield";
}

/** The worker detaches all, wipes all keys, answers `stopped` and ends. */
export interface StopCommand {
  readonly kind: "stop";
}

/** Main to worker. */
export type Command =
  | StartCommand
  | AttachTunCommand
  | DetachTunCommand
  | AttachSocketCommand
  | AttachListenerCommand
  | CloseConnectionCommand
  | SendControlCommand
  | DetachSocketCommand
  | AddPeerCommand
  | UpdatePeerCommand
  | RemovePeerCommand
  | SendExitCommand
  | InstallKeyCommand
  | ActivateKeyCommand
  | RetireKeyCommand
  | AddRouteCommand
  | RemoveRouteCommand
  | SetExitCommand
  | AddInsideNetworkCommand
  | YieldCommand
  | StopCommand;

/** Worker to main. */
export type WorkerEvent =
  | { readonly kind: "ready"; readonly engine: string }
  /** A datagram whose opcode is not a data packet's. `address`: raw sockaddr. */
  | {
    readonly kind: "control-datagram";
    readonly socket: number;
    readonly address: Uint8Array;
    readonly datagram: Uint8Array;
  }
  | { readonly kind: "key-installed"; readonly peer: number; readonly keyId: number }
  /** An authentic packet came from another address; packets go there from now on. */
  | {
    readonly kind: "peer-float";
    readonly peer: number;
    readonly socket: number;
    readonly address: Uint8Array;
  }
  | { readonly kind: "peer-timeout"; readonly peer: number }
  /** The peer said that it ends (OCC_EXIT). */
  | { readonly kind: "peer-exit"; readonly peer: number }
  /** The key neared its limit of packets; main renegotiates. */
  | { readonly kind: "key-exhausting"; readonly peer: number; readonly keyId: number }
  /** A listener's new connection, or an attached TCP socket that is connected now. */
  | {
    readonly kind: "connection-opened";
    /** That it came in by; absent for an attached socket. */
    readonly listener?: number;
    readonly socket: number;
    /** The other end's raw sockaddr. */
    readonly address: Uint8Array;
  }
  /** A connection is over, and not by `close-connection` or `detach-socket`. */
  | {
    readonly kind: "connection-closed";
    readonly socket: number;
    /** For a log: `closed by the peer`, `ECONNRESET`, `frame of 0 bytes`. */
    readonly reason: string;
  }
  | { readonly kind: "socket-detached"; readonly socket: number }
  | { readonly kind: "tun-attached" }
  | { readonly kind: "tun-detached" }
  | { readonly kind: "log"; readonly verb: number; readonly message: string }
  /** The worker cannot go on. */
  | { readonly kind: "failed"; readonly message: string; readonly remedy?: string }
  | { readonly kind: "stopped" };
