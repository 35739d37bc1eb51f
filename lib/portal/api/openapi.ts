/**
 * The API's document, OpenAPI 3.1, from the table of operations.
 *
 * @module
 */

import type { TObject, TSchema } from "@sinclair/typebox";
import { programVersion } from "../../base/version.ts";
import { apiPath } from "../refusal.ts";
import type { Operation } from "./operation.ts";
import { errorSchema, namedSchemas } from "./schemas.ts";

/** JSON, as deep as it goes. */
export type Json = string | number | boolean | null | readonly Json[] | { [name: string]: Json };

/** The document. */
export function openApiDocument(operations: readonly Operation[]): { [name: string]: Json } {
  const paths: { [path: string]: { [method: string]: Json } } = {};
  for (const operation of operations) {
    (paths[operation.at] ??= {})[operation.method] = described(operation);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "vpn portal",
      version: programVersion,
      description: "Everything that the portal's pages do. Times are ms since 1970.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: apiPath }],
    security: [{ token: [] }, { session: [] }],
    paths,
    components: {
      schemas: Object.fromEntries(namedSchemas.map((schema) => [schema.$id!, plain(schema)])),
      securitySchemes: {
        token: {
          type: "http",
          scheme: "bearer",
          description: "A token of vpn portal token add, or of the page of tokens",
        },
        session: {
          type: "apiKey",
          in: "cookie",
          name: "__Host-vpn-session",
          description:
            "A log-in. Changes need the header X-CSRF-Token as well, and come from the portal's origin",
        },
      },
    },
  };
}

function described(operation: Operation): Json {
  const { id, tag, summary, scope, path, query, body, revisions, method } = operation;
  const parameters = [
    ...parametersOf("path", path),
    ...parametersOf("query", query),
    ...revisions && method !== "get"
      ? [{
        name: "If-Match",
        in: "header",
        required: false,
        description: "The ETag of what is to be changed; refused with 412 if it has changed",
        schema: { type: "string" },
      }]
      : [],
  ];
  const errors = [
    ...[400, 401, 403],
    ...path !== undefined ? [404] : [],
    ...method !== "get" || operation.answer === "file" ? [409] : [],
    ...revisions && method !== "get" ? [412] : [],
    ...body !== undefined ? [413, 415] : [],
    ...[421, 503],
  ];
  return {
    operationId: id,
    tags: [tag],
    summary,
    description: scope === undefined
      ? "For a session only; no token is good for it."
      : `A token needs the scope \`${scope}\`.`,
    ...operation.for === "administrators" ? {} : { "x-own-only-for-users": true },
    parameters,
    ...body === undefined ? {} : {
      requestBody: { required: true, content: { "application/json": { schema: refer(body) } } },
    },
    responses: {
      ...successOf(operation),
      ...Object.fromEntries(errors.map((status) => [String(status), {
        description: reasons[status],
        content: { "application/json": { schema: refer(errorSchema) } },
      }])),
    },
  };
}

const reasons: Readonly<Record<number, string>> = {
  400: "A parameter or the body is wrong",
  401: "Nobody is logged in, or the token is none",
  403: "The caller may not",
  404: "There is no such thing",
  409: "It can't be done as things are",
  412: "It has changed meanwhile",
  413: "The body is too long",
  415: "The body is not JSON",
  421: "The portal does not go by that name",
  503: "The server can't do it now",
};

function successOf(operation: Operation): { [status: string]: Json } {
  const { answer, status = 200, revisions } = operation;
  if (answer === "nothing") return { "204": { description: "Done" } };
  const content: Json = answer === "file"
    ? { "application/x-openvpn-profile": { schema: { type: "string", format: "binary" } } }
    : { "application/json": { schema: refer(answer) } };
  const headers: { [name: string]: Json } = revisions
    ? { ETag: { description: "The revision, for If-Match", schema: { type: "string" } } }
    : {};
  const description = status === 201 ? "Made" : "The answer";
  return { [String(status)]: { description, headers, content } };
}

function parametersOf(place: "path" | "query", schema: TObject | undefined): Json[] {
  return Object.entries(schema?.properties ?? {}).map(([name, property]) => ({
    name,
    in: place,
    required: schema?.required?.includes(name) ?? false,
    ...property.description === undefined ? {} : { description: property.description },
    schema: refer(property),
  }));
}

/** The schema, by its name where it has one; so too what it consists of. */
function refer(schema: TSchema): Json {
  return schema.$id === undefined ? plain(schema) : { $ref: `#/components/schemas/${schema.$id}` };
}

/** The schema as JSON, without what TypeBox adds for itself. */
function plain(schema: TSchema): Json {
  const { $id: _, ...rest } = schema;
  return JSON.parse(JSON.stringify(rest), (_key, value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    return "$id" in value ? { $ref: `#/components/schemas/${value.$id}` } : withEnum(value);
  });
}

/** A union of texts, as people write it. */
function withEnum({ anyOf, ...rest }: { anyOf?: readonly { const?: Json }[] }): unknown {
  if (anyOf === undefined) return rest;
  const values = anyOf.map(({ const: value }) => value);
  const isEnum = values.every((value) => typeof value === "string");
  return isEnum ? { ...rest, type: "string", enum: values } : { ...rest, anyOf };
}
