/**
 * The API's routes, from the table of operations.
 *
 * @module
 */

import type { TObject } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { audit } from "../audit.ts";
import type { Caller, PortalApplication, PortalContext } from "../environment.ts";
import type { PortalParts } from "../parts.ts";
import { apiPath, RequestError } from "../refusal.ts";
import { ifMatch, requireRevision, revisionOf } from "../revision.ts";
import type { PortalFile } from "../service.ts";
import { openApiDocument } from "./openapi.ts";
import type { Operation, OperationInput } from "./operation.ts";
import { operations } from "./operations.ts";

/** Registers them. */
export function registerApi(app: PortalApplication, parts: PortalParts): void {
  const document = openApiDocument(operations);
  app.get(`${apiPath}/openapi.json`, (context) => context.json(document));
  const paths = Map.groupBy(operations, ({ at }) => at);
  for (const [at, here] of paths) {
    const route = apiPath + at.replace(/\{(\w+)\}/g, ":$1");
    for (const one of here) {
      app.on(one.method.toUpperCase(), route, (context) => answer(context, one, parts));
    }
    const allowed = here.map(({ method }) => method.toUpperCase()).join(", ");
    app.all(route, (context) => {
      // RFC 9110, section 15.5.6.
      context.header("Allow", allowed);
      throw new RequestError(405, `this takes ${allowed}`);
    });
  }
}

async function answer(
  context: PortalContext,
  operation: Operation,
  parts: PortalParts,
): Promise<Response> {
  const caller = permitted(context, operation);
  const seen = ifMatch(context.req.header("if-match"));
  const input: OperationInput<unknown, unknown, unknown> = {
    path: parameters(operation.path, context.req.param() as Record<string, string>),
    query: parameters(operation.query, context.req.query()),
    body: await body(context, operation),
    caller,
    own: caller.kind === "session" && caller.role !== "admin" ? caller.name : undefined,
    parts,
    context,
    requireSeen: (present) => requireRevision(seen, present),
  };
  // Changes wait for one another: what was looked at is what is changed.
  const result = operation.method === "get" || operation.apart === true
    ? await operation.run(input)
    : await parts.changes.run(async () => await operation.run(input));
  if (operation.audit !== undefined) audit(context, parts, operation.audit(input));
  if (operation.answer === "nothing") return context.body(null, 204);
  if (operation.answer === "file") return file(context, result as PortalFile);
  const { revisionOf: revised = (whole) => whole } = operation;
  if (operation.revisions) context.header("ETag", `"${revisionOf(revised(result))}"`);
  return context.json(result as object, operation.status ?? 200);
}

/** Whoever may: by role, or by the token's scope. */
function permitted(context: PortalContext, operation: Operation): Caller {
  const caller = context.get("caller");
  if (caller === undefined) {
    context.header("WWW-Authenticate", 'Bearer realm="vpn"');
    throw new RequestError(401, "log in, or give a token");
  }
  if (caller.kind === "token") {
    const { scope } = operation;
    if (scope === undefined) throw new RequestError(403, "no token is good for this");
    if (!caller.scopes.includes(scope)) {
      throw new RequestError(403, `the token lacks the scope "${scope}"`);
    }
  } else if (operation.for === "administrators" && caller.role !== "admin") {
    throw new RequestError(403, "this is for administrators");
  }
  return caller;
}

/** Parameters as their schema has them; each is text at first. */
function parameters(schema: TObject | undefined, given: Record<string, string>): unknown {
  const known = Object.entries(schema?.properties ?? {});
  for (const name of Object.keys(given)) {
    if (!known.some(([own]) => own === name)) {
      throw new RequestError(400, `there is no parameter "${name.slice(0, 40)}"`);
    }
  }
  const values = Object.fromEntries(known.flatMap(([name, { type }]) => {
    const text = given[name];
    if (text === undefined) return [];
    const isNumber = type === "integer" && /^\d{1,16}$/.test(text);
    return [[name, isNumber ? Number(text) : text]];
  }));
  if (schema !== undefined) check(schema, values, "parameter");
  return values;
}

async function body(context: PortalContext, { body: schema }: Operation): Promise<unknown> {
  if (schema === undefined) return undefined;
  if (!/^application\/json\s*(?:;|$)/i.test(context.req.header("content-type") ?? "")) {
    throw new RequestError(415, "the body is to be application/json");
  }
  let value: unknown;
  try {
    value = await context.req.json();
  } catch {
    throw new RequestError(400, "the body is no JSON");
  }
  check(schema, value, "body");
  return value;
}

function check(schema: TObject | Operation["body"] & object, value: unknown, what: string): void {
  if (Value.Check(schema, value)) return;
  const error = Value.Errors(schema, value).First();
  const path = error?.path.slice(1).replaceAll("/", ".").slice(0, 60);
  throw new RequestError(
    400,
    `${what} ${path ? `"${path}"` : ""}: ${error?.message ?? "is wrong"}`,
  );
}

function file(context: PortalContext, { name, mediaType, content }: PortalFile): Response {
  context.header("Content-Type", mediaType);
  context.header("Content-Disposition", `attachment; filename="${name.replace(/["\\]/g, "_")}"`);
  return context.body(content);
}
