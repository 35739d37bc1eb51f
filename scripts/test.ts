/**
 * All tests: `deno task test [--unit] [--peers] [--filter NAME]`.
 *
 * Installs the Debian packages that the tests with real peers need when it may; a test that lacks
 * something is skipped, counted and named. The program that they start is bundled first, as for the
 * executable. The last line is `N passed, N failed, N skipped`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { removeStrayNamespaces } from "../tests/harness/namespace.ts";
import { bundleVariable } from "../tests/harness/program.ts";
import { bundleProgram } from "./bundle.ts";
import { filesUnder } from "./files.ts";
import { addReports, exitStatus, summaryLine, type TestReport } from "./junit.ts";
import { findProgram, missingFilePackages, missingPackages } from "./packages.ts";
import { print } from "./print.ts";
import { sideBySide } from "./side_by_side.ts";
import { runTestFiles, stopTests } from "./test_process.ts";

/** Tests that start other programs in network namespaces: slow, and mostly waiting. */
const peerDirectories = ["tests/harness/", "tests/peers/"];

/** Those that take longest: begun first, so that none of them runs on alone at the end. */
const longFiles = ["matrix", "tcp", "bad_network", "portal_pages", "volume", "variants"]
  .map((name) => `tests/peers/${name}_test.ts`);

/** How many files of these run side by side. */
const peerFilesAtATime = 3;

/** How many rooms' other tests run side by side: these compute. */
const roomsAtATime = 2;

/** How long one process may take, ms: a file of peer tests, or the tests of a room. */
const processLimit = 8 * 60_000;

/** With more failed files than this, nothing is tried a second time. */
const mostSecondTries = 3;

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

/**
 * Test files by the directory of the room that they test: `tests/lib/wire`, `tests/ffi`. The rooms
 * with the most files come first, so that none of them runs on alone at the end.
 */
function byRoom(files: readonly string[]): readonly string[][] {
  const rooms = new Map<string, string[]>();
  for (const file of files) {
    const parts = file.split("/");
    const room = parts.slice(0, parts[1] === "lib" ? 3 : 2).join("/");
    rooms.set(room, [...rooms.get(room) ?? [], file]);
  }
  return [...rooms.values()].sort((a, b) => b.length - a.length);
}

/** Runs these files in a process of their own, and shows what they printed when they are done. */
async function runProcess(
  files: readonly string[],
  filter: string | undefined,
  directory: string,
): Promise<TestReport> {
  const { report, output } = await runTestFiles({ files, filter, directory, limit: processLimit });
  print(output.trimEnd());
  return report;
}

/**
 * Runs peer tests, a process per file. What failed runs once more, by itself: the machines are
 * shared, and a peer that got no processor for a minute is no defect of ours. More than a few
 * failures are one, and so is a second failure; what passed at the second try is named.
 */
async function runPeerTests(
  files: readonly string[],
  filter: string | undefined,
  directory: string,
): Promise<TestReport[]> {
  const run = (file: string) => runProcess([file], filter, directory);
  const reports = await sideBySide(files, peerFilesAtATime, run);
  const failed = files.filter((_, i) => reports[i].failed.length > 0);
  if (failed.length > mostSecondTries) return reports;
  for (const file of failed) {
    const index = files.indexOf(file);
    const names = reports[index].failed.join("; ");
    print(`second try, by itself: ${file} (${names})`);
    reports[index] = await run(file);
    if (reports[index].failed.length === 0) print(`passed at the second try: ${names}`);
  }
  return reports;
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
  const units = values.peers && !values.unit ? [] : files.filter((file) => !isPeer(file));
  const isLong = (file: string) => longFiles.includes(file);
  const peers = values.unit && !values.peers
    ? []
    : [...files.filter(isLong), ...files.filter((file) => isPeer(file) && !isLong(file))];

  await provide();
  const directory = await Deno.makeTempDir({ prefix: "vpntest-run-" });
  // Some tests run programs as another user, in directories below that they open to all.
  await Deno.chmod(directory, 0o711);
  await bundleProgram(`${directory}/program`);
  Deno.env.set(bundleVariable, `${directory}/program/main.js`);
  let total: TestReport = { passed: 0, failed: [], skipped: [] };
  // A terminal sends Ctrl-C to the children as well; SIGTERM comes to this process alone.
  const wait = () => {};
  Deno.addSignalListener("SIGINT", wait);
  Deno.addSignalListener("SIGTERM", stopTests);
  try {
    const run = (room: readonly string[]) => runProcess(room, values.filter, directory);
    const reports = await sideBySide(byRoom(units), roomsAtATime, run);
    reports.push(...await runPeerTests(peers, values.filter, directory));
    total = reports.reduce(addReports, total);
  } finally {
    Deno.removeSignalListener("SIGINT", wait);
    Deno.removeSignalListener("SIGTERM", stopTests);
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
