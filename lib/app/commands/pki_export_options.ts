/**
 * What the commands of `vpn pki` take that deal with files of other devices and authorities.
 *
 * @module
 */

import {
  argument,
  choice,
  command,
  constant,
  integer,
  message,
  object,
  option,
  optional,
  string,
} from "@optique/core";
import { path } from "@optique/run";
import { profileFormats, profileSystems } from "../../pki/client_profile.ts";
import {
  action,
  alternativeNames,
  common,
  days,
  nameOrSerial,
  server,
} from "./pki_common_options.ts";
import { json } from "./shared_options.ts";

const force = option("--force", { description: message`Replace files that are there.` });

const system = optional(option("--os", choice(profileSystems), {
  description: message`The system that it is for. Default: any.`,
}));

const remote = optional(option("--remote", string({ metavar: "HOST[:PORT]" }), {
  description: message`The server's address. Default: what vpn pki settings has.`,
}));

/** `vpn pki export`. */
export const exportCommand = command(
  "export",
  object({
    action,
    operation: constant("export"),
    ...common,
    nameOrSerial,
    system,
    format: optional(option("--format", choice(profileFormats), {
      description:
        message`Everything inside the profile, separate files, or certificate and key in a PKCS#12 file. Default: inline.`,
    })),
    remote,
    out: optional(option("--out", path({ metavar: "PATH" }), {
      description:
        message`The file (inline; - for standard output) or the directory (files, p12). Default: after NAME.`,
    })),
    p12PassphraseFile: optional(option("--p12-passphrase-file", path({ metavar: "FILE" }), {
      description:
        message`A file whose first line protects the PKCS#12 file. Without it, it is asked for.`,
    })),
    force,
  }),
  { description: message`Make a client's profile.` },
);

/** `vpn pki sign`. */
export const signCommand = command(
  "sign",
  object({
    action,
    operation: constant("sign"),
    ...common,
    request: argument(path({ metavar: "REQUEST" }), {
      description: message`A certificate request (PKCS#10), PEM or DER.`,
    }),
    commonName: optional(option("--name", string({ metavar: "NAME" }), {
      description: message`The common name, in place of the one that the request has.`,
    })),
    server,
    days,
    alternativeNames,
    out: optional(option("--out", path({ metavar: "FILE" }), {
      description: message`Where the certificate goes. Default: NAME.crt; - for standard output.`,
    })),
    force,
  }),
  { description: message`Issue a certificate for a key that stays on its device.` },
);

/** `vpn pki import`. */
export const importCommand = command(
  "import",
  object({
    action,
    operation: constant("import"),
    ...common,
    directory: optional(argument(path({ metavar: "DIRECTORY" }), {
      description: message`Of easy-rsa: its pki directory, or the one above it.`,
    })),
    caCertificate: optional(option("--ca-cert", path({ metavar: "FILE" }), {
      description: message`In place of DIRECTORY: the authority's certificate.`,
    })),
    caKey: optional(option("--ca-key", path({ metavar: "FILE" }), {
      description: message`The authority's private key.`,
    })),
    crl: optional(option("--crl", path({ metavar: "FILE" }), {
      description: message`The authority's newest revocation list.`,
    })),
  }),
  { description: message`Go on with an authority that was made by another program.` },
);

/** `vpn pki link`. */
export const linkCommand = command(
  "link",
  object({
    action,
    operation: constant("link"),
    ...common,
    nameOrSerial,
    system,
    remote,
    hours: optional(option("--hours", integer({ metavar: "HOURS", min: 1, max: 720 }), {
      description: message`How long the link is good. Default: 24.`,
    })),
    qr: option("--qr", { description: message`Show it as a QR code on the terminal.` }),
    png: optional(option("--png", path({ metavar: "FILE" }), {
      description: message`Write the QR code to a PNG file.`,
    })),
    svg: optional(option("--svg", path({ metavar: "FILE" }), {
      description: message`Write the QR code to an SVG file.`,
    })),
    force,
    json,
  }),
  { description: message`Make a link by which a profile is downloaded once.` },
);

/** `vpn pki ocsp`. */
export const ocspCommand = command(
  "ocsp",
  object({
    action,
    operation: constant("ocsp"),
    ...common,
    certificate: argument(string({ metavar: "NAME|SERIAL|FILE" }), {
      description: message`A certificate of the index, or a file in PEM.`,
    }),
    issuer: optional(option("--issuer", path({ metavar: "FILE" }), {
      description:
        message`For a FILE: its authority's certificate. Default: ca.crt of the state directory.`,
    })),
    url: optional(option("--url", string({ metavar: "URL" }), {
      description: message`The responder. Default: the one that the certificate names.`,
    })),
    json,
  }),
  {
    description:
      message`Ask an OCSP responder about a certificate. The exit code is 0 when it is good, otherwise 1.`,
  },
);

/** `vpn pki key`. */
export const keyCommand = command(
  "key",
  object({
    action,
    operation: constant("key"),
    state: common.state,
    kind: argument(
      choice(["tls-auth", "tls-crypt", "tls-crypt-v2-server", "tls-crypt-v2-client"]),
      { description: message`What the key is for.` },
    ),
    serverKey: optional(option("--server-key", path({ metavar: "FILE" }), {
      description:
        message`The server's key, under which a client's is wrapped. Default: the one of server.conf.`,
    })),
    metadata: optional(option("--metadata", string({ metavar: "TEXT" }), {
      description: message`What a client's key says of itself. Default: when it was made.`,
    })),
    out: optional(option("--out", path({ metavar: "FILE" }), {
      description: message`Where it goes. Default: standard output.`,
    })),
    force,
  }),
  { description: message`Make a key for the control channel, as openvpn --genkey does.` },
);
