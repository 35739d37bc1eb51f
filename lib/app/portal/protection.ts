/**
 * How the portal and the tunnels are protected, as visitors are told.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { Authority } from "../../pki/authority.ts";
import { authorityPaths } from "../../pki/authority_paths.ts";
import { type Certificate, parseCertificates } from "../../pki/certificate.ts";
import { formatName } from "../../pki/distinguished_name.ts";
import { keyTypeOf } from "../../pki/keys.ts";
import type { OcspResponder } from "../../pki/ocsp_responder.ts";
import type { ChainCertificate, Protection } from "../../portal/service.ts";

/** What it is told from. */
export interface ProtectionParts {
  /** PEM, the portal's own first. */
  readonly chain: string;
  readonly authority: Authority | undefined;
  readonly responder: OcspResponder | undefined;
  /** `reneg-sec`, seconds. */
  readonly renegotiateAfter: number;
}

/** See the module's page. */
export async function protection(parts: ProtectionParts): Promise<Protection> {
  const chain = parseCertificates(parts.chain);
  const list = await parts.authority?.revocations.current();
  return {
    chain: chain.map(described),
    ocsp: await ocspAnswer(chain[0], parts),
    ...list !== undefined && {
      revocationList: {
        thisUpdate: list.thisUpdate,
        nextUpdate: list.nextUpdate,
        revoked: list.revoked.size,
      },
    },
    renegotiateAfter: parts.renegotiateAfter,
  };
}

function described(certificate: Certificate): ChainCertificate {
  const { ocspUrls = [] } = certificate;
  return {
    subject: formatName(certificate.subject),
    issuer: formatName(certificate.issuer),
    serial: certificate.serial,
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    fingerprint: createHash("sha256").update(certificate.raw).digest("hex"),
    key: keyTypeOf(certificate),
    names: (certificate.subjectAltNames ?? []).map(({ value }) => value),
    ocspUrls,
    // Our authority writes both addresses below one.
    crlUrls: ocspUrls.filter((url) => url.endsWith(authorityPaths.ocsp))
      .map((url) => url.slice(0, -authorityPaths.ocsp.length) + authorityPaths.revocationListDer),
  };
}

/** Asked as a browser would ask: the answer's signature is checked as well. */
async function ocspAnswer(
  certificate: Certificate,
  { authority, responder }: ProtectionParts,
): Promise<Protection["ocsp"]> {
  if (authority === undefined || responder === undefined) return undefined;
  const { writeOcspRequest } = await import("../../pki/ocsp_writer.ts");
  const { checkOcspResponse } = await import("../../pki/ocsp_response.ts");
  const { certificate: issuer, now } = authority;
  const answer = await responder.answer(writeOcspRequest(certificate, issuer, undefined));
  if (!answer.successful) return undefined;
  const { status } = await checkOcspResponse(answer.bytes, {
    certificate,
    issuer,
    nonce: undefined,
    now,
  });
  return { status, producedAt: answer.thisUpdate, nextUpdate: answer.nextUpdate };
}
