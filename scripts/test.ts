/**
 * All tests: `deno task test [--unit] [--peers] [--filter NAME]`.
 *
 * Installs the Debian packages that the tests with real peers need when it may; a test that lacks
 * something is skipped, counted and named. The last line is `N passed, N failed, N skipped`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { removeStrayNamespaces } from "../tests/harness/namespace.ts";
import { filesUnder, projectDirectory } from "./files.ts";
import { addReports, exitStatus, parseJUnit, summaryLine, type TestReport } from "./junit.ts";
import { findProgram, missingFilePackages, missingPackages } from "./packages.ts";
import { print } from "./print.ts";

/** Tests that start other programs in network namespaces: slow, and one at a time. */
const peerDirectories = ["tests/harness/", "tests/peers/"];

async function provide(): Promise<void> {
  const packages = [...await missingPackages(), ...await missingFilePackages()];
  if (packages.length === 0) return;
  const install = ["install", "-y", "--no-install-recommends", ...packages];
  if (Deno.uid() !== 0 || await findProgram("apt-get") === undefined) {
    print(`Missing Debian packages: ${packages.join(", ")}. Tests that need them are skipped.`);
    print(`To run them: as root, apt-get ${install.join(" ")}`);
    return;
  }
  print(`Installing Debian packages: ${packages.join(", ")}`);
  for (const args of [["update", "-q"], install]) {
    const { success } = await new Deno.Command("apt-get", {
      args,
      env: { DEBIAN_FRONTEND: "noninteractive" },
      stdin: "null",
    }).spawn().status;
    if (!success) print(`apt-get ${args[0]} failed; tests that need these packages are skipped.`);
  }
}

/** Runs test files in one `deno test`, its output shown as it comes. */
async function runTests(
  files: readonly string[],
  filter: string | undefined,
  directory: string,
): Promise<TestReport> {
  const report = `${directory}/junit.xml`;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["test", "-A", `--junit-path=${report}`],
      ...(filter === undefined ? [] : [`--filter=${filter}`]),
      ...files,
    ],
    cwd: projectDirectory,
    // What a killed run leaves in it goes with it.
    env: { TMPDIR: directory },
    stdin: "null",
  }).spawn();
  // A terminal sends Ctrl-C to the child as well; SIGTERM comes to this process alone.
  const forward = () => child.kill("SIGTERM");
  const wait = () => {};
  Deno.addSignalListener("SIGINT", wait);
  Deno.addSignalListener("SIGTERM", forward);
  const status = await child.status;
  Deno.removeSignalListener("SIGINT", wait);
  Deno.removeSignalListener("SIGTERM", forward);
  return await readReport(report, status);
}

async function readReport(path: string, status: Deno.CommandStatus): Promise<TestReport> {
  let report: TestReport = { passed: 0, failed: [], skipped: [] };
  let problem = `deno test ended with status ${status.code}`;
  try {
    report = parseJUnit(await Deno.readTextFile(path));
    await Deno.remove(path);
  } catch (error) {
    // No report: files that don't compile, or a run that was killed.
    problem += ` (${error instanceof Error ? error.message : error})`;
  }
  // An error outside any test is in no report.
  if (!status.success && report.failed.length === 0) report = { ...report, failed: [problem] };
  return report;
}

async function main(): Promise<0 | 1> {
  const { values } = parseArgs({
    options: {
      unit: { type: "boolean", default: false },
      peers: { type: "boolean", default: false },
      filter: { type: "string" },
    },
  });
  const files = await filesUnder("tests", "_test.ts");
  const isPeer = (file: string) => peerDirectories.some((directory) => file.startsWith(directory));
  const groups: string[][] = [];
  if (values.unit || !values.peers) groups.push(files.filter((file) => !isPeer(file)));
  if (values.peers || !values.unit) groups.push(files.filter(isPeer));

  await provide();
  const directory = await Deno.makeTempDir({ prefix: "vpntest-run-" });
  // Some tests run programs as another user, in directories below that they open to all.
  await Deno.chmod(directory, 0o711);
  let total: TestReport = { passed: 0, failed: [], skipped: [] };
  try {
    for (const group of groups) {
      if (group.length === 0) continue;
      total = addReports(total, await runTests(group, values.filter, directory));
    }
  } finally {
    // A killed run leaves its namespaces, and in them its processes.
    if (Deno.uid() === 0 && await findProgram("ip")) await removeStrayNamespaces();
    await Deno.remove(directory, { recursive: true });
  }

  for (const name of total.skipped) print(`skipped: ${name}`);
  for (const name of total.failed) print(`failed: ${name}`);
  const status = exitStatus(total, Deno.env.get("CI") === "true");
  if (status !== 0 && total.failed.length === 0) {
    print(total.passed === 0 ? "No test ran." : "In CI nothing may be skipped.");
  }
  print(summaryLine(total));
  return status;
}

if (import.meta.main) Deno.exit(await main());
