/**
 * Writes docs/options.md from the option table; `--check`: only whether it is up to date.
 *
 * @module
 */

import { optionTableMarkdown } from "../lib/config/mod.ts";
import { projectDirectory } from "./files.ts";
import { print } from "./print.ts";

/** The page as it has to be. */
export function optionsPage(): string {
  return `# Options

What happens to each of OpenVPN's options, in configuration files and on the command line. Made from
the option table by \`deno task options\`.

- **supported**: as in OpenVPN.
- **ignored**: it changes nothing here; said at verb 3.
- **mapped**: taken as another option, with a warning.
- **accepted, no effect yet**: taken with a warning.
- **refused**, **refused for now**: an error that names what to use instead.

${optionTableMarkdown().trim()}
`;
}

if (import.meta.main) {
  const path = `${projectDirectory}/docs/options.md`;
  if (Deno.args.includes("--check")) {
    const current = await Deno.readTextFile(path).catch(() => "");
    if (current !== optionsPage()) {
      print("docs/options.md is out of date: run deno task options");
      Deno.exit(1);
    }
  } else {
    await Deno.writeTextFile(path, optionsPage());
  }
}
