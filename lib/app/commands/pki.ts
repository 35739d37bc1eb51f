/**
 * `vpn pki …`: each command's work is in `lib/app/authority`.
 *
 * @module
 */

import { ExitCode } from "../exit_code.ts";
import { startTracing } from "../telemetry/start_telemetry.ts";
import type { PkiArguments, PkiOperation } from "./pki_options.ts";

/** Runs each command. */
const operations: {
  readonly [Name in PkiArguments["operation"]]: (
    given: PkiOperation<Name>,
  ) => Promise<number | void>;
} = {
  init: async (given) => (await import("../authority/issuing.ts")).init(given),
  issue: async (given) => (await import("../authority/issuing.ts")).issue(given),
  sign: async (given) => (await import("../authority/issuing.ts")).sign(given),
  renew: async (given) => (await import("../authority/issuing.ts")).renew(given),
  revoke: async (given) => (await import("../authority/revoking.ts")).revoke(given),
  crl: async (given) => (await import("../authority/revoking.ts")).crl(given),
  ocsp: async (given) => (await import("../authority/asking.ts")).ocsp(given),
  list: async (given) => (await import("../authority/showing.ts")).list(given),
  show: async (given) => (await import("../authority/showing.ts")).show(given),
  export: async (given) => (await import("../authority/export_command.ts")).exportFiles(given),
  link: async (given) => (await import("../authority/link_command.ts")).link(given),
  import: async (given) => (await import("../authority/importing.ts")).importAuthority(given),
  key: async (given) => (await import("../authority/control_keys.ts")).key(given),
  settings: async (given) => (await import("../authority/settings.ts")).settings(given),
};

/** Runs a command of the authority; the exit code. What fails throws. */
export async function pki(given: PkiArguments): Promise<number> {
  await startTracing();
  const run = operations[given.operation] as (given: PkiArguments) => Promise<number | void>;
  return await run(given) ?? ExitCode.success;
}
