/**
 * Configurations as nobody writes them: known options with any parameters, broken blocks, any text.
 *
 * @module
 */

import fc from "fast-check";
import { optionRows } from "../../../lib/config/table.ts";

/** An option's name, or what is not one. */
export const arbitraryName = fc.constantFrom(
  ...optionRows.map((row) => row.name),
  "connection",
  "__proto__",
  "",
);
/** What may stand behind it. */
export const arbitraryParameter = fc.oneof(
  fc.string({ maxLength: 30, unit: "binary" }),
  fc.ipV4(),
  fc.ipV6(),
  fc.integer().map(String),
  fc.double().map(String),
  fc.domain(),
  fc.constantFrom(
    "udp",
    "tcp",
    "tun",
    "none",
    "server",
    "infinite",
    "255.255.255.0",
    "opt",
    "self",
  ),
  fc.constantFrom("constructor", "__proto__", "toString", "hasOwnProperty"),
);
const option = fc.tuple(arbitraryName, fc.array(arbitraryParameter, { maxLength: 5 }));
/** A line of a configuration. */
export const arbitraryLine = fc.oneof(
  option.map(([n, p]) => [n, ...p].join(" ")),
  arbitraryName.map((n) => `<${n}>`),
  arbitraryName.map((n) => `</${n}>`),
  fc.string({ maxLength: 80, unit: "binary" }),
);
