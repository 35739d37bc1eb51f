/**
 * Takes secrets out of the addresses that Deno's own spans of HTTP requests say.
 *
 * Deno has no setting for that, and makes these spans before a server's handler is called. So the
 * method by which all spans get their attributes, Deno's too, is wrapped.
 *
 * @module
 */

import type { Span, Tracer } from "@opentelemetry/api";
import { authorityPaths } from "../../pki/authority_paths.ts";

const redacted = "REDACTED";

/** A profile's one-time link; user and password; what a form or a client has put behind "?". */
const secrets: readonly (readonly [RegExp, string])[] = [
  [new RegExp(`(${authorityPaths.downloads})[^/?#\\s]+`, "g"), `$1${redacted}`],
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^/?#\s@]*@/gi, `$1${redacted}@`],
  [/\?[^#\s]+/g, `?${redacted}`],
];

/** An address, or a text with addresses in it, without what is secret. */
export function redactedAddress(text: string): string {
  return secrets.reduce((left, [secret, by]) => left.replace(secret, by), text);
}

/** Has all spans of the process say addresses that way. */
export function redactAddresses(tracer: Tracer): void {
  const probe = tracer.startSpan("probe");
  const prototype = Object.getPrototypeOf(probe) as Span;
  const { setAttribute } = prototype;
  prototype.setAttribute = function (this: Span, key, value) {
    return setAttribute.call(this, key, redactedAttribute(key, value));
  };
}

function redactedAttribute<T>(key: string, value: T): T | string {
  if (typeof value !== "string") return value;
  if (key === "url.query") return value === "" ? value : redacted;
  return /^(url|exception)\./.test(key) ? redactedAddress(value) : value;
}
