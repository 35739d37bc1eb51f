/**
 * PUSH_UPDATE: a server changes what it has pushed while the session lasts.
 *
 * ```text
 * PUSH_UPDATE,route 10.1.0.0 255.255.0.0,-dns,?block-ipv6[,push-continuation 2]
 * ```
 *
 * `-NAME` takes an option away; an option in front of which `?` stands is left out where the client
 * doesn't know how to change it, any other is a reason to connect anew. The first `route` of an
 * update takes the place of all routes, those behind it are added; the same for `route-ipv6`,
 * `dns`, `dhcp-option` and `redirect-gateway`.
 *
 * Source: OpenVPN 2.7's `push_util.c`, `options_util.c` (`check_push_update_option_flags`),
 * `options.c` (`update_option`, `remove_option`).
 *
 * @module
 */

/** What may be changed; the others belong to the session's beginning. */
const updatable = new Set([
  "block-ipv6",
  "block-outside-dns",
  "dhcp-option",
  "dns",
  "ifconfig",
  "ifconfig-ipv6",
  "redirect-gateway",
  "redirect-private",
  "route",
  "route-gateway",
  "route-ipv6",
  "route-metric",
  "topology",
  "tun-mtu",
  "keepalive",
]);

/** Options that stand for one another, or of which several may be there. */
const families: Readonly<Record<string, readonly string[]>> = {
  "redirect-gateway": ["redirect-gateway", "redirect-private"],
  "redirect-private": ["redirect-gateway", "redirect-private"],
  "keepalive": ["keepalive", "ping", "ping-restart"],
};

/** One change. */
export interface PushChange {
  /** Takes the options of that name away; else `option` comes in their place. */
  readonly remove: boolean;
  /** Whether the client may leave it out. */
  readonly optional: boolean;
  readonly name: string;
  /** The option, without `-` and `?`. */
  readonly option: string;
}

/** What stands between the commas, read; undefined for what is none. */
export function parsePushChange(text: string): PushChange | undefined {
  const match = /^\s*(-?)(\??)([a-z][a-z0-9-]*)(\s.*)?$/.exec(text);
  if (match === null) return undefined;
  const [, remove, optional, name, parameters = ""] = match;
  // Only a whole option is taken away.
  if (remove !== "" && parameters.trim() !== "") return undefined;
  return {
    remove: remove !== "",
    optional: optional !== "",
    name,
    option: `${name}${parameters}`.trim(),
  };
}

/** Whether a client can change an option of that name. */
export function isUpdatable(name: string): boolean {
  return updatable.has(name);
}

/** What an update comes to. */
export type PushUpdateOutcome =
  | {
    readonly kind: "updated";
    /** All pushed options from here on. */
    readonly options: readonly string[];
    /** Optional changes that were left out. */
    readonly ignored: readonly string[];
  }
  /** The session can't go on as the server wants it. */
  | { readonly kind: "refused"; readonly offending: string };

/**
 * Applies an update.
 *
 * @param current The options that are pushed so far, in order.
 * @param update What stands between the commas, of all parts of the message.
 */
export function applyPushUpdate(
  current: readonly string[],
  update: readonly string[],
): PushUpdateOutcome {
  let options = [...current];
  const ignored: string[] = [];
  const replaced = new Set<string>();
  for (const text of update) {
    const change = parsePushChange(text);
    if (change === undefined) return { kind: "refused", offending: text };
    if (!isUpdatable(change.name)) {
      if (!change.optional) return { kind: "refused", offending: text };
      ignored.push(text);
      continue;
    }
    const family = families[change.name] ?? [change.name];
    const first = !replaced.has(family[0]);
    if (change.remove || first || !repeats(change.name)) {
      options = options.filter((option) => !family.includes(nameOf(option)));
    }
    if (change.remove) replaced.delete(family[0]);
    else {
      replaced.add(family[0]);
      options.push(...expand(change.option));
    }
  }
  return { kind: "updated", options, ignored };
}

/** Whether several options of that name make sense side by side. */
function repeats(name: string): boolean {
  return name === "route" || name === "route-ipv6" || name === "dns" || name === "dhcp-option";
}

function nameOf(option: string): string {
  return option.trim().split(/\s/, 1)[0];
}

/** In a PUSH_REPLY `keepalive` is what it stands for (helper_keepalive()). */
function expand(option: string): string[] {
  const match = /^keepalive\s+(\d+)\s+(\d+)$/.exec(option);
  return match === null ? [option] : [`ping ${match[1]}`, `ping-restart ${match[2]}`];
}
