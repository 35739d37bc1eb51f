/**
 * What `vpn pki` takes.
 *
 * @module
 */

import {
  choice,
  command,
  constant,
  message,
  object,
  option,
  optional,
  or,
  string,
} from "@optique/core";
import type { InferValue } from "@optique/core";
import { keyTypes } from "../../pki/key_types.ts";
import { revocationReasons } from "../../pki/revocation_reason.ts";
import {
  action,
  alternativeNames,
  common,
  days,
  name,
  nameOrSerial,
  server,
} from "./pki_common_options.ts";
import { json } from "./shared_options.ts";
import {
  exportCommand,
  importCommand,
  keyCommand,
  linkCommand,
  ocspCommand,
  signCommand,
} from "./pki_export_options.ts";

const init = command(
  "init",
  object({
    action,
    operation: constant("init"),
    ...common,
    commonName: optional(option("--name", string({ metavar: "NAME" }), {
      description: message`The authority's common name.`,
    })),
    keyType: optional(option("--key", choice(keyTypes), {
      description: message`The kind of its key. Default: rsa:3072.`,
    })),
    days,
    encrypt: option("--encrypt", {
      description:
        message`Encrypt its key by a passphrase, from --passphrase-file or asked for twice.`,
    }),
    url: optional(option("--url", string({ metavar: "URL" }), {
      description:
        message`Where revocation list and OCSP responder will be, as http://vpn.example:8080; goes into every certificate.`,
    })),
  }),
  { description: message`Make a certification authority.` },
);

const issue = command(
  "issue",
  object({
    action,
    operation: constant("issue"),
    ...common,
    name,
    server,
    days,
    keyType: optional(option("--key", choice(keyTypes), {
      description: message`The kind of key. Default: rsa:2048.`,
    })),
    alternativeNames,
  }),
  { description: message`Make a key and a certificate.` },
);

const renew = command(
  "renew",
  object({
    action,
    operation: constant("renew"),
    ...common,
    nameOrSerial,
    days,
    keyType: optional(option("--key", choice(keyTypes), {
      description: message`Make a new key of this kind; otherwise the key stays.`,
    })),
  }),
  { description: message`Issue a certificate again, valid for longer.` },
);

const revoke = command(
  "revoke",
  object({
    action,
    operation: constant("revoke"),
    ...common,
    nameOrSerial,
    reason: optional(option("--reason", choice(revocationReasons), {
      description: message`Why. Default: unspecified.`,
    })),
  }),
  { description: message`Revoke a certificate; a running server drops its sessions at once.` },
);

const list = command(
  "list",
  object({ action, operation: constant("list"), ...common, json }),
  { description: message`List what was issued.` },
);

const show = command(
  "show",
  object({
    action,
    operation: constant("show"),
    ...common,
    nameOrSerial: optional(nameOrSerial),
    json,
    pem: option("--pem", { description: message`Print the certificate in PEM.` }),
  }),
  { description: message`Show a certificate, or the authority itself.` },
);

const crl = command(
  "crl",
  object({
    action,
    operation: constant("crl"),
    ...common,
    days,
    show: option("--show", {
      description: message`Show the revocation list; do not issue it again.`,
    }),
    json,
  }),
  { description: message`Issue the revocation list again, with what it holds.` },
);

const settings = command(
  "settings",
  object({
    action,
    operation: constant("settings"),
    ...common,
    url: optional(option("--url", string({ metavar: "URL" }), {
      description:
        message`Where revocation list and OCSP responder are; goes into every certificate from now on. Empty: nowhere.`,
    })),
    remote: optional(option("--remote", string({ metavar: "HOST[:PORT]" }), {
      description: message`The server's address for the profiles that are exported.`,
    })),
    linkUrl: optional(option("--link-url", string({ metavar: "URL" }), {
      description:
        message`Where download links lead: the address of vpn serve --https, as https://vpn.example:8443. Empty: nowhere.`,
    })),
    proto: optional(option("--proto", choice(["udp", "tcp"]), {
      description: message`Its transport.`,
    })),
    json,
  }),
  { description: message`Show or change what goes into certificates and profiles.` },
);

const operations = or(
  or(init, issue, signCommand, renew, revoke, list, show, crl, ocspCommand),
  or(exportCommand, linkCommand, importCommand, keyCommand, settings),
);

/** What a command line of `vpn pki` asks for; `operation` names the command. */
export type PkiArguments = InferValue<typeof operations>;

/** What one of the commands was given. */
export type PkiOperation<Name extends PkiArguments["operation"]> = Extract<
  PkiArguments,
  { operation: Name }
>;

/** The parser of its command line. */
export const pkiCommand = command(
  "pki",
  operations,
  { description: message`The certification authority: issue, renew, revoke, export.` },
);
