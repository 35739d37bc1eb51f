/**
 * Debian's Chromium without a screen, driven by playwright-core.
 *
 * @module
 */

import { type Browser, chromium } from "playwright-core";
import { findProgram } from "../../scripts/packages.ts";

/** It asks nobody but whom the test names, and does with what a small machine has. */
const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
] as const;

/** How long it may take to start, ms: CI is slow. */
const startLimit = 60_000;

/**
 * Starts it with a new profile; `close` ends it.
 *
 * @param options.program Something that starts Chromium, as a script that does it in a namespace.
 */
export async function startBrowser(
  options: {
    readonly program?: string;
    /** Where it keeps what is no profile's, as the authorities that it trusts. */
    readonly home?: string;
    readonly arguments?: readonly string[];
  } = {},
): Promise<Browser> {
  const program = options.program ?? await findProgram("chromium");
  if (program === undefined) throw new Error("Chromium is not installed");
  return await chromium.launch({
    executablePath: program,
    args: [...flags, ...options.arguments ?? []],
    timeout: startLimit,
    env: { ...Deno.env.toObject(), ...options.home !== undefined && { HOME: options.home } },
    // Playwright's own handlers would end the test's process.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  });
}
