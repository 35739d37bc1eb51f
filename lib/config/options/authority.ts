/**
 * The authority inside of a server, and asking a peer's: options of ours, which OpenVPN does not
 * know. A file for both has them behind `setenv opt`.
 *
 * @module
 */

import type { ListenAddress } from "../authority_options.ts";
import { type OptionContext, rows } from "../option.ts";
import * as parse from "../parameters.ts";

/** Authorities. */
export const authorityOptionRows = rows("authority", [
  {
    name: "http",
    usage: "PORT|HOST:PORT",
    summary: "Ours: revocation list, OCSP and CA certificate of the state directory by HTTP",
    apply: (context, [address]) =>
      void (context.draft.authority.http = listenAddress(context, address)),
  },
  {
    name: "https",
    usage: "PORT|HOST:PORT",
    summary: "Ours: the same by HTTPS, and profiles by download links",
    apply: (context, [address]) =>
      void (context.draft.authority.https = listenAddress(context, address)),
  },
  {
    name: "https-cert",
    usage: "FILE",
    summary: "Ours: the certificate for https; server.crt of the state directory by default",
    apply: (context, [path]) => void (context.draft.authority.httpsCert = context.file(path)),
  },
  {
    name: "https-key",
    usage: "FILE",
    summary: "Ours: the private key for https-cert",
    apply: (context, [path]) => void (context.draft.authority.httpsKey = context.file(path)),
  },
  {
    name: "ca-passphrase-file",
    usage: "FILE",
    summary: "Ours: its first line opens ca.key of the state directory",
    apply: (context, [path]) => void (context.draft.authority.passphraseFile = context.file(path)),
  },
  {
    name: "ocsp",
    usage: "off|try|require [URL]",
    summary: "Ours: ask the peer's authority whether its certificate is good",
    apply: (context, [word, url]) => {
      const mode = parse.word(context, word, ["off", "try", "require"]);
      if (url !== undefined && !isWebAddress(url)) context.expected("an HTTP address", url);
      context.draft.tls.ocsp = mode === "off"
        ? undefined
        : { mode, ...url === undefined ? {} : { url } };
    },
  },
]);

/** Whether a parameter is an HTTP or HTTPS address. */
export function isWebAddress(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text);
}

/** `PORT`, `:PORT`, `HOST:PORT` or `[ADDRESS]:PORT`. */
export function listenAddress(context: OptionContext, text: string): ListenAddress {
  const match = /^(?:(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]\s]*)):)?(\d{1,5})$/.exec(text);
  if (match === null || Number(match[3]) > 65535) {
    context.expected("PORT, HOST:PORT or [ADDRESS]:PORT", text);
  }
  return { host: (match[1] ?? match[2]) || undefined, port: Number(match[3]) };
}
