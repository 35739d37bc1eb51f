import assert from "node:assert/strict";
import { Value } from "@sinclair/typebox/value";
import { type TObject, type TSchema, Type } from "@sinclair/typebox";
import fc from "fast-check";
import type { Operation } from "../../../../lib/portal/api/operation.ts";
import { operations } from "../../../../lib/portal/api/operations.ts";
import { errorSchema } from "../../../../lib/portal/api/schemas.ts";
import { scopes } from "../../../../lib/portal/api_tokens.ts";
import { decodeBase32 } from "../../../../lib/users/base32.ts";
import { totpCode, totpStep } from "../../../../lib/users/totp.ts";
import { portalPassword, TestPortal } from "../portal_fixture.ts";

const api = "/api/v1";

interface Document {
  readonly paths: Record<
    string,
    Record<string, {
      readonly operationId: string;
      readonly parameters: readonly { readonly name: string; readonly in: string }[];
      readonly responses: Record<string, unknown>;
    }>
  >;
  readonly components: { readonly schemas: Record<string, unknown> };
}

async function documentOf(portal: TestPortal): Promise<Document> {
  const headers = await portal.loggedIn("root");
  return await (await portal.fetch(`${api}/openapi.json`, { headers })).json();
}

Deno.test("the document names every operation once, and all that it refers to", async () => {
  await using portal = await TestPortal.open();
  const document = await documentOf(portal);
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId, parameters }]) => {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      assert.deepEqual(
        parameters.filter((parameter) => parameter.in === "path").map(({ name }) => name),
        inPath,
      );
      return `${operationId} ${method} ${path}`;
    })
  );
  assert.deepEqual(
    described.sort(),
    operations.map(({ id, method, at }) => `${id} ${method} ${at}`).sort(),
  );
  assert.equal(new Set(operations.map(({ id }) => id)).size, operations.length);
  for (const [, name] of JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
    assert.ok(name in document.components.schemas, name);
  }
  assert.doesNotMatch(JSON.stringify(document), /"\$id"/);
});

/** Values that a schema takes, mostly. */
function likely(schema: TSchema): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (Array.isArray(schema.anyOf)) return fc.oneof(...schema.anyOf.map(likely));
  switch (schema.type) {
    case "object":
      return fc.record(
        Object.fromEntries(
          Object.entries((schema as TObject).properties).map(([name, one]) => [name, likely(one)]),
        ),
        { requiredKeys: (schema as TObject).required ?? [] },
      );
    case "array":
      return fc.array(likely(schema.items), { maxLength: 4 });
    case "integer":
      return fc.integer({ min: schema.minimum, max: Math.min(schema.maximum, 5000) });
    case "null":
      return fc.constant(null);
    default:
      return fc.oneof(
        fc.constantFrom("alice", "bob", "carol", "verb", "3", "default", "allow 10.0.0.0/8"),
        fc.string({ minLength: 1, maxLength: 20, unit: "binary" }),
      );
  }
}

const hostile = fc.constantFrom(
  ..."%00,%0a,..%2f,%ff,%,a%00b,__proto__,constructor,-1,1e9,NaN,99999999999999999999,%E2%80%AE,'--"
    .split(","),
);

const anything = fc.oneof(
  fc.jsonValue(),
  fc.constant({ __proto__: null, name: { toString: 1 } }),
  fc.constant(Array(300).fill("x")),
).map((value) => JSON.stringify(value));

function requestOf(operation: Operation): fc.Arbitrary<{ path: string; init: RequestInit }> {
  const { path, query, body, at, method } = operation;
  const named = fc.oneof(
    { arbitrary: likely(path ?? Type.Null()), weight: 3 },
    { arbitrary: fc.record({ name: hostile, id: hostile }), weight: 1 },
  );
  const asked = fc.oneof(
    { arbitrary: likely(query ?? Type.Null()), weight: 3 },
    { arbitrary: fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }), weight: 1 },
  );
  const sent = fc.oneof(
    {
      arbitrary: likely(body ?? Type.Null()).map((it) => JSON.stringify(it)),
      weight: 3,
    },
    { arbitrary: anything, weight: 2 },
    { arbitrary: fc.string(), weight: 1 },
  );
  const type = fc.oneof(
    { arbitrary: fc.constant("application/json"), weight: 5 },
    { arbitrary: fc.constantFrom("text/plain", "multipart/form-data", ""), weight: 1 },
  );
  const seen = fc.oneof(
    { arbitrary: fc.constant(undefined), weight: 4 },
    { arbitrary: fc.constantFrom('"x"', "*", '"', ""), weight: 1 },
  );
  return fc.tuple(named, asked, sent, type, seen).map(
    ([names, search, text, contentType, match]) => {
      const values = (names ?? {}) as Record<string, string | number>;
      const place = at.replace(/\{(\w+)\}/g, (_, name) => {
        const value = String(values[name] ?? "x");
        return value.includes("%") ? value : encodeURIComponent(value.toWellFormed()) || "x";
      });
      const found = new URLSearchParams(
        Object.entries(search ?? {}).map(([name, value]) => [name, String(value)]),
      );
      return {
        path: `${api}${place}${found.size > 0 ? `?${found}` : ""}`,
        init: {
          method: method.toUpperCase(),
          headers: {
            "content-type": contentType,
            ...match !== undefined && { "if-match": match },
          },
          ...body !== undefined && { body: text },
        },
      };
    },
  );
}

