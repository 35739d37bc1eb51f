/**
 * What an authority's HTTP service answers to.
 *
 * @module
 */

/** Paths below the authority's URL. */
export const authorityPaths = {
  /** The authority's certificate, DER (RFC 5280 section 4.2.2.1 wants that form). */
  certificateDer: "/ca.der",
  /** The same, PEM. */
  certificatePem: "/ca.pem",
  /** The revocation list, DER (RFC 5280 section 4.2.1.13). */
  revocationListDer: "/crl.der",
  /** The same, PEM. */
  revocationListPem: "/crl.pem",
  /** The OCSP responder: POST here, GET below (RFC 6960 appendix A). */
  ocsp: "/ocsp",
  /** Below it: profiles to be downloaded once. */
  downloads: "/get/",
} as const;
