/**
 * OpenVPN's command line: options that start with `--`, each with what follows it up to the next.
 *
 * @module
 */

import { ConfigError } from "./errors.ts";
import { shorten } from "./option.ts";
import { maximumWords } from "../base/tokenize.ts";

/** An option and what follows it up to the next. */
export interface ArgvOption {
  /** Without `--`. */
  readonly name: string;
  readonly parameters: readonly string[];
  /** Its place among the arguments, from 1. */
  readonly line: number;
}

/**
 * Splits a command line into options (`parse_argv` in OpenVPN's options.c).
 *
 * @throws {ConfigError} for what is no option, or has too many parameters.
 */
export function splitArgv(argv: readonly string[]): ArgvOption[] {
  const options: ArgvOption[] = [];
  for (let i = 0; i < argv.length;) {
    const name = argv[i].slice(2);
    if (!argv[i].startsWith("--") || name === "") {
      throw new ConfigError(
        `the argument "${shorten(argv[i])}" is no option`,
        "options start with --",
      );
    }
    const line = i + 1;
    const parameters: string[] = [];
    for (i++; i < argv.length && !argv[i].startsWith("--"); i++) parameters.push(argv[i]);
    if (parameters.length >= maximumWords) {
      throw new ConfigError(`"--${shorten(name)}" has more than ${maximumWords - 1} parameters`);
    }
    options.push({ name, parameters, line });
  }
  return options;
}
