/**
 * OpenVPN's configuration files and argv, read into a typed, frozen {@link Config}.
 *
 * ```text
 * text ─► tokenize ─► option table (one handler per option) ─► Draft ─► postprocess ─► Config
 *                                     └ not_yet.ts: refused or warned     └ loadFiles ─► contents
 * ```
 *
 * @module
 */

export type * from "./config.ts";
export { ConfigError, MissingFileError } from "./errors.ts";
