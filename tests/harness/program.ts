/**
 * Our program, as tests start it.
 *
 * @module
 */

/** Its main module, from source. */
export const mainModule = new URL("../../main.ts", import.meta.url).pathname;

/** Names the bundle's main module: `deno task test` makes one, as for the executable. */
export const bundleVariable = "VPN_TEST_BUNDLE";

const bundle = Deno.env.get(bundleVariable);

/**
 * What its arguments follow. By the bundle a start takes a fifth less of the processor, and the tests
 * make a thousand; a test file that is run by itself has no bundle and takes the sources.
 */
export const vpnCommand: readonly string[] = [
  ...[Deno.execPath(), "run", "-A"],
  ...(bundle === undefined
    ? [mainModule]
    : ["--no-config", "--unstable-lazy-dynamic-imports", bundle]),
];
