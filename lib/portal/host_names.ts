/**
 * The names by which the portal may be called. A browser that was led here under another name, by
 * DNS rebinding, would share its page's rights with us.
 *
 * @module
 */

/** See the module's page. */
export class HostNames {
  readonly #names: ReadonlySet<string>;

  /** @param names Host names and addresses, without ports or brackets. */
  constructor(names: Iterable<string>) {
    this.#names = new Set([...names].map(canonical));
  }

  /** Whether a `Host` or `:authority` is one of them, on whatever port. */
  includes(authority: string | undefined): boolean {
    const host = hostOf(authority);
    return host !== undefined && this.#names.has(host);
  }

  /** All of them. */
  get all(): readonly string[] {
    return [...this.#names];
  }
}

/** The host of `HOST[:PORT]`, canonical; undefined where it is none (RFC 3986, section 3.2). */
function hostOf(authority: string | undefined): string | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::\d{1,5})?$/.exec(authority ?? "");
  return match === null ? undefined : canonical(match[1] ?? match[2]);
}

function canonical(name: string): string {
  const lower = name.toLowerCase().replace(/\.$/, "");
  if (!lower.includes(":")) return lower;
  const url = `http://[${lower}]/`;
  return URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : lower;
}
