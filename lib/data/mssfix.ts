/**
 * `mssfix`: TCP connections through the tunnel are told a maximum segment size such that their
 * packets, sealed, fit the path in one piece.
 *
 * Source: OpenVPN's `mss.c` (`mss_fixup_ipv4`, `_ipv6`, `_dowork`; `frame_calculate_mssfix`), `mtu.c`
 * (`frame_calculate_protocol_header_size`, `datagram_overhead`);
 * RFC 9293, section 3.7.1; openvpn(8), `--mssfix`.
 *
 * @module
 */

import { updateChecksum } from "./internet_checksum.ts";
import {
  Ipv4Field,
  ipv4FragmentMask,
  ipv4HeaderLength,
  Ipv6Field,
  ipv6HeaderLength,
} from "./ip_header.ts";
import { Protocol, TcpField, TcpFlag, tcpHeaderLength } from "./transport_header.ts";

/** What a segment size is computed from; sizes in bytes. */
export interface SegmentSizeOptions {
  /** `mssfix`; 0: TCP is left alone. */
  readonly mssfix: number;
  /** How the sealed packets travel. Default: UDP. */
  readonly transport?: "udp" | "tcp";
  /** What it counts: the transport's payload, that with its headers, or the packet in the tunnel. */
  readonly counts: "payload" | "mtu" | "fixed";
  /** Whether the outer packets are IPv6. */
  readonly outerIpv6: boolean;
  /** AEAD: `macLength` is the tag's. */
  readonly kind: "aead" | "cbc-hmac";
  readonly macLength: number;
  /** P_DATA_V2 rather than V1. */
  readonly dataV2: boolean;
  /** Bytes that compression framing may add. */
  readonly framingLength: number;
}

const innerHeaders = ipv4HeaderLength + tcpHeaderLength;
const udpHeader = 8;
/** The length in front of a packet in a TCP stream. */
const streamHeader = 2;
const packetId = 4;
const block = 16;

/** The MSS for TCP over IPv4 in the tunnel; over IPv6 it is 20 less. 0: TCP is left alone. */
export function maximumSegmentSize(options: SegmentSizeOptions): number {
  const { mssfix, counts, kind, macLength, framingLength } = options;
  if (mssfix === 0) return 0;
  if (counts === "fixed") return Math.max(0, mssfix - innerHeaders);
  const tcp = options.transport === "tcp";
  const outer = counts === "mtu"
    ? (options.outerIpv6 ? ipv6HeaderLength : ipv4HeaderLength) +
      (tcp ? tcpHeaderLength : udpHeader)
    : 0;
  const header = (options.dataV2 ? 4 : 1) + (tcp ? streamHeader : 0);
  const payload = framingLength + innerHeaders;
  if (kind === "aead") return Math.max(0, mssfix - outer - header - packetId - macLength - payload);
  const room = mssfix - outer - header - macLength - block;
  // The ciphertext has whole blocks, with at least one byte of padding in the last one.
  return Math.max(0, room - room % block - 1 - packetId - payload);
}

/** The kind and length of the option, RFC 9293, section 3.2. */
const Option = { END: 0, NOP: 1, MSS: 2 } as const;
const mssOptionLength = 4;
/** IPv6's header is that much longer than IPv4's. */
const ipv6Extra = ipv6HeaderLength - ipv4HeaderLength;

/**
 * Lowers the MSS option of a TCP SYN in place; any other packet stays as it is.
 *
 * @param offset Of the IP packet.
 * @param length Of it, 1 or more.
 * @param mss Over IPv4, above 0.
 */
export function clampSegmentSize(
  view: DataView,
  offset: number,
  length: number,
  mss: number,
): void {
  const version = view.getUint8(offset) >>> 4;
  let header: number;
  if (version === 4) {
    header = (view.getUint8(offset) & 0xf) * 4;
    if (length < header + tcpHeaderLength || header < ipv4HeaderLength) return;
    if (view.getUint8(offset + Ipv4Field.protocol) !== Protocol.TCP) return;
    if ((view.getUint16(offset + Ipv4Field.fragment) & ipv4FragmentMask) !== 0) return;
  } else {
    header = ipv6HeaderLength;
    if (version !== 6 || length < header + tcpHeaderLength) return;
    if (view.getUint8(offset + Ipv6Field.nextHeader) !== Protocol.TCP) return;
    mss -= ipv6Extra;
  }
  const tcp = offset + header;
  if ((view.getUint8(tcp + TcpField.flags) & TcpFlag.SYN) === 0) return;
  const options = tcp + TcpField.options;
  const end = tcp + (view.getUint8(tcp + TcpField.dataOffset) >>> 4) * 4;
  if (mss > 0 && end <= offset + length) clampOption(view, tcp, options, end, mss);
}

function clampOption(view: DataView, tcp: number, at: number, end: number, mss: number): void {
  while (at < end) {
    const kind = view.getUint8(at);
    if (kind === Option.END) return;
    if (kind === Option.NOP) {
      at++;
      continue;
    }
    if (at + 2 > end) return;
    const optionLength = view.getUint8(at + 1);
    if (optionLength < 2 || at + optionLength > end) return;
    if (kind === Option.MSS && optionLength === mssOptionLength) {
      const before = view.getUint16(at + 2);
      if (before > mss) replace(view, tcp, at + 2, before, mss);
    }
    at += optionLength;
  }
}

function replace(view: DataView, tcp: number, at: number, before: number, after: number): void {
  view.setUint16(at, after);
  const field = tcp + TcpField.checksum;
  // A value at an odd place lies across two words of the sum, with its bytes the other way round.
  const odd = (at - tcp & 1) !== 0;
  view.setUint16(
    field,
    updateChecksum(
      view.getUint16(field),
      odd ? swap(before) : before,
      odd ? swap(after) : after,
    ),
  );
}

function swap(word: number): number {
  return (word & 0xff) << 8 | word >>> 8;
}
