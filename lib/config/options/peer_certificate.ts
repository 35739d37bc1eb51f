/**
 * What the peer's certificate must be.
 * (OpenVPN's tls-options.rst.)
 *
 * @module
 */

import { nearest } from "../nearest.ts";
import { type OptionContext, rows, shorten } from "../option.ts";
import * as parse from "../parameters.ts";

const file = ["main", "inline"] as const;

/** Conditions on the peer's certificate. */
export const peerCertificateOptions = rows("peer's certificate", [
  {
    name: "remote-cert-tls",
    usage: "client|server",
    summary: "The peer's certificate must be for that role",
    apply: (context, [role]) => {
      requireRole(context, parse.word(context, role, ["client", "server"]));
    },
  },
  {
    name: "ns-cert-type",
    usage: "client|server",
    class: "mapped",
    summary: "The peer's certificate must have that Netscape type",
    remedy: `taken as "remote-cert-tls", which checks the extended key usage`,
    apply: (context, [role]) => {
      requireRole(context, parse.word(context, role, ["client", "server"]));
    },
  },
  {
    name: "remote-cert-eku",
    usage: "OID",
    summary: "The peer's certificate must have that extended key usage",
    apply: (context, [text]) => void (context.draft.tls.remoteCertEku = keyPurpose(context, text)),
  },
  {
    name: "remote-cert-ku",
    usage: "[HEX…]",
    summary: "The peer's certificate must have that key usage",
    apply: (context, masks) => {
      context.draft.tls.remoteCertKu = masks.length === 0
        ? "present"
        : masks.map((text) => keyUsage(context, text));
    },
  },
  {
    name: "verify-x509-name",
    usage: "NAME [subject|name|name-prefix]",
    summary: "The peer's certificate must have that name",
    apply: (context, [name, type = "subject"]) => {
      if (name === "") context.expected("a name", name);
      context.draft.verifyX509Name = {
        name,
        type: parse.word(context, type, ["subject", "name", "name-prefix"]),
      };
    },
  },
  {
    name: "peer-fingerprint",
    usage: "SHA256",
    where: file,
    summary: "The peer's certificate must have that SHA-256 fingerprint; replaces ca",
    apply: (context, [text]) => {
      const lines = fingerprintLines(context, text);
      const known = context.draft.tls.peerFingerprints ?? [];
      const added = lines.map((line) => fingerprint(context, line));
      context.draft.tls.peerFingerprints = [...known, ...added];
    },
  },
  {
    name: "verify-hash",
    usage: "HASH [ALGORITHM]",
    where: ["main", "inline"],
    summary: "The certificate that issued the peer's must have that SHA-1 or SHA-256 hash",
    apply: (context, [text, algorithm]) => {
      const name = algorithm === undefined
        ? undefined
        : parse.word(context, algorithm.toUpperCase(), ["SHA1", "SHA256"]);
      const hashes = fingerprintLines(context, text)
        .map((line) => issuerHash(context, line, name));
      context.draft.tls.issuerHashes = [...context.draft.tls.issuerHashes ?? [], ...hashes];
    },
  },
  {
    name: "x509-username-field",
    usage: "FIELD…",
    summary: "Field of the certificate that names the client",
    apply: (context, fields) => {
      if (fields.length !== 1 || fields[0].toUpperCase() !== "CN") {
        context.fail(`"x509-username-field": only CN is supported`, "remove the line");
      }
    },
  },
  {
    name: "tls-cert-profile",
    usage: "legacy|preferred|suiteb|insecure",
    summary: "How strong the peer's certificates must be",
    apply: (context, [name]) => {
      const profiles = ["insecure", "legacy", "preferred", "suiteb"] as const;
      const profile = parse.word(context, name, profiles);
      context.draft.tls.certProfile = profile;
      if (profile === "insecure" || profile === "legacy") {
        context.info(
          `"tls-cert-profile ${profile}": nothing weaker than "preferred" is taken here`,
        );
      }
    },
  },
]);

function requireRole(context: OptionContext, role: "client" | "server"): void {
  context.draft.tls.remoteCertKu = "present";
  context.draft.tls.remoteCertEku = role === "server" ? purposes.serverAuth : purposes.clientAuth;
}

// RFC 5280 section 4.2.1.12, by their names in OpenSSL's objects.txt.
const purposes: Readonly<Record<string, string>> = {
  serverAuth: "1.3.6.1.5.5.7.3.1",
  "TLS Web Server Authentication": "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
  "TLS Web Client Authentication": "1.3.6.1.5.5.7.3.2",
  codeSigning: "1.3.6.1.5.5.7.3.3",
  "Code Signing": "1.3.6.1.5.5.7.3.3",
  emailProtection: "1.3.6.1.5.5.7.3.4",
  "E-mail Protection": "1.3.6.1.5.5.7.3.4",
  ipsecEndSystem: "1.3.6.1.5.5.7.3.5",
  ipsecTunnel: "1.3.6.1.5.5.7.3.6",
  ipsecUser: "1.3.6.1.5.5.7.3.7",
  timeStamping: "1.3.6.1.5.5.7.3.8",
  "Time Stamping": "1.3.6.1.5.5.7.3.8",
  OCSPSigning: "1.3.6.1.5.5.7.3.9",
  "OCSP Signing": "1.3.6.1.5.5.7.3.9",
  anyExtendedKeyUsage: "2.5.29.37.0",
  "Any Extended Key Usage": "2.5.29.37.0",
};

function keyPurpose(context: OptionContext, text: string): string {
  if (Object.hasOwn(purposes, text)) return purposes[text];
  if (/^[0-2](\.\d{1,39}){1,30}$/.test(text)) return text;
  const guess = nearest(text, Object.keys(purposes));
  context.fail(
    `"remote-cert-eku" expects an OID or OpenSSL's name for one, not "${shorten(text)}"`,
    guess === undefined ? "write it as 1.3.6.1.5.5.7.3.1" : `did you mean "${guess}"?`,
  );
}

function keyUsage(context: OptionContext, text: string): number {
  if (!/^(0x)?[0-9a-fA-F]{1,4}$/.test(text)) context.expected("key usage bits in hex", text);
  return parseInt(text, 16);
}

/** One a line, with comments, in a block; one as a parameter. */
function fingerprintLines(context: OptionContext, text: string | undefined): string[] {
  const lines = (context.inline ?? text ?? "").split("\n")
    .map((line) => line.replace(/[#;].*/, "").trim()).filter((line) => line !== "");
  if (lines.length === 0) context.fail(`"${context.position.option}" has no fingerprint`);
  return lines;
}

/** 20 bytes of SHA-1 or 32 of SHA-256, in lower-case hex. */
function issuerHash(
  context: OptionContext,
  text: string,
  algorithm: "SHA1" | "SHA256" | undefined,
): string {
  const lengths = algorithm === undefined ? [20, 32] : [algorithm === "SHA1" ? 20 : 32];
  const hex = text.replaceAll(":", "").toLowerCase();
  if (!/^[0-9a-f]+$/.test(hex) || !lengths.some((length) => hex.length === 2 * length)) {
    context.expected(`a hash of ${lengths.join(" or ")} bytes in hex, with colons`, text);
  }
  return hex;
}

function fingerprint(context: OptionContext, text: string): string {
  if (!/^[0-9a-fA-F]{2}(:?[0-9a-fA-F]{2}){31}$/.test(text)) {
    context.expected("a SHA-256 fingerprint (32 bytes in hex, with colons)", text);
  }
  return text.replaceAll(":", "").toLowerCase();
}
