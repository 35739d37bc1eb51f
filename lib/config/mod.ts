/**
 * OpenVPN's configuration files and argv, read into a typed, frozen {@link Config}.
 *
 * ```text
 * text ─► tokenize ─► option table (one handler per option) ─► Draft ─► finish ─► Config
 *                                     └ not_yet.ts: refused or warned     └ loadFiles ─► contents
 * ```
 *
 * @module
 */

export type * from "./config.ts";
export { checkConfigFile, type CheckedConfig, type CheckedLine, type LineStatus } from "./check.ts";
export { ConfigError, MissingFileError } from "./errors.ts";
export { inspectFiles, LoadedFiles, loadFiles, parseUserPass } from "./files.ts";
export { type ConfigFileHost, type ConfigHost, denoHost, type NamedFileHost } from "./host.ts";
export {
  type CommandLine,
  parseArgv,
  parseConfigFile,
  parseConfigText,
  type ParsedConfig,
} from "./parse.ts";
export { mergeNetwork, parsePushReply, type PushReply } from "./push.ts";
export { optionTableMarkdown } from "./table.ts";
export { quote, tokenize, type TokenizeFailure } from "../base/tokenize.ts";
