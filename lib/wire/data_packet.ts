/**
 * Packets of the data channel: the header in the clear, and the two kinds of message that peers
 * send each other in place of an IP packet. Pure functions on bytes at an offset; nothing here
 * allocates.
 *
 * ```text
 * P_DATA_V1  opcode and key id (1) | …
 * P_DATA_V2  opcode and key id (1) | peer-id (3) | …
 * ```
 *
 * Source: OpenVPN's `ssl.c` (`tls_prepend_opcode_v1`, `_v2`), `ping.c`, `occ.h`, `occ.c`.
 *
 * @module
 */

import { firstByteOf, Opcode } from "./opcode.ts";

/** Bytes of P_DATA_V1's header. */
export const dataV1HeaderLength = 1;

/** Bytes of P_DATA_V2's header. */
export const dataV2HeaderLength = 4;

/** Bytes of the packet-id. */
export const dataPacketIdLength = 4;

/** In P_DATA_V2 from a peer to whom no peer-id was given (MAX_PEER_ID in openvpn.h). */
export const noPeerId = 0xffffff;

/** Writes P_DATA_V1's header. */
export function writeDataV1Header(bytes: Uint8Array, offset: number, keyId: number): void {
  bytes[offset] = firstByteOf(Opcode.DATA_V1, keyId);
}

/** Writes P_DATA_V2's header. `peerId` is 0 to 0xffffff. */
export function writeDataV2Header(
  bytes: Uint8Array,
  offset: number,
  keyId: number,
  peerId: number,
): void {
  bytes[offset] = firstByteOf(Opcode.DATA_V2, keyId);
  bytes[offset + 1] = peerId >> 16;
  bytes[offset + 2] = peerId >> 8;
  bytes[offset + 3] = peerId;
}

/** The peer-id of a P_DATA_V2 of at least `dataV2HeaderLength` bytes; `noPeerId` means none. */
export function peerIdOf(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 1] << 16 | bytes[offset + 2] << 8 | bytes[offset + 3];
}

/** What a ping carries, all of it. */
// deno-fmt-ignore -- as in ping.c
export const pingMagic: Readonly<Uint8Array> = Uint8Array.of(
  0x2a, 0x18, 0x7b, 0xf3, 0x64, 0x1e, 0xb4, 0xcb, 0x07, 0xed, 0x2d, 0x0a, 0x98, 0x1f, 0xc7, 0x48,
);

/** What a message about options and MTU (OCC) begins with; its opcode and content follow. */
// deno-fmt-ignore -- as in occ.c
export const occMagic: Readonly<Uint8Array> = Uint8Array.of(
  0x28, 0x7f, 0x34, 0x6b, 0xd4, 0xef, 0x7a, 0x81, 0x2d, 0x56, 0xb8, 0xd3, 0xaf, 0xc5, 0x45, 0x9c,
);

/** Opcodes of OCC messages. */
export const OccOpcode = {
  REQUEST: 0,
  REPLY: 1,
  MTU_LOAD_REQUEST: 2,
  MTU_LOAD: 3,
  MTU_REQUEST: 4,
  MTU_REPLY: 5,
  /** The sender ends (`explicit-exit-notify`). */
  EXIT: 6,
} as const;

/** Bytes of an OCC_EXIT message. */
export const occExitLength = 16 + 1;

/** Writes an OCC_EXIT message of `occExitLength` bytes. */
export function writeOccExit(bytes: Uint8Array, offset: number): void {
  for (let i = 0; i < occMagic.length; i++) bytes[offset + i] = occMagic[i];
  bytes[offset + occMagic.length] = OccOpcode.EXIT;
}

/** Whether the decrypted payload is a ping. */
export function isPing(bytes: Uint8Array, offset: number, length: number): boolean {
  return length === pingMagic.length && startsWith(bytes, offset, pingMagic);
}

/** The opcode of an OCC message, or -1 for a payload that is none. */
export function occOpcodeOf(bytes: Uint8Array, offset: number, length: number): number {
  if (length <= occMagic.length || !startsWith(bytes, offset, occMagic)) return -1;
  return bytes[offset + occMagic.length];
}

function startsWith(bytes: Uint8Array, offset: number, magic: Readonly<Uint8Array>): boolean {
  for (let i = 0; i < magic.length; i++) if (bytes[offset + i] !== magic[i]) return false;
  return true;
}
