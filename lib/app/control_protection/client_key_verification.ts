/**
 * `tls-crypt-v2-verify`: a program decides by the metadata of a client's key, once the client has
 * proved its address and before there is any TLS with it. Whom it refuses gets no answer.
 *
 * The program finds `metadata_type` and `metadata_file` in its environment: the metadata without
 * the byte of its type.
 *
 * @module
 */

import { errorLine } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { ServerConfig } from "../../config/mod.ts";
import { type ClientKey, clientKeyFingerprint } from "../../crypto/tls_crypt_v2_key.ts";
import { type Programs, succeeded } from "../programs/programs.ts";
import { temporaryFile } from "../programs/temporary_file.ts";

/** Clients about whom is being decided; further ones have to try again. */
const maximumPending = 256;

/** How long a client waits for its session at most (`hand-window`), so the program too, ms. */
const timeLimit = 30_000;

/** What it needs. */
export interface ClientKeyVerificationOptions {
  /** `tls-crypt-v2-verify`. */
  readonly commandLine: string;
  readonly programs: Programs;
  /** `tmp-dir`. */
  readonly temporaryDirectory: string | undefined;
}

/** See the module's page. */
export class ClientKeyVerification {
  readonly #pending = new Set<string>();

  constructor(readonly options: ClientKeyVerificationOptions) {}

  /**
   * Has the program decide, once for a client at a time.
   *
   * @param client Tells clients apart: address and session id.
   * @param admit Called when the key may come in.
   */
  async decide(client: string, key: ClientKey, log: Log, admit: () => void): Promise<void> {
    if (this.#pending.has(client)) return;
    if (this.#pending.size >= maximumPending) {
      log.at(3, "TLS CRYPT V2 VERIFY: too many clients wait, one has to try again");
      return;
    }
    this.#pending.add(client);
    try {
      const verified = await this.#verify(key, log);
      log.at(2, `TLS CRYPT V2 VERIFY SCRIPT ${verified ? "OK" : "ERROR"}`);
      if (verified) admit();
    } catch (error) {
      log.error(`tls-crypt-v2-verify: ${errorLine(error)}`);
    } finally {
      this.#pending.delete(client);
    }
  }

  async #verify({ metadata, wrapped }: ClientKey, log: Log): Promise<boolean> {
    if (metadata === undefined) {
      log.warn(`tls-crypt-v2: the client key ${clientKeyFingerprint(wrapped)} has no metadata`);
      return false;
    }
    const { commandLine, programs, temporaryDirectory } = this.options;
    await using file = await temporaryFile(
      temporaryDirectory,
      "tls_crypt_v2_metadata",
      metadata.value,
    );
    const result = await programs.run({
      option: "tls-crypt-v2-verify",
      commandLine,
      variables: { metadata_type: String(metadata.type), metadata_file: file.path },
      timeLimit,
      log,
    });
    return succeeded(result);
  }
}

/** From a configuration; undefined when it names no such program. */
export function clientKeyVerification(
  { tlsCryptV2, process }: Pick<ServerConfig, "tlsCryptV2" | "process">,
  programs: Programs,
): ClientKeyVerification | undefined {
  const { verify: commandLine } = tlsCryptV2;
  if (commandLine === undefined) return undefined;
  const { temporaryDirectory } = process;
  return new ClientKeyVerification({ commandLine, programs, temporaryDirectory });
}
