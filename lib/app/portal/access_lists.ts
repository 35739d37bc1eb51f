/**
 * Access lists: the configuration's own, and those of single clients in `client-config-dir`.
 *
 * @module
 */

import { join } from "node:path";
import { readFileIfThere, writeFileAtomically } from "../../base/atomic_file.ts";
import { errorLine } from "../../base/errors.ts";
import { tokenize } from "../../base/tokenize.ts";
import { parseClientOptions } from "../../config/client_options.ts";
import type { AccessRuleOption, ServerConfig } from "../../config/config.ts";
import { type AccessList, PortalError } from "../../portal/service.ts";
import { clientFileName } from "../per_client/client_files.ts";

/** The option that each rule is. */
const option = "vpn-acl";

/** The list of clients without one of their own. */
const defaultList = "default";

/** Most rules that are taken from a request. */
const maximumRules = 256;

/** See the module's page. */
export class AccessLists {
  constructor(readonly config: Pick<ServerConfig, "access" | "clientConfigDir">) {}

  /** All lists; the configuration's first. */
  async all(): Promise<readonly AccessList[]> {
    const lists: AccessList[] = [{ name: defaultList, rules: this.config.access.map(ruleText) }];
    const { clientConfigDir } = this.config;
    if (clientConfigDir === undefined) return lists;
    for await (const { name, isFile } of Deno.readDir(clientConfigDir)) {
      // Hidden files are no client's: editors and half-written ones.
      if (!isFile || name.startsWith(".")) continue;
      const text = await readFileIfThere(join(clientConfigDir, name)) ?? "";
      const rules = text.split("\n").flatMap((line) => ruleOf(line) ?? []);
      if (rules.length > 0) lists.push({ name, rules });
    }
    return [lists[0], ...lists.slice(1).sort((a, b) => a.name < b.name ? -1 : 1)];
  }

  /** Replaces a client's list; other lines of its file stay. @throws {PortalError} */
  async set(name: string, rules: readonly string[]): Promise<void> {
    const { clientConfigDir } = this.config;
    if (name === defaultList) {
      throw new PortalError(
        "unavailable",
        "the list for all stands in the server's configuration",
        `change its lines "${option}" and send the server SIGHUP`,
      );
    }
    if (clientConfigDir === undefined) {
      throw new PortalError(
        "unavailable",
        "this server has no directory for options of single clients",
        'add "client-config-dir DIRECTORY" to its configuration',
      );
    }
    const fileName = clientFileName(name);
    if (fileName === undefined || fileName.startsWith(".")) {
      throw new PortalError("invalid", "no client can have that name");
    }
    checkRules(rules);
    const path = join(clientConfigDir, fileName);
    const text = await readFileIfThere(path) ?? "";
    const others = text.split("\n").filter((line) => ruleOf(line) === undefined);
    while (others.at(-1) === "") others.pop();
    const lines = [...others, ...rules.map((rule) => `${option} ${rule.trim()}`)];
    await writeFileAtomically(path, lines.map((line) => `${line}\n`).join(""), 0o644);
  }
}

function checkRules(rules: readonly string[]): void {
  if (rules.length > maximumRules) {
    throw new PortalError("invalid", `more than ${maximumRules} rules`, "name larger networks");
  }
  for (const rule of rules) {
    if (!/^(?:allow|deny) [0-9A-Fa-f.:/any]+(?: [a-z0-9/-]+)?$/.test(rule.trim())) {
      throw new PortalError(
        "invalid",
        `"${rule.slice(0, 60)}" is no rule`,
        "write it like allow 10.1.0.0/16 tcp/443",
      );
    }
    try {
      parseClientOptions(`${option} ${rule.trim()}`, "rule");
    } catch (error) {
      throw new PortalError("invalid", `"${rule.slice(0, 60)}": ${errorLine(error)}`);
    }
  }
}

/** The rule of a line of a client's file; undefined where it is another option. */
function ruleOf(line: string): string | undefined {
  const words = tokenize(line);
  return Array.isArray(words) && words[0] === option ? words.slice(1).join(" ") : undefined;
}

function ruleText({ allow, network, prefixLength, protocol, ports }: AccessRuleOption): string {
  const range = ports &&
    (ports.first === ports.last ? `/${ports.first}` : `/${ports.first}-${ports.last}`);
  const selector = `${protocol ?? ""}${range ?? ""}`;
  const rule = `${allow ? "allow" : "deny"} ${network}/${prefixLength}`;
  return selector === "" ? rule : `${rule} ${selector}`;
}