for (const operation of operations) {
  Deno.test(`${operation.id}: whatever comes, the answer is one of the document's`, async () => {
    await using portal = await TestPortal.open();
    const { paths } = await documentOf(portal);
    const { responses } = paths[operation.at][operation.method];
    const token = await portal.tokens.add({ name: "fuzz", scopes });
    const headers = operation.scope === undefined
      ? await portal.loggedIn("root")
      : { authorization: `Bearer ${token.text}` };
    await fc.assert(
      fc.asyncProperty(requestOf(operation), async ({ path, init }) => {
        const response = await portal.fetch(path, {
          ...init,
          headers: { ...init.headers as Record<string, string>, ...headers },
        });
        const { status } = response;
        const text = await response.text();
        // A path that URL makes another one of, or that names nothing.
        const elsewhere = status === 404 || status === 405;
        assert.ok(String(status) in responses || elsewhere, `${path}: ${status} ${text}`);
        if (status >= 400) {
          assert.ok(Value.Check(errorSchema, JSON.parse(text)), text);
        } else if (typeof operation.answer === "object") {
          assert.ok(Value.Check(operation.answer, JSON.parse(text)), `${path}: ${text}`);
        }
      }),
      { numRuns: 60 },
    );
    assert.ok(!portal.lines.some((line) => line.includes("failed")), portal.lines.join("\n"));
  });
}

Deno.test("every operation does what it says, given what it asks for", async () => {
  /** A code of the one-time codes that the same session has begun. */
  const confirmation = async (portal: TestPortal, headers: Record<string, string>) => {
    const begun = await portal.fetch(`${api}/me/one-time-codes`, {
      method: "POST",
      headers,
      body: JSON.stringify({ present: portalPassword }),
    });
    const { secret } = await begun.json();
    return { code: totpCode(decodeBase32(secret)!, totpStep(Date.now())) };
  };
  interface Good {
    readonly path?: Record<string, string>;
    readonly query?: string;
    readonly body?: unknown;
    readonly bodyOf?: typeof confirmation;
  }
  const good: Record<string, Good> = {
    disconnectSession: { path: { id: "1" } },
    issueSubscriber: { body: { name: "carol", days: 30 } },
    getSubscriber: { path: { name: "alice" } },
    renewSubscriber: { path: { name: "alice" }, body: {} },
    revokeSubscriber: { path: { name: "alice" }, body: { reason: "keyCompromise" } },
    getProfile: { path: { name: "alice" }, query: "?system=windows" },
    makeLink: { path: { name: "alice" }, body: { system: "ios", lifetime: 3600 } },
    assignExitNode: { path: { name: "alice" }, body: { exitNode: "server" } },
    getAccessList: { path: { name: "default" } },
    setAccessList: { path: { name: "alice" }, body: { rules: ["allow any"] } },
    getSetting: { path: { name: "verb" } },
    changeSetting: { path: { name: "verb" }, body: { value: "4" } },
    addToken: { body: { name: "ci", scopes: ["read"], days: 3 } },
    revokeToken: { path: { name: "old" } },
    addUser: { body: { name: "carol", role: "admin" } },
    getUser: { path: { name: "alice" } },
    changeUser: { path: { name: "alice" }, body: { role: "user", disabled: true } },
    resetUser: { path: { name: "alice" }, body: { password: true, oneTimeCodes: false } },
    removeUser: { path: { name: "alice" } },
    changeOwnPassword: { body: { present: portalPassword, password: "seven wild geese" } },
    beginOwnCodes: { body: { present: portalPassword } },
    confirmOwnCodes: { bodyOf: confirmation },
  };
  for (const operation of operations) {
    await using portal = await TestPortal.open();
    await portal.tokens.add({ name: "old", scopes: ["read"] });
    const { path = {}, query = "", bodyOf, ...rest } = good[operation.id] ?? {};
    const place = operation.at.replace(/\{(\w+)\}/g, (_, name) => path[name]);
    const headers = { ...await portal.loggedIn("root"), "content-type": "application/json" };
    const body = await bodyOf?.(portal, headers) ?? rest.body;
    const response = await portal.fetch(api + place + query, {
      method: operation.method.toUpperCase(),
      headers,
      ...body !== undefined && { body: JSON.stringify(body) },
    });
    const text = await response.text();
    const expected = operation.answer === "nothing" ? 204 : operation.status ?? 200;
    assert.equal(response.status, expected, `${operation.id}: ${text}`);
    if (typeof operation.answer === "object") {
      assert.ok(Value.Check(operation.answer, JSON.parse(text)), text);
    }
  }
});
