/**
 * Operations on exit nodes, access lists, settings and tokens.
 *
 * @module
 */

import { Type } from "@sinclair/typebox";
import { type ApiToken, checkTokenName } from "../api_tokens.ts";
import { type AccessList, asPortalError, PortalError, type Setting } from "../service.ts";
import { type Operation, operation, type OperationInput } from "./operation.ts";
import {
  accessListSchema,
  exitNodeSchema,
  nameSchema,
  scopeSchema,
  settingSchema,
  strict,
  tokenSchema,
} from "./schemas.ts";

const byName = Type.Object({ name: nameSchema }, strict);

type ByName = OperationInput<{ readonly name: string }, unknown, unknown>;

async function findList({ parts, path: { name } }: ByName): Promise<AccessList> {
  return (await parts.service.accessLists()).find((list) => list.name === name) ??
    { name, rules: [] };
}

function findSetting({ parts, path: { name } }: ByName): Setting {
  const found = parts.service.settings().find((setting) => setting.name === name);
  if (found === undefined) throw new PortalError("not-found", `there is no setting ${name}`);
  return found;
}

/** Without the digest, which is nobody's business. */
function published({ digest: _, ...token }: ApiToken): Omit<ApiToken, "digest"> {
  return token;
}

/** See the module's page. */
export const administrationOperations: readonly Operation[] = [
  operation({
    id: "listExitNodes",
    method: "get",
    at: "/exit-nodes",
    tag: "Network",
    summary: "Exit nodes, and who goes by them",
    scope: "read",
    for: "administrators",
    answer: Type.Array(exitNodeSchema),
    run: ({ parts }) => parts.service.exitNodes(),
  }),
  operation({
    id: "assignExitNode",
    method: "put",
    at: "/clients/{name}/exit-node",
    tag: "Network",
    summary: "Send a client's Internet traffic by an exit node",
    scope: "network",
    for: "administrators",
    path: byName,
    body: Type.Object({
      exitNode: Type.Union([nameSchema, Type.Null()], {
        description: "A client's name, server, none; null: as the server's rules say",
      }),
    }, strict),
    answer: "nothing",
    run: ({ parts, path, body }) =>
      parts.service.assignExitNode(path.name, body.exitNode ?? undefined),
    audit: ({ path, body }) => `set the exit node of ${path.name} to ${body.exitNode ?? "none"}`,
  }),
  operation({
    id: "listAccessLists",
    method: "get",
    at: "/access-lists",
    tag: "Network",
    summary: "With whom clients may talk",
    scope: "read",
    for: "administrators",
    answer: Type.Array(accessListSchema),
    run: ({ parts }) => parts.service.accessLists(),
  }),
  operation({
    id: "getAccessList",
    method: "get",
    at: "/access-lists/{name}",
    tag: "Network",
    summary: "The list of one client; without rules where it has none",
    scope: "read",
    for: "administrators",
    path: byName,
    answer: accessListSchema,
    revisions: true,
    run: findList,
  }),
  operation({
    id: "setAccessList",
    method: "put",
    at: "/access-lists/{name}",
    tag: "Network",
    summary: "Replace the list of one client, who reconnects",
    scope: "network",
    for: "administrators",
    path: byName,
    body: Type.Object({
      rules: Type.Array(Type.String({ maxLength: 128 }), { maxItems: 256 }),
    }, strict),
    answer: accessListSchema,
    revisions: true,
    run: async (input) => {
      input.requireSeen(await findList(input));
      await input.parts.service.setAccessList(input.path.name, input.body.rules);
      return await findList(input);
    },
    audit: ({ path }) => `changed the access list of ${path.name}`,
  }),
  operation({
    id: "listSettings",
    method: "get",
    at: "/settings",
    tag: "Settings",
    summary: "Settings that can be changed while the server runs",
    scope: "read",
    for: "administrators",
    answer: Type.Array(settingSchema),
    run: ({ parts }) => parts.service.settings(),
  }),
  operation({
    id: "getSetting",
    method: "get",
    at: "/settings/{name}",
    tag: "Settings",
    summary: "One setting",
    scope: "read",
    for: "administrators",
    path: byName,
    answer: settingSchema,
    revisions: true,
    run: findSetting,
  }),
  operation({
    id: "changeSetting",
    method: "put",
    at: "/settings/{name}",
    tag: "Settings",
    summary: "Change a setting until the server's next start",
    scope: "settings",
    for: "administrators",
    path: byName,
    body: Type.Object({ value: Type.String({ maxLength: 256 }) }, strict),
    answer: settingSchema,
    revisions: true,
    run: async (input) => {
      input.requireSeen(findSetting(input));
      await input.parts.service.changeSetting(input.path.name, input.body.value);
      return findSetting(input);
    },
    audit: ({ path, body }) => `set ${path.name} to ${body.value}`,
  }),
  operation({
    id: "listTokens",
    method: "get",
    at: "/tokens",
    tag: "Tokens",
    summary: "Tokens of programs",
    scope: undefined,
    for: "administrators",
    answer: Type.Array(tokenSchema),
    run: async ({ parts }) => (await parts.tokens.list()).map(published),
  }),
  operation({
    id: "addToken",
    method: "post",
    at: "/tokens",
    tag: "Tokens",
    summary: "Make a token; its text is in this answer and nowhere else",
    scope: undefined,
    for: "administrators",
    body: Type.Object({
      name: Type.String({ minLength: 1, maxLength: 64 }),
      scopes: Type.Array(scopeSchema, { minItems: 1, maxItems: 16 }),
      days: Type.Optional(Type.Integer({ minimum: 1, maximum: 3650 })),
    }, strict),
    answer: Type.Object({ token: tokenSchema, text: Type.String() }, strict),
    status: 201,
    run: async ({ parts, body: { name, scopes, days } }) => {
      invalidUnless(() => checkTokenName(name));
      const expires = days === undefined ? undefined : Date.now() + days * 86_400_000;
      const { token, text } = await parts.tokens.add({ name, scopes, expires });
      return { token: published(token), text };
    },
    audit: ({ body }) => `made the token ${body.name} (${body.scopes.join(", ")})`,
  }),
  operation({
    id: "revokeToken",
    method: "delete",
    at: "/tokens/{name}",
    tag: "Tokens",
    summary: "Revoke a token, at once",
    scope: undefined,
    for: "administrators",
    path: byName,
    answer: "nothing",
    run: async ({ parts, path: { name } }) => {
      if (await parts.tokens.revoke(name)) return;
      throw new PortalError("not-found", `there is no token ${name}`);
    },
    audit: ({ path }) => `revoked the token ${path.name}`,
  }),
];

function invalidUnless(check: () => void): void {
  try {
    check();
  } catch (error) {
    throw asPortalError("invalid", error);
  }
}
