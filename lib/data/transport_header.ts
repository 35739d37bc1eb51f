/**
 * Where TCP and UDP fields are. Source: RFC 9293, section 3.1; RFC 768.
 *
 * @module
 */

/** IP protocol numbers (IANA). */
export const Protocol = { ICMP: 1, TCP: 6, UDP: 17, ICMPV6: 58 } as const;

/** Offsets in a TCP header. */
export const TcpField = {
  sourcePort: 0,
  sequence: 4,
  acknowledgment: 8,
  /** The high 4 bits: the header's length in words of 4 bytes; the low ones are reserved. */
  dataOffset: 12,
  flags: 13,
  window: 14,
  checksum: 16,
  urgentPointer: 18,
  options: 20,
} as const;

/** A TCP header without options. */
export const tcpHeaderLength = 20;

/** Bits of the TCP flags. */
export const TcpFlag = { FIN: 0x01, SYN: 0x02, PSH: 0x08, ACK: 0x10, CWR: 0x80 } as const;

/** Offsets in a UDP header. */
export const UdpField = { length: 4, checksum: 6 } as const;

/** A UDP header. */
export const udpHeaderLength = 8;
