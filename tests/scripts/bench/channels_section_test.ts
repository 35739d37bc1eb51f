/** The channels' section in a page. */
import assert from "node:assert/strict";
import { channelsSectionOf, withChannelsSection } from "../../../scripts/bench/channels_section.ts";

Deno.test("the section takes the place of its own, at the end, and is found again", () => {
  const page = "# Benchmarks\n\n## Results\n\ntext\n";
  assert.equal(channelsSectionOf(page), undefined);
  const first = withChannelsSection(page, "## Lean channels\n\none\n");
  assert.equal(first, `${page}\n## Lean channels\n\none\n`);
  const second = withChannelsSection(first, "## Lean channels\n\ntwo\n");
  assert.equal(second, `${page}\n## Lean channels\n\ntwo\n`);
  assert.equal(channelsSectionOf(second), "## Lean channels\n\ntwo\n");
});
