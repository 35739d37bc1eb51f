/**
 * What a crypto engine is: something that seals and opens runs of data-channel packets in place.
 *
 * Three engines implement it (webcrypto, openssl, ipsec-mb); they differ in speed only. An engine
 * knows neither peers nor packet formats: `lib/data` lays each packet out and the engine works on
 * the bytes between two offsets.
 *
 * Layout, which depends on the cipher alone. `offset[i]` and `length[i]` delimit the *text*, in
 * bytes from the start of `memory.bytes`; everything else stands in front of it:
 *
 * ```text
 * AEAD      associated data (associatedDataLength) | tag (16) | text
 *           the last 4 bytes of the associated data are the packet-id
 *           nonce = packet-id (4) | implicit IV (8)
 * CBC+HMAC  HMAC (macLength) | IV (16) | text
 *           the text starts with the packet-id and is already padded (PKCS#7) to 16 bytes
 *           the HMAC covers IV and ciphertext
 * ```
 *
 * Source: OpenVPN's `doc/doxygen/doc_data_crypto.h` and `ssl.h` ("Data channel packet format").
 *
 * @module
 */

import type { PinnedMemory } from "deno-tun";

/** The memory that packets live in; see `PinnedMemory` of deno-tun. */
export type PacketMemory = PinnedMemory;

/** Packets in one memory, as parallel arrays, so that the packet path allocates nothing. */
export interface PacketRun {
  readonly memory: PacketMemory;
  /** Where the text of each packet starts, in bytes. */
  readonly offset: Int32Array;
  /** How long the text of each packet is, in bytes. */
  readonly length: Int32Array;
  /** Set by `open`: 1 where the packet is authentic, 0 where it is not. */
  readonly authentic: Uint8Array;
}

/** The keys of one direction of the data channel. */
export interface KeyMaterial {
  /** OpenVPN's cipher name in upper case: `AES-256-GCM`, `CHACHA20-POLY1305`, `AES-128-CBC`, … */
  readonly cipher: string;
  /** Digest of the HMAC (`SHA1`, `SHA256`, `SHA512` …); without meaning for AEAD ciphers. */
  readonly auth: string;
  /** 16, 24 or 32 bytes, as the cipher wants. */
  readonly cipherKey: Uint8Array;
  /** CBC: the HMAC's key, as long as the digest. AEAD: the 8 bytes of the implicit IV. */
  readonly hmacKey: Uint8Array;
}

/** One key, one direction. */
export interface DataCipher {
  readonly kind: "aead" | "cbc-hmac";
  /** Bytes of the tag or HMAC in front of the text (or of its IV). */
  readonly macLength: number;
  /**
   * Encrypts and authenticates packets `first` (inclusive) to `end` (exclusive) in place. With CBC
   * it also draws the IVs.
   *
   * @param associatedDataLength AEAD only: bytes in front of the tag that are authenticated.
   */
  seal(
    run: PacketRun,
    first: number,
    end: number,
    associatedDataLength: number,
  ): void | Promise<void>;
  /**
   * Checks and decrypts packets `first` to `end` in place and sets `authentic`. The text of a
   * packet that is not authentic is undefined afterwards. CBC: a length that is no positive
   * multiple of 16 is not authentic; the padding is left for the caller to check.
   */
  open(
    run: PacketRun,
    first: number,
    end: number,
    associatedDataLength: number,
  ): void | Promise<void>;
  /** Frees contexts and wipes key copies. */
  destroy(): void;
}

/** A source of `DataCipher`s. */
export interface CryptoEngine {
  /** `webcrypto`, `openssl`, `ipsec-mb`, or several of them that are chosen among. */
  readonly name: string;
  /** Whether the engine can do this cipher, and this digest where the cipher needs one. */
  supports(cipher: string, auth: string): boolean;
  /** @throws {VpnError} when the engine does not support the material's cipher or digest. */
  createCipher(direction: "seal" | "open", material: KeyMaterial): DataCipher | Promise<DataCipher>;
}

/** What `--crypto` takes. */
export type EngineChoice = "auto" | "webcrypto" | "openssl" | "ipsec-mb";
