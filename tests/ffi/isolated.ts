/**
 * Tests in a network namespace of their own, which is gone when their process ends.
 *
 * @module
 */

import { tryRun } from "../harness/command.ts";
import { TemporaryDirectory } from "../harness/directory.ts";
import { type Requirement, testWith } from "../harness/requirements.ts";

const variable = "VPN_ISOLATED_TEST";

/** How an isolated test is run. */
export interface IsolatedTestOptions {
  /** A command in front of the test's own: what it must do without, for example. */
  readonly wrapper?: readonly string[];
  /** What it needs besides. */
  readonly needs?: readonly Requirement[];
}

/**
 * Registers a test whose body runs in a process of its own, in an empty network namespace: the
 * same module is run again there, and there this function runs the body of that name.
 *
 * @param moduleUrl `import.meta.url` of the test's module.
 */
export async function isolatedTest(
  moduleUrl: string,
  name: string,
  body: () => void | Promise<void>,
  options: IsolatedTestOptions = {},
): Promise<void> {
  const running = Deno.env.get(variable);
  if (running !== undefined) {
    if (running === name) await body();
    return;
  }
  await testWith(name, async () => {
    // What the machine's /run/vpn is to the test.
    await using directory = await TemporaryDirectory.create();
    const env = { [variable]: name, NO_COLOR: "1", VPN_RUN_DIRECTORY: `${directory.path}/vpn` };
    const result = await tryRun([
      ...["unshare", "--net"],
      ...options.wrapper ?? [],
      ...[Deno.execPath(), "run", "--no-check", "-A", moduleUrl],
    ], { env, timeoutMs: 20_000 });
    if (result.code !== 0) {
      throw new Error(
        `in its namespace: exit status ${result.code}\n${result.stdout}${result.stderr}`,
      );
    }
  }, ["root", "tun", "netns", "ip", ...options.needs ?? []]);
}
