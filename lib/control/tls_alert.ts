/**
 * TLS alerts, in plain text. node:tls sends none when it refuses a handshake, and OpenVPN's
 * retransmission would leave the peer waiting for `hand-window` seconds without a word. In TLS 1.2
 * a refusal of a certificate is still in plain text; in TLS 1.3 a server takes one from a client
 * (RFC 8446, section 6), and for everyone else a record that does not decrypt ends the handshake as
 * well. Our own side recognises it and says what it means.
 *
 * An alert is no more trusted than its datagram: whoever can forge one can as well garble a record.
 *
 * @module
 */

/** AlertDescription of RFC 8446, section 6, and RFC 5246, section 7.2. */
export const AlertDescription = {
  handshake_failure: 40,
  bad_certificate: 42,
  unsupported_certificate: 43,
  certificate_revoked: 44,
  certificate_expired: 45,
  certificate_unknown: 46,
  unknown_ca: 48,
  decrypt_error: 51,
  protocol_version: 70,
  certificate_required: 116,
} as const;

/** Name of an alert. */
export type AlertName = keyof typeof AlertDescription;

const alertContentType = 21;
const fatal = 2;
const recordLength = 7;

/** A TLSPlaintext record with a fatal alert: type, legacy version 0x0303, length 2, alert. */
export function encodeAlert(name: AlertName): Uint8Array {
  return Uint8Array.of(alertContentType, 3, 3, 0, 2, fatal, AlertDescription[name]);
}

/** The name of a fatal alert in plain text; its number where it has no name here. */
export function decodeAlert(record: Uint8Array): string | undefined {
  // An encrypted alert is longer: it has at least a tag.
  if (record.length !== recordLength || record[0] !== alertContentType) return undefined;
  if (record[1] !== 3 || record[3] !== 0 || record[4] !== 2 || record[5] !== fatal) {
    return undefined;
  }
  const found = Object.entries(AlertDescription).find(([, code]) => code === record[6]);
  return found?.[0].replaceAll("_", " ") ?? `alert ${record[6]}`;
}

/** The alert that fits an error of the TLS stack: rustls' wording, or a code of OpenSSL's. */
export function alertForError(message: string): AlertName {
  if (/sent no certificates/i.test(message)) return "certificate_required";
  if (/expired|not valid yet/i.test(message)) return "certificate_expired";
  if (/issuer|self.signed|unknown ?ca|unable.to.verify/i.test(message)) return "unknown_ca";
  if (/revoked/i.test(message)) return "certificate_revoked";
  if (/certificate|purpose|usage/i.test(message)) return "bad_certificate";
  if (/signature|decrypt/i.test(message)) return "decrypt_error";
  if (/version/i.test(message)) return "protocol_version";
  return "handshake_failure";
}
