/**
 * Choosing the engine that `--crypto` asks for.
 *
 * @module
 */

import { IpsecMbUnavailable } from "deno-tun";
import { VpnError } from "../base/errors.ts";
import type { CryptoEngine, EngineChoice } from "./engine.ts";
import { EnginePreference } from "./engine_preference.ts";
import { IpsecMbEngine } from "./ipsec_mb.ts";
import { OpenSslEngine } from "./openssl.ts";
import { WebCryptoEngine } from "./webcrypto.ts";

/**
 * The engine for a choice; `auto` takes the quickest that is installed, cipher by cipher.
 *
 * @throws {VpnError} when an engine is chosen that this system does not have.
 * @throws {Deno.errors.NotCapable} without `--allow-ffi`, unless webcrypto is chosen.
 */
export function selectEngine(choice: EngineChoice): CryptoEngine {
  switch (choice) {
    case "auto":
      return new EnginePreference([ipsecMbIfThere(), OpenSslEngine.open(), new WebCryptoEngine()]);
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
    case "ipsec-mb":
      return openIpsecMb();
  }
}

function openIpsecMb(): IpsecMbEngine {
  try {
    return IpsecMbEngine.open();
  } catch (cause) {
    if (!(cause instanceof IpsecMbUnavailable)) throw cause;
    throw new VpnError(
      `the crypto engine ipsec-mb cannot be used: ${cause.message}`,
      "install it on x86-64 (Debian: apt-get install libipsec-mb1) or use --crypto auto",
      { cause },
    );
  }
}

function ipsecMbIfThere(): IpsecMbEngine | undefined {
  try {
    return IpsecMbEngine.open();
  } catch (error) {
    if (error instanceof IpsecMbUnavailable) return undefined;
    throw error;
  }
}
