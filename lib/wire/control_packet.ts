/**
 * Packets of the control channel, without the wrapping of tls-auth or tls-crypt:
 *
 * ```text
 * opcode and key id (1) | session id (8) | [wrapping goes here]
 *   | number of acks (1) | acks (4 each) | remote session id (8, if there are acks)
 *   | packet id (4, not in ACK_V1) | payload (not in ACK_V1)
 * ```
 *
 * Source: OpenVPN's `ssl_pkt.c` (`write_control_auth`), `reliable.c` (`reliable_ack_parse`).
 *
 * @module
 */

import { firstByteOf, isAckOnly, isControl, keyIdOf, opcodeOf } from "./opcode.ts";
import { isSessionId, sessionIdLength } from "./session_id.ts";

/** Most acknowledgements in one packet (OpenVPN's RELIABLE_ACK_SIZE). */
export const maximumAcks = 8;

/** Bytes in front of the place where a wrapping is put in: opcode and session id. */
export const controlHeaderLength = 1 + sessionIdLength;

/** A packet of the control channel. */
export interface ControlPacket {
  /** One for which `isControl` holds. */
  readonly opcode: number;
  /** 0 to 7. */
  readonly keyId: number;
  /** The sender's session id, 8 bytes, not all zero. */
  readonly sessionId: Uint8Array;
  /** Ids of received packets, at most 8, each a uint32. */
  readonly acks: readonly number[];
  /** The receiver's session id, 8 bytes; present iff there are acks. */
  readonly remoteSessionId?: Uint8Array;
  /** Number in the reliable layer, a uint32; absent iff the opcode is ACK_V1. */
  readonly packetId?: number;
  /** TLS ciphertext; empty in resets and ACK_V1. */
  readonly payload: Uint8Array;
}

/** Bytes in front of the payload, without any wrapping. */
export function controlPacketOverhead(ackCount: number, opcode: number): number {
  return controlHeaderLength + 1 + (ackCount > 0 ? 4 * ackCount + sessionIdLength : 0) +
    (isAckOnly(opcode) ? 0 : 4);
}

/**
 * The bytes of a packet, not wrapped yet.
 *
 * @throws {RangeError} for a packet that does not fit the layout: a mistake of the caller.
 */
export function encodeControlPacket(packet: ControlPacket): Uint8Array<ArrayBuffer> {
  const { opcode, keyId, sessionId, acks, remoteSessionId, packetId, payload } = packet;
  checkControlPacket(packet);
  const bytes = new Uint8Array(controlPacketOverhead(acks.length, opcode) + payload.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = firstByteOf(opcode, keyId);
  bytes.set(sessionId, 1);
  let offset = controlHeaderLength;
  bytes[offset++] = acks.length;
  for (const id of acks) {
    view.setUint32(offset, id);
    offset += 4;
  }
  if (acks.length > 0 && remoteSessionId !== undefined) {
    bytes.set(remoteSessionId, offset);
    offset += sessionIdLength;
  }
  if (packetId !== undefined) {
    view.setUint32(offset, packetId);
    offset += 4;
  }
  bytes.set(payload, offset);
  return bytes;
}

function checkControlPacket(packet: ControlPacket): void {
  const { opcode, keyId, sessionId, acks, remoteSessionId, packetId, payload } = packet;
  const ackOnly = isAckOnly(opcode);
  if (!isControl(opcode)) throw new RangeError(`not a control opcode: ${opcode}`);
  if (keyId < 0 || keyId > 7) throw new RangeError(`not a key id: ${keyId}`);
  if (!isSessionId(sessionId)) throw new RangeError("no session id");
  if (acks.length > maximumAcks) throw new RangeError(`too many acks: ${acks.length}`);
  if (acks.length > 0 && (remoteSessionId === undefined || !isSessionId(remoteSessionId))) {
    throw new RangeError("acks without a remote session id");
  }
  if (ackOnly !== (packetId === undefined)) {
    throw new RangeError("a packet id belongs in every packet but ACK_V1");
  }
  if (ackOnly && payload.length > 0) throw new RangeError("ACK_V1 has no payload");
}

/**
 * Reads a packet that has been unwrapped. The arrays in the result are views of `plain`.
 *
 * @returns undefined for what is not a packet of the control channel.
 */
export function decodeControlPacket(plain: Uint8Array): ControlPacket | undefined {
  if (plain.length < controlHeaderLength + 1) return undefined;
  const opcode = opcodeOf(plain[0]);
  if (!isControl(opcode)) return undefined;
  const sessionId = plain.subarray(1, controlHeaderLength);
  const ackCount = plain[controlHeaderLength];
  if (!isSessionId(sessionId) || ackCount > maximumAcks) return undefined;
  const payloadOffset = controlPacketOverhead(ackCount, opcode);
  if (plain.length < payloadOffset) return undefined;

  const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
  let offset = controlHeaderLength + 1;
  const acks: number[] = [];
  for (let i = 0; i < ackCount; i++, offset += 4) acks.push(view.getUint32(offset));
  let remoteSessionId: Uint8Array | undefined;
  if (ackCount > 0) {
    remoteSessionId = plain.subarray(offset, offset + sessionIdLength);
    if (!isSessionId(remoteSessionId)) return undefined;
    offset += sessionIdLength;
  }
  const common = { opcode, keyId: keyIdOf(plain[0]), sessionId, acks, remoteSessionId };
  // Bytes behind an ACK_V1 mean nothing; OpenVPN does not look at them either.
  if (isAckOnly(opcode)) return { ...common, payload: plain.subarray(plain.length) };
  return { ...common, packetId: view.getUint32(offset), payload: plain.subarray(payloadOffset) };
}
