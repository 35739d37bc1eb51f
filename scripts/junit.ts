/**
 * Reads the JUnit report of `deno test --junit-path`.
 *
 * @module
 */

/** What became of one run of `deno test`. Names are unescaped. */
export interface TestReport {
  readonly passed: number;
  readonly failed: readonly string[];
  readonly skipped: readonly string[];
}

const entities: Record<string, string> = {
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&apos;": "'",
  "&amp;": "&",
};

function unescape(text: string): string {
  return text.replace(/&(?:lt|gt|quot|apos|amp);/g, (entity) => entities[entity]);
}

/**
 * Counts the test cases of a report; steps count as test cases of their own.
 *
 * Regular expressions do: Deno writes one element per line and escapes `<` in texts.
 *
 * @throws {Error} when it isn't such a report, or doesn't hold as many test cases as it says.
 */
export function parseJUnit(xml: string): TestReport {
  const declared = xml.match(/<testsuites [^>]*\btests="(\d+)"/);
  if (!declared) throw new Error("not a JUnit report: no <testsuites tests=…>");
  const failed: string[] = [];
  const skipped: string[] = [];
  let passed = 0;
  for (const match of xml.matchAll(/<testcase name="([^"]*)"[^>]*?(?:\/>|>(.*?)<\/testcase>)/gs)) {
    const name = unescape(match[1]);
    const body = match[2] ?? "";
    if (/<(?:failure|error)\b/.test(body)) failed.push(name);
    else if (/<skipped\b/.test(body)) skipped.push(name);
    else passed++;
  }
  const found = passed + failed.length + skipped.length;
  if (found !== Number(declared[1])) {
    throw new Error(`a JUnit report that says ${declared[1]} tests and holds ${found}`);
  }
  return { passed, failed, skipped };
}

/** Both together. */
export function addReports(one: TestReport, other: TestReport): TestReport {
  return {
    passed: one.passed + other.passed,
    failed: [...one.failed, ...other.failed],
    skipped: [...one.skipped, ...other.skipped],
  };
}

/** The closing line that counts in any language. */
export function summaryLine(report: TestReport): string {
  return `${report.passed} passed, ${report.failed.length} failed, ${report.skipped.length} skipped`;
}

/**
 * The exit status that a report deserves: 1 when a test failed or none ran, and when one was
 * skipped where nothing may be.
 */
export function exitStatus(report: TestReport, skippingFails: boolean): 0 | 1 {
  const ran = report.passed + report.failed.length;
  if (report.failed.length > 0 || ran === 0) return 1;
  return skippingFails && report.skipped.length > 0 ? 1 : 0;
}
