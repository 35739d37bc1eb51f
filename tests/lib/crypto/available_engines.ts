/** The engines that this machine has, for tests that run with each. */

import type { EngineChoice } from "../../../lib/crypto/engine.ts";
import { selectEngine } from "../../../lib/crypto/engines.ts";

const choices: readonly EngineChoice[] = ["openssl", "webcrypto", "ipsec-mb"];

/** Engines by name; ipsec-mb only where its library is. */
export const availableEngines: readonly EngineChoice[] = choices.filter((choice) => {
  try {
    selectEngine(choice);
    return true;
  } catch {
    return false;
  }
});
