import assert from "node:assert/strict";
import fastCheck from "fast-check";
import { element, escapeXml, label, svgDocument } from "../../../scripts/bench/svg.ts";

Deno.test("text is escaped in content and attributes", () => {
  assert.equal(
    escapeXml(`<a b="c" d='e'> & \x00\x1b`),
    "&lt;a b=&quot;c&quot; d=&apos;e&apos;&gt; &amp; ",
  );
  assert.equal(label(1, 2, "a < b"), '<text x="1" y="2">a &lt; b</text>');
  assert.equal(element("rect", { fill: '"><script>' }), '<rect fill="&quot;&gt;&lt;script&gt;"/>');
});

Deno.test("no text breaks out of its element, and none is lost", () => {
  fastCheck.assert(
    fastCheck.property(fastCheck.string({ unit: "grapheme" }), (text) => {
      const escaped = escapeXml(text);
      assert.doesNotMatch(escaped, /[<>"']/);
      const names: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
      // deno-lint-ignore no-control-regex -- those that XML cannot hold
      const kept = text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, "");
      assert.equal(escaped.replace(/&(\w+);/g, (_, name) => names[name]), kept);
    }),
  );
});

Deno.test("numbers are short", () => {
  assert.equal(element("rect", { x: 1 / 3, y: 10 }), '<rect x="0.33" y="10"/>');
  assert.match(svgDocument(10, 20, ["<a/>"]), /^<svg [^>]*viewBox="0 0 10 20"[^>]*>[^]*<\/svg>\n$/);
});
