/**
 * The first byte of every packet: opcode (high 5 bits) and key id (low 3 bits).
 *
 * Source: OpenVPN's `ssl_pkt.h`; `doc/doxygen/doc_protocol_overview.h`.
 *
 * @module
 */

/** Opcodes of OpenVPN's protocol, without the `P_CONTROL_` or `P_` in front. */
export const Opcode = {
  /** Key method 1, which OpenVPN 2.6 refuses as well. */
  HARD_RESET_CLIENT_V1: 1,
  /** Key method 1, which OpenVPN 2.6 refuses as well. */
  HARD_RESET_SERVER_V1: 2,
  /** A new key in a session that has one. */
  SOFT_RESET_V1: 3,
  /** TLS ciphertext. */
  CONTROL_V1: 4,
  /** Acknowledgements alone; not itself acknowledged. */
  ACK_V1: 5,
  /** Data packet without peer-id. */
  DATA_V1: 6,
  /** First packet of a client. */
  HARD_RESET_CLIENT_V2: 7,
  /** First packet of a server. */
  HARD_RESET_SERVER_V2: 8,
  /** Data packet with peer-id. */
  DATA_V2: 9,
  /** First packet of a client with tls-crypt-v2; its wrapped key is at the end. */
  HARD_RESET_CLIENT_V3: 10,
  /** `CONTROL_V1` with the client's wrapped key (tls-crypt-v2) at the end. */
  CONTROL_WKC_V1: 11,
} as const;

/** Key ids are 0 to this. */
export const maximumKeyId = 7;

const names: readonly (string | undefined)[] = (() => {
  const byNumber: (string | undefined)[] = [];
  for (const [name, number] of Object.entries(Opcode)) {
    byNumber[number] = /^(DATA|ACK)/.test(name) ? `P_${name}` : `P_CONTROL_${name}`;
  }
  byNumber[Opcode.CONTROL_V1] = "P_CONTROL_V1";
  byNumber[Opcode.CONTROL_WKC_V1] = "P_CONTROL_WKC_V1";
  return byNumber;
})();

/** Opcode in a packet's first byte, 0 to 31; not every number is an opcode. */
export function opcodeOf(firstByte: number): number {
  return firstByte >> 3 & 0x1f;
}

/** Key id in a packet's first byte, 0 to 7. */
export function keyIdOf(firstByte: number): number {
  return firstByte & 0x07;
}

/** A packet's first byte, for an opcode of 0 to 31 and a key id of 0 to 7. */
export function firstByteOf(opcode: number, keyId: number): number {
  return (opcode & 0x1f) << 3 | keyId & 0x07;
}

/** As OpenVPN's log writes it (`P_CONTROL_V1`); `P_???` for what is no opcode. */
export function opcodeName(opcode: number): string {
  return names[opcode] ?? "P_???";
}

/** Whether packets with this opcode belong to the data channel. */
export function isData(opcode: number): boolean {
  return opcode === Opcode.DATA_V1 || opcode === Opcode.DATA_V2;
}

/** Whether this is an opcode of the control channel that we speak (key method 2). */
export function isControl(opcode: number): boolean {
  return opcode >= Opcode.SOFT_RESET_V1 && opcode <= Opcode.CONTROL_WKC_V1 && !isData(opcode);
}

/** Whether the packet carries nothing but acknowledgements. */
export function isAckOnly(opcode: number): boolean {
  return opcode === Opcode.ACK_V1;
}

/** Whether the packet starts a session (key method 2). */
export function isHardReset(opcode: number): boolean {
  return opcode === Opcode.HARD_RESET_CLIENT_V2 || opcode === Opcode.HARD_RESET_SERVER_V2 ||
    opcode === Opcode.HARD_RESET_CLIENT_V3;
}

/** Whether the packet starts a session or a renegotiation; it carries no TLS. */
export function isReset(opcode: number): boolean {
  return opcode === Opcode.SOFT_RESET_V1 || isHardReset(opcode);
}
