/**
 * Just enough SVG for bar charts, in place of a dependency: vega-lite and d3 bring dozens of
 * packages (or a DOM) for what is some lines here.
 *
 * @module
 */

/** Text as it may stand in SVG, in attributes too. */
export function escapeXml(text: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&apos;",
  };
  // XML 1.0 (2.2) has no other control characters than tab, line feed and carriage return.
  // deno-lint-ignore no-control-regex -- they are what is taken out
  return text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, "")
    .replace(/[&<>"']/g, (character) => entities[character]);
}

/** An element; `content` is SVG already. Numbers are rounded to hundredths. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  content = "",
): string {
  const text = Object.entries(attributes).map(([key, value]) =>
    ` ${key}="${typeof value === "number" ? Math.round(value * 100) / 100 : escapeXml(value)}"`
  ).join("");
  return content === "" ? `<${name}${text}/>` : `<${name}${text}>${content}</${name}>`;
}

/** A line of text. */
export function label(
  x: number,
  y: number,
  text: string,
  attributes: Readonly<Record<string, string | number>> = {},
): string {
  return element("text", { x, y, ...attributes }, escapeXml(text));
}

/** A whole document of that size in pixels, on white, so that it reads on dark pages too. */
export function svgDocument(width: number, height: number, parts: readonly string[]): string {
  return element("svg", {
    xmlns: "http://www.w3.org/2000/svg",
    viewBox: `0 0 ${width} ${height}`,
    ...{ width, height },
    "font-family": "system-ui, sans-serif",
    "font-size": 12,
  }, `\n${[element("rect", { width, height, fill: "white" }), ...parts].join("\n")}\n`) + "\n";
}
