/**
 * What several commands of `vpn pki` take.
 *
 * @module
 */

import {
  argument,
  constant,
  integer,
  message,
  multiple,
  option,
  optional,
  string,
} from "@optique/core";
import { path } from "@optique/run";
import { stateDirectory } from "./shared_options.ts";

/** Most days that a certificate may last: a hundred years. */
const MAX_DAYS = 36_500;

/** Names the command. */
export const action = constant("pki");

/** What every command of the authority takes. */
export const common = {
  state: stateDirectory,
  passphraseFile: optional(option("--passphrase-file", path({ metavar: "FILE" }), {
    description:
      message`A file whose first line is the passphrase of the authority's key. Without it, it is asked for.`,
  })),
} as const;

/** `--days`. */
export const days = optional(option("--days", integer({ metavar: "DAYS", min: 1, max: MAX_DAYS }), {
  description: message`How long it is valid.`,
}));

/** The name of a new certificate. */
export const name = argument(string({ metavar: "NAME" }), {
  description: message`The common name of the certificate.`,
});

/** Which certificate. */
export const nameOrSerial = argument(string({ metavar: "NAME|SERIAL" }), {
  description: message`The common name, or the serial number in hexadecimal.`,
});

/** `--san`. */
export const alternativeNames = multiple(option("--san", string({ metavar: "HOST" }), {
  description: message`A host name or address of its owner; may be given several times.`,
}));

/** `--server`. */
export const server = option("--server", {
  description: message`For a server; otherwise the certificate is a client's.`,
});
