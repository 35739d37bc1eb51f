/**
 * Compression framing without compression: the byte or bytes that OpenVPN puts in front of a
 * payload where `comp-lzo` or `compress` is set. A peer that does compress is not understood: its
 * packets are dropped, since compression under encryption leaks plaintext (VORACLE).
 *
 * Source: OpenVPN's `comp.h`, `compstub.c`; the manual's `--compress`.
 *
 * @module
 */

/** How payloads are framed. */
export const Framing = {
  /** Not at all. */
  NONE: 0,
  /** `comp-lzo no`: one byte in front. */
  STUB: 1,
  /** `compress`, `compress stub`: one byte takes the first one's place, which goes to the end. */
  STUB_SWAP: 2,
  /** `compress stub-v2`: nothing, unless the payload starts like an escape itself. */
  STUB_V2: 3,
} as const;

/** One of {@linkcode Framing}. */
export type Framing = typeof Framing[keyof typeof Framing];

/** `NO_COMPRESS_BYTE`. */
const stubByte = 0xfa;
/** `NO_COMPRESS_BYTE_SWAP`. */
const stubSwapByte = 0xfb;
/** `COMP_ALGV2_INDICATOR_BYTE`. */
const escapeByte = 0x50;
/** `COMP_ALGV2_UNCOMPRESSED_BYTE`. */
const escapedUncompressed = 0;

/**
 * Frames the payload of `length` bytes (1 or more) at `offset` in place.
 *
 * @returns How many bytes further forward it starts now: 0 to 2. Its length grows by
 *   {@linkcode framingGrowth}.
 */
export function frame(bytes: Uint8Array, offset: number, length: number, framing: Framing): number {
  switch (framing) {
    case Framing.NONE:
      return 0;
    case Framing.STUB:
      bytes[offset - 1] = stubByte;
      return 1;
    case Framing.STUB_SWAP:
      bytes[offset + length] = bytes[offset];
      bytes[offset] = stubSwapByte;
      return 0;
    case Framing.STUB_V2:
      if (bytes[offset] !== escapeByte) return 0;
      bytes[offset - 2] = escapeByte;
      bytes[offset - 1] = escapedUncompressed;
      return 2;
  }
}

/** How many bytes longer a payload gets, given what {@linkcode frame} returned. */
export function framingGrowth(framing: Framing, forward: number): number {
  return framing === Framing.STUB_SWAP ? 1 : forward;
}

/**
 * Undoes the framing of the payload of `length` bytes (1 or more) at `offset` in place.
 *
 * @returns How many bytes further back the payload starts (0 to 2), and its length is less by
 *   {@linkcode unframingShrinkage}; -1 when it is compressed or malformed.
 */
export function unframe(
  bytes: Uint8Array,
  offset: number,
  length: number,
  framing: Framing,
): number {
  switch (framing) {
    case Framing.NONE:
      return 0;
    case Framing.STUB:
      return bytes[offset] === stubByte ? 1 : -1;
    case Framing.STUB_SWAP:
      if (bytes[offset] !== stubSwapByte) return -1;
      bytes[offset] = bytes[offset + length - 1];
      return 0;
    case Framing.STUB_V2:
      if (bytes[offset] !== escapeByte) return 0;
      return length >= 2 && bytes[offset + 1] === escapedUncompressed ? 2 : -1;
  }
}

/** How many bytes shorter a payload gets, given what {@linkcode unframe} returned (0 or more). */
export function unframingShrinkage(framing: Framing, back: number): number {
  return framing === Framing.STUB_SWAP ? 1 : back;
}
