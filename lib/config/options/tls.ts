/**
 * Whom to trust and how to say who we are.
 * (OpenVPN's tls-options.rst, encryption-options.rst, renegotiation.rst.)
 *
 * @module
 */

import * as parse from "../parameters.ts";
import { type OptionContext, rows, shorten } from "../option.ts";
import { nearest } from "../nearest.ts";
import { isWebAddress } from "./authority.ts";

const file = ["main", "inline"] as const;

/** Whom to trust and who we are. */
export const tlsOptions = rows("tls", [
  {
    name: "dh",
    usage: "none|FILE",
    where: ["main", "inline"],
    summary: "Keys are exchanged by ECDHE, as with none; a FILE is not read",
    apply: (context, [file]) => {
      if (file !== "none") context.info(`"dh" changes nothing here: keys are exchanged by ECDHE`);
    },
  },
  {
    name: "tls-client",
    summary: "Be the client in the TLS handshake",
    apply: ({ draft }) => void (draft.tlsClient = true),
  },
  {
    name: "tls-server",
    summary: "Be the server in the TLS handshake",
    apply: ({ draft }) => void (draft.tlsServer = true),
  },
  {
    name: "ca",
    usage: "FILE",
    where: file,
    summary: "Certification authorities that we trust (PEM)",
    apply: (context, [path]) => void (context.draft.tls.ca = context.file(path)),
  },
  {
    name: "cert",
    usage: "FILE",
    where: file,
    summary: "Our certificate (PEM)",
    apply: (context, [path]) => void (context.draft.tls.cert = context.file(path)),
  },
  {
    name: "key",
    usage: "FILE",
    where: file,
    summary: "Our private key (PEM)",
    apply: (context, [path]) => void (context.draft.tls.key = context.file(path)),
  },
  {
    name: "extra-certs",
    usage: "FILE",
    where: file,
    summary: "Certificates to send along with ours",
    apply: (context, [path]) => void (context.draft.tls.extraCerts = context.file(path)),
  },
  {
    name: "pkcs12",
    usage: "FILE",
    where: file,
    summary: "CA, certificate and key in one file",
    apply: (context, [path]) => void (context.draft.tls.pkcs12 = context.file(path)),
  },
  {
    name: "askpass",
    usage: "[FILE]",
    summary: "Passphrase of the private key",
    apply: (context, [path]) => {
      context.draft.askpass = path === undefined || path === "stdin"
        ? { source: "prompt", position: context.position }
        : context.file(path);
    },
  },
  {
    name: "crl-verify",
    usage: "FILE [dir]",
    where: file,
    summary: "Revoked certificates; read again when the file changes. Ours: a URL for the FILE",
    apply: (context, [path]) => {
      const { tls } = context.draft;
      const url = context.inline === undefined && isWebAddress(path ?? "");
      tls.crlUrl = url ? path : undefined;
      tls.crlVerify = url ? undefined : context.file(path);
    },
  },
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
      const lines = (context.inline ?? text ?? "").split("\n")
        .map((line) => line.replace(/[#;].*/, "").trim()).filter((line) => line !== "");
      if (lines.length === 0) context.fail(`"peer-fingerprint" has no fingerprint`);
      const known = context.draft.tls.peerFingerprints ?? [];
      const added = lines.map((line) => fingerprint(context, line));
      context.draft.tls.peerFingerprints = [...known, ...added];
    },
  },
  { name: "capath", usage: "DIRECTORY", summary: "Certification authorities, one file each" },
  {
    name: "verify-hash",
    usage: "HASH [ALGORITHM]",
    where: ["main", "inline"],
    summary: "The CA's certificate must have that hash",
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
    name: "tls-version-min",
    usage: "VERSION [or-highest]",
    summary: "Oldest TLS version; never below 1.2",
    apply: (context, [version, highest]) => {
      if (highest !== undefined) parse.word(context, highest, ["or-highest"]);
      const minimum = highest !== undefined && !versions.includes(version) ? "1.3" : version;
      const parsed = parse.word(context, minimum, versions);
      context.draft.tls.versionMin = parsed === "1.3" ? "1.3" : "1.2";
      if (parsed < "1.2") context.info(`TLS ${parsed} isn't spoken here; the oldest is 1.2`);
    },
  },
  {
    name: "tls-version-max",
    usage: "VERSION",
    summary: "Newest TLS version",
    apply: (context, [version]) => {
      const parsed = parse.word(context, version, versions);
      if (parsed < "1.2") {
        context.fail(`"tls-version-max ${parsed}": TLS below 1.2 isn't spoken here`, "remove it");
      }
      context.draft.tls.versionMax = parsed === "1.2" ? "1.2" : "1.3";
    },
  },
  {
    name: "tls-cipher",
    usage: "LIST",
    summary: "Cipher suites for TLS 1.2",
    apply: (context, [list]) => void (context.draft.tls.cipherList = list),
  },
  {
    name: "tls-ciphersuites",
    usage: "LIST",
    summary: "Cipher suites for TLS 1.3",
    apply: (context, [list]) => void (context.draft.tls.cipherSuites = list),
  },
  ...["tls-groups", "ecdh-curve"].map((name) => ({
    name,
    usage: "LIST",
    summary: "Groups for the key exchange",
    apply: (
      context: OptionContext,
      [list]: readonly string[],
    ) => void (context.draft.tls.groups = list),
  })),
  {
    name: "tls-cert-profile",
    usage: "legacy|preferred|suiteb|insecure",
    summary: "How strong certificates must be",
  },
]);

const versions: readonly string[] = ["1.0", "1.1", "1.2", "1.3"];

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

function fingerprint(context: OptionContext, text: string): string {
  if (!/^[0-9a-fA-F]{2}(:?[0-9a-fA-F]{2}){31}$/.test(text)) {
    context.expected("a SHA-256 fingerprint (32 bytes in hex, with colons)", text);
  }
  return text.replaceAll(":", "").toLowerCase();
}
