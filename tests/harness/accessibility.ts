/**
 * What keeps people out of a page, by axe-core.
 *
 * @module
 */

import axe from "axe-core";
import type { Page } from "playwright-core";

/** Kinds that are looked for: WCAG 2.2 A and AA, and what axe's authors hold good practice. */
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** Violations of the page as it is now that are serious or critical, a text each. */
export async function seriousViolations(page: Page): Promise<string[]> {
  // By the debugger: the page's content security policy lets no script of others in.
  await page.evaluate(axe.source);
  const violations = await page.evaluate(
    `axe.run(document, ${JSON.stringify({ runOnly: tags })}).then(({ violations }) => violations)`,
  ) as Violation[];
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, help, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${help}\n${html}\n${failureSummary}`)
    );
}
