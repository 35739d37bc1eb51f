/**
 * The environment of programs: OpenVPN's script variables, and nothing of our own environment.
 *
 * Source: openvpn(8), "Environmental Variables"; OpenVPN's `env_set.c` (`setenv_str`), `buffer.c`
 * (`char_class`).
 *
 * @module
 */

/** Variables by name. */
export type ScriptVariables = Readonly<Record<string, string>>;

/**
 * OpenVPN hands on no PATH at all; a shell then takes one of its own, other programs fail. Fixed, so
 * that nothing depends on how the tunnel was started.
 */
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * The environment as a program gets it. Later sources win. Names become letters, digits and `_`;
 * control characters in a value become `_`: a peer's text must not look like something else.
 */
export function scriptEnvironment(...sources: readonly ScriptVariables[]): Record<string, string> {
  const environment: Record<string, string> = Object.create(null);
  environment.PATH = searchPath;
  for (const source of sources) {
    for (const [name, value] of Object.entries(source)) {
      const safe = name.replace(/[^A-Za-z0-9_]/g, "_");
      // deno-lint-ignore no-control-regex -- they are what this replaces
      if (safe !== "") environment[safe] = value.replace(/[\x00-\x1f\x7f]/g, "_");
    }
  }
  return environment;
}
