/**
 * Operations on subscribers.
 *
 * @module
 */

import { Type } from "@sinclair/typebox";
import { PortalError, type Subscriber } from "../service.ts";
import { type Operation, operation, type OperationInput } from "./operation.ts";
import { linkSchema, nameSchema, strict, subscriberSchema, systemSchema } from "./schemas.ts";

const byName = Type.Object({ name: nameSchema }, strict);

/** Ten years: longer than an authority's usual life, which bounds it in any case. */
const days = Type.Integer({ minimum: 1, maximum: 3650, description: "Life of the certificate" });

const tag = "Subscribers";

/** The subscriber; for a user only their own. */
async function find(
  { parts, own, path }: OperationInput<{ readonly name: string }, unknown, unknown>,
): Promise<Subscriber> {
  if (own !== undefined && path.name !== own) {
    // The same as for one that is not there.
    throw new PortalError("not-found", `there is no subscriber ${path.name}`);
  }
  return await parts.service.subscriber(path.name);
}

/** See the module's page. */
export const subscriberOperations: readonly Operation[] = [
  operation({
    id: "listSubscribers",
    method: "get",
    at: "/subscribers",
    tag,
    summary: "Everybody who has, or had, a certificate",
    scope: "read",
    for: "everybody",
    answer: Type.Array(subscriberSchema),
    run: async ({ parts, own }) =>
      (await parts.service.subscribers()).filter(({ name }) => own === undefined || name === own),
  }),
  operation({
    id: "issueSubscriber",
    method: "post",
    at: "/subscribers",
    tag,
    summary: "Issue a certificate for a name that has no valid one",
    scope: "subscribers",
    for: "administrators",
    body: Type.Object({ name: nameSchema, days: Type.Optional(days) }, strict),
    answer: subscriberSchema,
    status: 201,
    run: ({ parts, body }) => parts.service.issue(body),
    audit: ({ body }) => `issued a certificate for ${body.name}`,
  }),
  operation({
    id: "getSubscriber",
    method: "get",
    at: "/subscribers/{name}",
    tag,
    summary: "One subscriber",
    scope: "read",
    for: "everybody",
    path: byName,
    answer: subscriberSchema,
    revisions: true,
    run: find,
  }),
  operation({
    id: "renewSubscriber",
    method: "post",
    at: "/subscribers/{name}/renew",
    tag,
    summary: "Issue the certificate anew; the former one stays good until it ends",
    scope: "subscribers",
    for: "administrators",
    path: byName,
    body: Type.Object({ days: Type.Optional(days) }, strict),
    answer: subscriberSchema,
    revisions: true,
    run: async (input) => {
      input.requireSeen(await find(input));
      return await input.parts.service.renew(input.path.name, input.body);
    },
    audit: ({ path }) => `renewed the certificate of ${path.name}`,
  }),
  operation({
    id: "revokeSubscriber",
    method: "post",
    at: "/subscribers/{name}/revoke",
    tag,
    summary: "Revoke all certificates of the name; its sessions end",
    scope: "subscribers",
    for: "administrators",
    path: byName,
    body: Type.Object({
      reason: Type.Optional(Type.String({
        maxLength: 32,
        description: "CRLReason of RFC 5280, as keyCompromise",
      })),
    }, strict),
    answer: subscriberSchema,
    revisions: true,
    run: async (input) => {
      input.requireSeen(await find(input));
      return await input.parts.service.revoke(input.path.name, input.body.reason);
    },
    audit: ({ path }) => `revoked the certificates of ${path.name}`,
  }),
  operation({
    id: "getProfile",
    method: "get",
    at: "/subscribers/{name}/profile",
    tag,
    summary: "The profile, which holds the private key",
    scope: "subscribers",
    for: "everybody",
    path: byName,
    query: Type.Object({ system: systemSchema }, strict),
    answer: "file",
    run: async (input) => {
      const { name } = await find(input);
      return await input.parts.service.profile(name, input.query.system);
    },
    audit: ({ path }) => `downloaded the profile of ${path.name}`,
  }),
  operation({
    id: "makeLink",
    method: "post",
    at: "/subscribers/{name}/links",
    tag,
    summary: "Make a link by which the profile is downloaded once",
    scope: "subscribers",
    for: "everybody",
    path: byName,
    body: Type.Object({
      system: systemSchema,
      lifetime: Type.Integer({
        minimum: 60,
        maximum: 30 * 86_400,
        description: "How long the link is good, seconds",
      }),
    }, strict),
    answer: linkSchema,
    status: 201,
    run: async (input) => {
      const { name } = await find(input);
      const { system, lifetime } = input.body;
      return await input.parts.service.oneTimeLink(name, system, lifetime);
    },
    audit: ({ path }) => `made a one-time link to the profile of ${path.name}`,
  }),
];
