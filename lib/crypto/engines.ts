/**
 * Choosing the engine that `--crypto` asks for.
 *
 * @module
 */

import { VpnError } from "../base/errors.ts";
import type { CryptoEngine, EngineChoice } from "./engine.ts";
import { OpenSslEngine } from "./openssl.ts";
import { WebCryptoEngine } from "./webcrypto.ts";

/**
 * The engine for a choice; `auto` takes openssl, the quicker one, where it is installed.
 *
 * @throws {VpnError} when an engine is chosen that this system does not have.
 * @throws {Deno.errors.NotCapable} without `--allow-ffi`, unless webcrypto is chosen.
 */
export function selectEngine(choice: EngineChoice): CryptoEngine {
  switch (choice) {
    case "auto":
      return OpenSslEngine.open() ?? new WebCryptoEngine();
    case "webcrypto":
      return new WebCryptoEngine();
    case "openssl": {
      const engine = OpenSslEngine.open();
      if (engine !== undefined) return engine;
      throw new VpnError(
        "the crypto engine openssl needs libcrypto.so.3 or libcrypto.so.1.1, which is not here",
        "install OpenSSL (Debian: apt-get install libssl3) or use --crypto webcrypto",
      );
    }
  }
}
