/**
 * One run of `deno test`: a process of its own, its report, its output, an end.
 *
 * @module
 */

import { projectDirectory } from "./files.ts";
import { parseJUnit, type TestReport } from "./junit.ts";

/** What is run, and how. */
export interface TestRun {
  /** Test files, relative to the project. */
  readonly files: readonly string[];
  /** `--filter` of `deno test`. */
  readonly filter?: string;
  /** What the run may write into; removed by the caller, with what a killed run left in it. */
  readonly directory: string;
  /** A run that takes longer, ms, is ended and has failed. */
  readonly limit: number;
}

/** What came of it. */
export interface TestOutcome {
  readonly report: TestReport;
  /** What it printed. */
  readonly output: string;
}

const running = new Set<Deno.ChildProcess>();
let stopped = false;

/** Runs test files in one `deno test`. */
export async function runTestFiles(run: TestRun): Promise<TestOutcome> {
  if (stopped) return { report: failure(`${run.files.join(" ")}: not run`), output: "" };
  const directory = await Deno.makeTempDir({ dir: run.directory });
  // Some tests run programs as another user, in directories below that they open to all.
  await Deno.chmod(directory, 0o711);
  const report = `${directory}/junit.xml`;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      // Types are the gate's work (`deno task check`), once rather than in each process.
      ...["test", "-A", "--no-check", `--junit-path=${report}`],
      ...(run.filter === undefined ? [] : [`--filter=${run.filter}`]),
      ...run.files,
    ],
    cwd: projectDirectory,
    env: { TMPDIR: directory },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  running.add(child);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, run.limit);
  try {
    const { status, output } = await ended(child);
    const outcome = await readReport(report, status);
    if (!late) return { report: outcome, output };
    const name = `${run.files.join(" ")}: not over after ${run.limit / 1000} s`;
    return { report: { ...outcome, failed: [name] }, output };
  } finally {
    clearTimeout(timer);
    running.delete(child);
  }
}

async function ended(child: Deno.ChildProcess) {
  // Both in the order in which they are printed, near enough for a reader.
  const [stdout, stderr, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.status,
  ]);
  return { status, output: stdout + stderr };
}

/** Ends what runs, and starts nothing more. */
export function stopTests(): void {
  stopped = true;
  for (const child of running) child.kill("SIGTERM");
}

async function readReport(path: string, status: Deno.CommandStatus): Promise<TestReport> {
  let report: TestReport = { passed: 0, failed: [], skipped: [] };
  let problem = `deno test ended with status ${status.code}`;
  try {
    report = parseJUnit(await Deno.readTextFile(path));
  } catch (error) {
    // No report: files that don't compile, or a run that was killed.
    problem += ` (${error instanceof Error ? error.message : error})`;
  }
  // An error outside any test is in no report.
  return !status.success && report.failed.length === 0 ? { ...report, failed: [problem] } : report;
}

function failure(name: string): TestReport {
  return { passed: 0, failed: [name], skipped: [] };
}
