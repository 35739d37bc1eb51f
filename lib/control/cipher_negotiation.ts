/**
 * Which data-channel cipher two peers use: the server chooses the first of its `data-ciphers` that
 * the client can do; peers that don't negotiate are taken at the cipher of their options string.
 *
 * Source: openvpn(8), "Data channel cipher negotiation".
 *
 * @module
 */

import { VpnError } from "../base/errors.ts";

/** What a peer tells of its ciphers. */
export interface PeerCiphers {
  /** `IV_CIPHERS` of the peer-info, split at the colons; absent from peers before 2.5. */
  readonly announced?: readonly string[];
  /** `IV_NCP` of the peer-info; 2 means AES-256-GCM and AES-128-GCM. */
  readonly ncpVersion?: number;
  /** `cipher` of the peer's options string. */
  readonly inOptions?: string;
}

/** The peer and we have no cipher in common. */
export class CipherNegotiationError extends VpnError {
  override readonly name = "CipherNegotiationError";
}

function negotiable(peer: PeerCiphers): readonly string[] {
  if (peer.announced !== undefined) return peer.announced.map((cipher) => cipher.toUpperCase());
  return (peer.ncpVersion ?? 0) >= 2 ? ["AES-256-GCM", "AES-128-GCM"] : [];
}

/**
 * The server's choice.
 *
 * @param dataCiphers `data-ciphers`, best first, in upper case.
 * @param fallback `data-ciphers-fallback`, for peers that do not negotiate.
 * @throws {CipherNegotiationError} without a common cipher.
 */
export function chooseCipher(
  dataCiphers: readonly string[],
  peer: PeerCiphers,
  fallback?: string,
): string {
  const theirs = negotiable(peer);
  const fixed = peer.announced === undefined ? peer.inOptions?.toUpperCase() : undefined;
  const common = dataCiphers.find((cipher) => theirs.includes(cipher) || cipher === fixed);
  if (common !== undefined) return common;
  if (theirs.length === 0 && fallback !== undefined) return fallback;
  throw new CipherNegotiationError(
    `no common data-channel cipher: the client can do ${
      theirs.join(":") || fixed || "nothing that it names"
    }, we allow ${dataCiphers.join(":")}`,
    "add one of its ciphers to data-ciphers, or set data-ciphers-fallback for a client without negotiation",
  );
}

/**
 * What a client uses after the server's push.
 *
 * @param pushed `cipher` of the PUSH_REPLY.
 * @throws {CipherNegotiationError} when we do not allow it, or none can be told.
 */
export function acceptCipher(
  dataCiphers: readonly string[],
  pushed: string | undefined,
  server: PeerCiphers,
  fallback?: string,
): string {
  if (pushed !== undefined) {
    const cipher = pushed.toUpperCase();
    if (dataCiphers.includes(cipher)) return cipher;
    throw new CipherNegotiationError(
      `the server chose the cipher ${cipher}, which data-ciphers (${
        dataCiphers.join(":")
      }) does not allow`,
      `add ${cipher} to data-ciphers`,
    );
  }
  const fixed = server.inOptions?.toUpperCase();
  if (fixed !== undefined && dataCiphers.includes(fixed)) return fixed;
  if (fallback !== undefined) return fallback;
  throw new CipherNegotiationError(
    `the server does not negotiate ciphers and uses ${fixed ?? "one that it does not name"}`,
    `add it to data-ciphers, or set data-ciphers-fallback ${fixed ?? ""}`.trimEnd(),
  );
}
