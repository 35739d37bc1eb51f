/**
 * Small configurations for tests.
 *
 * @module
 */

import type { ClientConfig, ParsedConfig, ServerConfig } from "../../../lib/config/mod.ts";
import { ConfigError, type ConfigHost, parseConfigText } from "../../../lib/config/mod.ts";

/** The least that makes a client. */
export const clientLines = ["client", "dev tun", "remote vpn.example", "ca ca", "cert c", "key k"];

/** The least that makes a server. */
export const serverLines = [
  "server 10.8.0.0 255.255.255.0",
  "topology subnet",
  "dev tun",
  "ca ca",
  "cert c",
  "key k",
];

/** A host whose files are the given ones; standard input is empty. */
export function memoryHost(
  files: Readonly<Record<string, string>>,
  modes: Readonly<Record<string, number>> = {},
): ConfigHost {
  const get = (path: string): string => {
    if (!Object.hasOwn(files, path)) throw new Deno.errors.NotFound("no such file");
    return files[path];
  };
  return {
    readTextFile: get,
    readStandardInput: () => "",
    readFile: (path) => new TextEncoder().encode(get(path)),
    mode: (path) => modes[path] ?? 0o600,
  };
}

/** Parses lines as the file `test.conf`. */
export function parseLines(lines: readonly string[]): ParsedConfig {
  return parseConfigText(lines.join("\n"), "test.conf", memoryHost({}));
}

/** A client's configuration with more lines. */
export function client(...more: string[]): ClientConfig {
  const { config } = parseLines([...clientLines, ...more]);
  if (config.role !== "client") throw new TypeError("not a client");
  return config;
}

/** A server's configuration with more lines. */
export function server(...more: string[]): ServerConfig {
  const { config } = parseLines([...serverLines, ...more]);
  if (config.role !== "server") throw new TypeError("not a server");
  return config;
}

/** The one line that the user reads when this is refused; undefined when it isn't. */
export function refusal(parse: () => unknown): string | undefined {
  try {
    parse();
  } catch (error) {
    if (error instanceof ConfigError) return error.line;
    throw error;
  }
  return undefined;
}
