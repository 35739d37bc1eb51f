/**
 * Whom to trust and how to say who we are.
 * (OpenVPN's tls-options.rst, encryption-options.rst, renegotiation.rst.)
 *
 * @module
 */

import * as parse from "../parameters.ts";
import { type OptionContext, rows } from "../option.ts";
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
    name: "capath",
    usage: "DIRECTORY",
    summary: "Certification authorities that we trust, one file each, beside ca",
    apply: ({ draft }, [path]) => void (draft.tls.caPath = path),
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
      context.draft.tls.askpass = path === undefined || path === "stdin"
        ? { source: "prompt", position: context.position }
        : context.file(path);
    },
  },
  {
    name: "crl-verify",
    usage: "FILE [dir]",
    where: file,
    summary:
      "Revoked certificates: a list, read again when the file changes; or with dir a file named after each serial number (decimal). Ours: a URL for the FILE",
    apply: (context, [path, directory]) => {
      const { tls } = context.draft;
      const url = context.inline === undefined && isWebAddress(path ?? "");
      if (directory !== undefined) parse.word(context, directory, ["dir"]);
      tls.crlDirectory = directory === undefined ? undefined : path;
      tls.crlUrl = url && directory === undefined ? path : undefined;
      tls.crlVerify = url || directory !== undefined ? undefined : context.file(path);
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
]);

const versions: readonly string[] = ["1.0", "1.1", "1.2", "1.3"];
