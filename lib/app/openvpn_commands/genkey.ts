/**
 * `--genkey TYPE [FILE]`: new keys, in OpenVPN's formats.
 *
 * Source: openvpn(8), "TUNNEL-mode and TLS-mode options", `--genkey`.
 *
 * @module
 */

import { writeFileAtomically } from "../../base/atomic_file.ts";
import { errorLine, VpnError } from "../../base/errors.ts";
import { generateStaticKey } from "../../crypto/static_key.ts";
import {
  type ClientKeyMetadata,
  formatTlsCryptV2ClientKey,
  formatTlsCryptV2ServerKey,
  generateTlsCryptV2ClientKey,
  maximumMetadataLength,
  MetadataType,
  parseTlsCryptV2ServerKey,
  TlsCryptV2ServerKey,
} from "../../crypto/tls_crypt_v2_key.ts";
import { generateTokenSecret } from "../../users/auth_token.ts";
import type { CommandOptions } from "./command_options.ts";
import { print } from "../authority/terminal.ts";

/** What can be made. */
const types = [
  "secret",
  "tls-auth",
  "tls-crypt",
  "auth-token",
  "tls-crypt-v2-server",
  "tls-crypt-v2-client",
] as const;

/** Makes a key and writes it, to standard output without a file. */
export async function genkey(options: CommandOptions): Promise<void> {
  const [type = "secret", file = options.get("secret")?.[0], metadata] = options.get("genkey") ??
    [];
  const text = keyText(type, metadata, options.get("tls-crypt-v2")?.[0]);
  if (file === undefined || file === "") print(text.trimEnd());
  else await writeFileAtomically(file, text, 0o600);
}

function keyText(type: string, metadata: string | undefined, serverKey: string | undefined) {
  if (metadata !== undefined && type !== "tls-crypt-v2-client") {
    throw new VpnError(`--genkey ${type} takes no metadata`, "leave it out");
  }
  switch (type) {
    case "secret":
    case "tls-auth":
    case "tls-crypt":
      return generateStaticKey();
    case "auth-token":
      return generateTokenSecret();
    case "tls-crypt-v2-server":
      return formatTlsCryptV2ServerKey(TlsCryptV2ServerKey.generate());
    case "tls-crypt-v2-client":
      return clientKeyText(metadata, serverKey);
    default:
      throw new VpnError(`unknown --genkey type: ${type}`, `use one of ${types.join(", ")}`);
  }
}

function clientKeyText(metadata: string | undefined, serverKeyFile: string | undefined): string {
  if (serverKeyFile === undefined) {
    throw new VpnError(
      "--genkey tls-crypt-v2-client needs the server's key to wrap the client's",
      "add --tls-crypt-v2 SERVER-KEY",
    );
  }
  let text: string;
  try {
    text = Deno.readTextFileSync(serverKeyFile);
  } catch (cause) {
    throw new VpnError(`cannot read ${serverKeyFile}: ${errorLine(cause)}`, undefined, { cause });
  }
  const key = parseTlsCryptV2ServerKey(text);
  const made = metadata === undefined
    ? generateTlsCryptV2ClientKey(key)
    : generateTlsCryptV2ClientKey(key, userMetadata(metadata));
  key.wipe();
  return formatTlsCryptV2ClientKey(made);
}

function userMetadata(base64: string): ClientKeyMetadata {
  let value: Uint8Array;
  try {
    value = Uint8Array.fromBase64(base64);
  } catch {
    throw new VpnError("the metadata is not base64", "encode it, as with the program base64");
  }
  if (value.length >= maximumMetadataLength) {
    throw new VpnError(
      `the metadata has ${value.length} bytes`,
      `give at most ${maximumMetadataLength - 1}`,
    );
  }
  return { type: MetadataType.USER, value };
}
