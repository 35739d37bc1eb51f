/**
 * Operations that only look.
 *
 * @module
 */

import { Type } from "@sinclair/typebox";
import { type Operation, operation } from "./operation.ts";
import {
  callerSchema,
  logLineSchema,
  overviewSchema,
  protectionSchema,
  sessionSchema,
  strict,
  throughputSchema,
} from "./schemas.ts";

/** See the module's page. */
export const viewingOperations: readonly Operation[] = [
  operation({
    id: "getCaller",
    method: "get",
    at: "/me",
    tag: "Caller",
    summary: "Who calls, and what for",
    scope: "read",
    for: "everybody",
    answer: callerSchema,
    run: ({ caller }) =>
      caller.kind === "token" ? { kind: caller.kind, name: caller.name, scopes: caller.scopes } : {
        kind: caller.kind,
        name: caller.name,
        role: caller.role,
        csrfToken: caller.session.csrfToken,
        ends: caller.session.ends,
      },
  }),
  operation({
    id: "getOverview",
    method: "get",
    at: "/overview",
    tag: "Server",
    summary: "How the server is",
    scope: "read",
    for: "administrators",
    answer: overviewSchema,
    run: ({ parts }) => parts.service.overview(),
  }),
  operation({
    id: "getThroughput",
    method: "get",
    at: "/throughput",
    tag: "Server",
    summary: "Traffic of the last hour, the oldest first",
    scope: "read",
    for: "administrators",
    answer: throughputSchema,
    run: ({ parts }) => parts.service.throughput(),
  }),
  operation({
    id: "getLog",
    method: "get",
    at: "/log",
    tag: "Server",
    summary: "The last lines of the log, the oldest first",
    scope: "read",
    for: "administrators",
    query: Type.Object({
      after: Type.Optional(Type.Integer({
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        description: "The number of the last line that the caller has",
      })),
    }, strict),
    answer: Type.Array(logLineSchema),
    run: ({ parts, query }) => parts.service.log(query.after),
  }),
  operation({
    id: "getProtection",
    method: "get",
    at: "/protection",
    tag: "Server",
    summary: "The portal's certificates, and how this connection is protected",
    scope: "read",
    for: "everybody",
    answer: protectionSchema,
    run: async ({ parts, context }) => ({
      ...await parts.service.protection(),
      connection: context.env.connection,
    }),
  }),
  operation({
    id: "listSessions",
    method: "get",
    at: "/sessions",
    tag: "Sessions",
    summary: "Clients that are connected",
    scope: "read",
    for: "everybody",
    answer: Type.Array(sessionSchema),
    run: ({ parts, own }) =>
      parts.service.sessions().filter(({ name }) => own === undefined || name === own),
  }),
  operation({
    id: "disconnectSession",
    method: "delete",
    at: "/sessions/{id}",
    tag: "Sessions",
    summary: "Disconnect a client; it does not come back by itself",
    scope: "sessions",
    for: "administrators",
    path: Type.Object({
      id: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
    }, strict),
    answer: "nothing",
    run: ({ parts, path }) => parts.service.disconnect(path.id),
    audit: ({ path }) => `disconnected session ${path.id}`,
  }),
];
