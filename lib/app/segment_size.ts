/**
 * The MSS that `mssfix` means for one session.
 *
 * @module
 */

import { isIpv4Mapped, sockaddrIn6Length } from "deno-tun";
import type { Framing, MtuOptions, Transport } from "../config/mod.ts";
import { cipherInfo, digestInfo } from "../crypto/cipher_table.ts";
import { maximumSegmentSize } from "../data/mssfix.ts";

/** Poly1305's and GCM's tag, bytes. */
const tagLength = 16;

/** What the packets of a session are sealed with, and where they go. */
export interface SessionPackets {
  readonly transport: Transport;
  readonly mtu: MtuOptions;
  readonly cipher: string;
  readonly auth: string;
  readonly framing: Framing;
  readonly dataV2: boolean;
  /** Raw sockaddr. */
  readonly address: Uint8Array;
}

/** For TCP over IPv4 in the tunnel, bytes; 0: TCP is left alone. */
export function sessionSegmentSize(packets: SessionPackets): number {
  const { mtu, framing, dataV2, address } = packets;
  const { kind } = cipherInfo(packets.cipher);
  return maximumSegmentSize({
    transport: packets.transport,
    mssfix: mtu.mssfix,
    counts: mtu.mssfixCounts,
    outerIpv6: address.length === sockaddrIn6Length && !isMapped(address),
    kind,
    macLength: kind === "aead" ? tagLength : digestInfo(packets.auth).length,
    dataV2,
    framingLength: framing === "none" ? 0 : framing === "stub-v2" ? 2 : 1,
  });
}

/** Whether a sockaddr_in6 holds an IPv4 address (RFC 4291, section 2.5.5.2). */
function isMapped(address: Uint8Array): boolean {
  return isIpv4Mapped(address.subarray(8, 24));
}
