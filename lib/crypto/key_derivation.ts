/**
 * Data-channel keys of key method 2: the PRF of TLS 1.0 over the random material that both sides
 * exchanged inside TLS.
 *
 * ```text
 * master    = PRF(pre-master, "OpenVPN master secret", client random1 | server random1)
 * key block = PRF(master, "OpenVPN key expansion",
 *                 client random2 | server random2 | client session id | server session id)
 * key block = 2 × { cipher key (64) | HMAC key (64) }, the first for client to server
 * ```
 *
 * Source: OpenVPN's `ssl.c` (`generate_key_expansion_openvpn_prf`, `init_key_contexts`); RFC 2246
 * section 5 for the PRF.
 *
 * @module
 */

import { createHmac } from "node:crypto";
import { concatBytes, wipe } from "../base/bytes.ts";
import { VpnError } from "../base/errors.ts";
import { cipherInfo, digestInfo } from "./cipher_table.ts";
import type { KeyMaterial } from "./engine.ts";

/** Bytes of a key block. */
export const keyBlockLength = 256;

const masterLength = 48;
const halfLength = 128;
const hmacKeyOffset = 64;
/** Nonce (12) less packet-id (4), bytes. */
const implicitIvLength = 8;

/**
 * The PRF of TLS 1.0: P_MD5 of the first half of the secret, XOR P_SHA1 of the second. The halves
 * share a byte when the secret's length is odd.
 *
 * @param length Bytes wanted.
 */
export function tls10Prf(
  secret: Uint8Array,
  seed: Uint8Array,
  length: number,
): Uint8Array<ArrayBuffer> {
  const half = Math.ceil(secret.length / 2);
  const output = expand("md5", secret.subarray(0, half), seed, length);
  const second = expand("sha1", secret.subarray(secret.length - half), seed, length);
  for (let i = 0; i < length; i++) output[i] ^= second[i];
  wipe(second);
  return output;
}

/** P_hash of RFC 2246 section 5. */
function expand(
  digest: "md5" | "sha1",
  secret: Uint8Array,
  seed: Uint8Array,
  length: number,
): Uint8Array<ArrayBuffer> {
  const output = new Uint8Array(length);
  let a: Uint8Array = createHmac(digest, secret).update(seed).digest();
  for (let offset = 0; offset < length;) {
    const block = createHmac(digest, secret).update(a).update(seed).digest();
    output.set(block.subarray(0, length - offset), offset);
    offset += block.length;
    const next = createHmac(digest, secret).update(a).digest();
    wipe(block, a);
    a = next;
  }
  wipe(a);
  return output;
}

/** What both sides put into the keys. */
export interface KeySources {
  /** The client's, 48 bytes. */
  readonly preMaster: Uint8Array;
  /** 32 bytes. */
  readonly clientRandom1: Uint8Array;
  /** 32 bytes. */
  readonly serverRandom1: Uint8Array;
  /** 32 bytes. */
  readonly clientRandom2: Uint8Array;
  /** 32 bytes. */
  readonly serverRandom2: Uint8Array;
  /** 8 bytes. */
  readonly clientSessionId: Uint8Array;
  /** 8 bytes. */
  readonly serverSessionId: Uint8Array;
}

/** The key block, 256 bytes. The caller wipes it and the sources. */
export function deriveDataChannelKeys(sources: KeySources): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const masterSeed = concatBytes(
    encoder.encode("OpenVPN master secret"),
    sources.clientRandom1,
    sources.serverRandom1,
  );
  const master = tls10Prf(sources.preMaster, masterSeed, masterLength);
  const blockSeed = concatBytes(
    encoder.encode("OpenVPN key expansion"),
    sources.clientRandom2,
    sources.serverRandom2,
    sources.clientSessionId,
    sources.serverSessionId,
  );
  const block = tls10Prf(master, blockSeed, keyBlockLength);
  wipe(master, masterSeed, blockSeed);
  return block;
}

/** Keys for the two directions of a data channel. */
export interface DirectedKeys {
  readonly seal: KeyMaterial;
  readonly open: KeyMaterial;
}

/**
 * Cuts the keys for a cipher out of a key block; they are copies.
 *
 * @param keyBlock 256 bytes.
 * @param role Our own.
 * @param auth Digest of the HMAC; without meaning for AEAD ciphers.
 * @throws {VpnError} for an unknown cipher or digest, and for a cipher key that is all zero.
 */
export function selectKeyMaterial(
  keyBlock: Uint8Array,
  role: "client" | "server",
  cipher: string,
  auth: string,
): DirectedKeys {
  if (keyBlock.length !== keyBlockLength) {
    throw new RangeError(`key block of ${keyBlock.length} bytes`);
  }
  const own = role === "client" ? 0 : 1;
  return {
    seal: keysOfHalf(keyBlock, own * halfLength, cipher, auth),
    open: keysOfHalf(keyBlock, (1 - own) * halfLength, cipher, auth),
  };
}

function keysOfHalf(block: Uint8Array, offset: number, cipher: string, auth: string): KeyMaterial {
  const { name, kind, keyLength } = cipherInfo(cipher);
  const hmacKeyLength = kind === "aead" ? implicitIvLength : digestInfo(auth).length;
  const cipherKey = block.slice(offset, offset + keyLength);
  if (cipherKey.every((byte) => byte === 0)) {
    throw new VpnError("the negotiated key is all zero");
  }
  return {
    cipher: name,
    auth: kind === "aead" ? auth : digestInfo(auth).name,
    cipherKey,
    hmacKey: block.slice(offset + hmacKeyOffset, offset + hmacKeyOffset + hmacKeyLength),
  };
}
