/**
 * From a file, a text or OpenVPN's argv to a configuration. No file but configuration files is
 * opened; `loadFiles` reads what they name.
 *
 * @module
 */

import { splitArgv } from "./argv.ts";
import type { Config, Notice } from "./config.ts";
import { emptyDraft } from "./draft.ts";
import { commandLine } from "./errors.ts";
import { finish } from "./finish.ts";
import { type ConfigFileHost, denoHost } from "./host.ts";
import { OptionReader } from "./read.ts";

/** A configuration, and what to say about it. */
export interface ParsedConfig {
  /** The configuration. */
  readonly config: Config;
  /** In the order in which they came up; show each when `verb` is high enough. */
  readonly notices: readonly Notice[];
}

/** What OpenVPN's argv asks for. */
export type CommandLine =
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | ({ readonly kind: "run" } & ParsedConfig);

/**
 * Reads a configuration file and those that it includes.
 *
 * @throws {ConfigError} at the first thing that is wrong.
 */
export function parseConfigFile(path: string, host: ConfigFileHost = denoHost): ParsedConfig {
  return parse(host, (reader) => reader.file(path, undefined));
}

/**
 * Reads a configuration from a text.
 *
 * @param name Stands for the file name in messages.
 * @throws {ConfigError} at the first thing that is wrong.
 */
export function parseConfigText(
  text: string,
  name: string,
  host: ConfigFileHost = denoHost,
): ParsedConfig {
  return parse(host, (reader) => reader.text(text, name));
}

/**
 * Reads OpenVPN's command line: `--option parameter …`, or one configuration file alone.
 *
 * @param argv Without the program's name.
 * @throws {ConfigError} at the first thing that is wrong.
 */
export function parseArgv(argv: readonly string[], host: ConfigFileHost = denoHost): CommandLine {
  if (argv.length === 0) return { kind: "help" };
  if (argv.length === 1 && !argv[0].startsWith("--")) {
    return { kind: "run", ...parseConfigFile(argv[0], host) };
  }
  const options = splitArgv(argv);
  for (const { name, parameters } of options) {
    if (name === "help") return { kind: "help" };
    if (name === "version" && parameters.length === 0) return { kind: "version" };
  }
  const parsed = parse(host, (reader) => {
    for (const { name, parameters, line } of options) {
      const position = { file: commandLine, line, option: name };
      reader.option({ name, parameters, line }, position);
    }
  });
  return { kind: "run", ...parsed };
}

function parse(host: ConfigFileHost, read: (reader: OptionReader) => void): ParsedConfig {
  const draft = emptyDraft();
  const reader = new OptionReader(draft, host);
  read(reader);
  const config = finish(draft, reader.notices);
  return { config, notices: reader.notices };
}
