/**
 * A peer's certificates as programs see them: `X509_0_CN`, `tls_id_0`, `tls_serial_0` …, with the
 * peer's own certificate as number 0.
 *
 * Source: openvpn(8), "Environmental Variables"; OpenVPN's `ssl_verify.c` (`verify_cert_set_env`).
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { Certificate } from "../../pki/mod.ts";
import { attributeName, formatName, replaceControls } from "../../pki/distinguished_name.ts";

/** The variables of all certificates of a path. */
export function certificateVariables(path: readonly Certificate[]): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [depth, certificate] of path.entries()) {
    const serial = certificate.serial.toLowerCase();
    variables[`tls_id_${depth}`] = formatName(certificate.subject);
    variables[`tls_serial_${depth}`] = BigInt(`0x${serial || "0"}`).toString();
    variables[`tls_serial_hex_${depth}`] = withColons(serial);
    variables[`tls_digest_${depth}`] = fingerprint("sha1", certificate);
    variables[`tls_digest_sha256_${depth}`] = fingerprint("sha256", certificate);
    for (const { type, value } of certificate.subject.relative.flat()) {
      const name = `X509_${depth}_${attributeName(type)}`;
      variables[freeName(variables, name)] = replaceControls(value);
    }
  }
  return variables;
}

function fingerprint(digest: "sha1" | "sha256", { raw }: Certificate): string {
  return withColons(createHash(digest).update(raw).digest("hex"));
}

function withColons(hex: string): string {
  return (hex.match(/../g) ?? []).join(":");
}

/** A second attribute of the same kind gets a number (`setenv_str_incr`). */
function freeName(variables: Readonly<Record<string, string>>, name: string): string {
  if (!(name in variables)) return name;
  for (let number = 1;; number++) {
    if (!(`${name}_${number}` in variables)) return `${name}_${number}`;
  }
}
