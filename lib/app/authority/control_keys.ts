/**
 * `vpn pki key`: keys for the control channel, in the files of `openvpn --genkey`.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import { loadFiles, parseConfigFile } from "../../config/mod.ts";
import { generateStaticKey } from "../../crypto/static_key.ts";
import {
  formatTlsCryptV2ClientKey,
  formatTlsCryptV2ServerKey,
  generateTlsCryptV2ClientKey,
  MetadataType,
  parseTlsCryptV2ServerKey,
  TlsCryptV2ServerKey,
} from "../../crypto/tls_crypt_v2_key.ts";
import { readImportFile } from "../../pki/authority_import.ts";
import { fileExists } from "../../pki/directory_access.ts";
import { stateFiles } from "../../pki/state_files.ts";
import type { PkiOperation } from "../commands/pki_options.ts";
import { stateOf } from "./opened.ts";
import { writeOutputFiles } from "./output_files.ts";
import { print, write } from "./terminal.ts";

/** Makes a key. */
export async function key(given: PkiOperation<"key">): Promise<void> {
  const { out } = given;
  const content = await makeKey(given);
  if (out === undefined || out === "-") return write(content);
  await writeOutputFiles([{ path: out, content, secret: true }], given.force);
  print(`Wrote ${out}.`);
}

/** The server's key that the configuration in a state directory names. */
function stateServerKey(directory: string): string {
  const { serverConfiguration } = stateFiles(directory);
  if (fileExists(serverConfiguration)) {
    const { config } = parseConfigFile(serverConfiguration);
    if (config.role === "server" && config.controlKey?.kind === "tls-crypt-v2") {
      return loadFiles(config).text(config.controlKey.key);
    }
  }
  throw new VpnError(
    `a client's key is wrapped under the server's, and ${serverConfiguration} names none`,
    "give that with --server-key FILE",
  );
}

async function makeKey(given: PkiOperation<"key">): Promise<string> {
  const { kind, serverKey, metadata } = given;
  if (kind !== "tls-crypt-v2-client") {
    if (serverKey !== undefined || metadata !== undefined) {
      throw new VpnError(
        `a key for ${kind} has neither a server's key nor metadata`,
        "leave out --server-key and --metadata",
      );
    }
    return kind === "tls-crypt-v2-server"
      ? formatTlsCryptV2ServerKey(TlsCryptV2ServerKey.generate())
      : generateStaticKey();
  }
  const wrapping = parseTlsCryptV2ServerKey(
    serverKey === undefined ? stateServerKey(stateOf(given)) : await readImportFile(serverKey),
  );
  return formatTlsCryptV2ClientKey(
    metadata === undefined ? generateTlsCryptV2ClientKey(wrapping) : generateTlsCryptV2ClientKey(
      wrapping,
      { type: MetadataType.USER, value: new TextEncoder().encode(metadata) },
    ),
  );
}
