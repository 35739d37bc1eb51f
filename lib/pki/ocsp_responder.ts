/**
 * The authority's OCSP responder. It signs with a certificate of its own, so that the authority's
 * key need not lie open in a server that everybody may ask.
 *
 * @module
 */

import type { Authority } from "./authority.ts";
import { newEntry } from "./authority_entries.ts";
import { parseCertificate } from "./certificate.ts";
import { CertificateError } from "./errors.ts";
import { generateKeyPair, importKeyPair, privateKeyPem } from "./keys.ts";
import {
  type CertId,
  namesIssuer,
  type OcspRequest,
  OcspStatus,
  parseOcspRequest,
} from "./ocsp.ts";
import {
  type CertificateStatus,
  type ResponseSigner,
  writeOcspError,
  writeOcspResponse,
} from "./ocsp_writer.ts";

const DAY = 86_400_000;
/** Life of the responder's certificate, in days. Nobody can revoke it (`id-pkix-ocsp-nocheck`). */
const RESPONDER_DAYS = 30;
/** With less left it is made anew, in milliseconds. */
const RENEW_RESPONDER = 10 * DAY;
/** How long an answer may be relied on, in milliseconds. */
export const RESPONSE_LIFE = 3_600_000;
/** How long an answer without a nonce is given again as it is, in milliseconds. */
const KEEP = 60_000;
/** Most answers that are kept. */
const MAX_KEPT = 1000;

const RESPONDER_NAME = "OCSP responder";

/** An answer to be sent. */
export interface OcspAnswer {
  /** DER. */
  readonly bytes: Uint8Array;
  /** Whether it says something about certificates. */
  readonly successful: boolean;
  /** Whether others who ask the same may get it from a cache. */
  readonly cacheable: boolean;
  /** When it was made and until when it is good, milliseconds since 1970. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
}

/** See the module's page. */
export class OcspResponder {
  #signer: ResponseSigner | undefined;
  readonly #kept = new Map<string, OcspAnswer>();

  constructor(readonly authority: Authority) {}

  /**
   * Makes the responder's certificate where there is none that lasts.
   *
   * @returns A line for the log when it will end and cannot be made anew.
   */
  async maintain(): Promise<string[]> {
    const { authority } = this;
    const { now } = authority;
    const newest = (await authority.index.byName(RESPONDER_NAME)).findLast((entry) =>
      entry.purpose === "ocsp" && entry.holdsKey && entry.revocation === undefined &&
      entry.notAfter > now
    );
    if (newest !== undefined && newest.notAfter - now > RENEW_RESPONDER) {
      await this.#use(newest.serial);
      return [];
    }
    if (await authority.key.usable()) {
      await this.#use(await this.#issue());
      return [];
    }
    if (newest === undefined) {
      return [
        `WARNING: OCSP requests are not answered: ${authority.files.caKey} or its passphrase is ` +
        "not here to make the responder's certificate",
      ];
    }
    await this.#use(newest.serial);
    const end = new Date(newest.notAfter).toISOString().slice(0, 10);
    return [`WARNING: the OCSP responder's certificate ends on ${end}: run vpn pki crl`];
  }

  /** Answers a request, DER; also one that is none. */
  async answer(der: Uint8Array): Promise<OcspAnswer> {
    let request: OcspRequest;
    try {
      request = parseOcspRequest(der);
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      return failure(OcspStatus.MALFORMED_REQUEST);
    }
    const { now, certificate } = this.authority;
    const signer = this.#signer;
    if (signer === undefined || signer.certificate.notAfter < now) {
      return failure(OcspStatus.TRY_LATER);
    }
    // RFC 5019 section 2.2.3: who asks about others' certificates only gets no answer.
    if (!request.certificates.some((id) => namesIssuer(id, certificate))) {
      return failure(OcspStatus.UNAUTHORIZED);
    }
    const responses = [];
    for (const id of request.certificates) responses.push({ id, status: await this.#status(id) });
    // Only the signature is spared: a revocation is told at once.
    const cacheable = request.nonce === undefined;
    const key = responses.map(({ id, status }) => `${id.raw.toHex()} ${status.kind}`).join();
    const kept = cacheable ? this.#kept.get(key) : undefined;
    if (kept !== undefined && now - kept.thisUpdate < KEEP && now >= kept.thisUpdate) return kept;
    const nextUpdate = Math.min(now + RESPONSE_LIFE, signer.certificate.notAfter);
    const { nonce } = request;
    const bytes = await writeOcspResponse(signer, { responses, nonce, now, nextUpdate });
    const answer = { bytes, successful: true, cacheable, thisUpdate: now, nextUpdate };
    if (cacheable) this.#keep(key, answer);
    return answer;
  }

  async #status(id: CertId): Promise<CertificateStatus> {
    const { certificate, index } = this.authority;
    if (!namesIssuer(id, certificate)) return { kind: "unknown" };
    const revocation = await index.revocation(id.serial);
    if (revocation !== undefined) return { kind: "revoked", revocation };
    return await index.bySerial(id.serial) === undefined ? { kind: "unknown" } : { kind: "good" };
  }

  #keep(key: string, answer: OcspAnswer): void {
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
    this.#kept.set(key, answer);
  }

  async #use(serial: string): Promise<void> {
    if (this.#signer?.certificate.serial === serial) return;
    const { index } = this.authority;
    const der = await index.certificate(serial);
    const pem = await index.privateKey(serial);
    if (der === undefined || pem === undefined) return;
    const { privateKey: key } = await importKeyPair(pem);
    this.#signer = { certificate: parseCertificate(der), key };
    this.#kept.clear();
  }

  async #issue(): Promise<string> {
    const { authority } = this;
    const { issueCertificate } = await import("./issue.ts");
    // A signature of this kind costs the least, and every request costs one.
    const keys = await generateKeyPair("ec:p256");
    const certificate = await issueCertificate(await authority.key.signer(), {
      commonName: RESPONDER_NAME,
      purpose: "ocsp",
      publicKey: keys.publicKey,
      days: RESPONDER_DAYS,
      now: authority.now,
    });
    const privateKey = await privateKeyPem(keys.privateKey);
    await authority.index.add([newEntry(certificate, "ocsp", authority.now, privateKey)]);
    return certificate.serial;
  }
}

function failure(status: number): OcspAnswer {
  return {
    bytes: writeOcspError(status),
    successful: false,
    cacheable: false,
    thisUpdate: 0,
    nextUpdate: 0,
  };
}
