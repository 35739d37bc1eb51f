/**
 * Operations on the caller's own account: for a session, whose user it is.
 *
 * @module
 */

import { Type } from "@sinclair/typebox";
import { logIn } from "../identify.ts";
import type { OwnRequest } from "../own_account.ts";
import { RequestError } from "../refusal.ts";
import { type Operation, operation, type OperationInput } from "./operation.ts";
import { enrolmentSchema, passwordSchema, strict } from "./schemas.ts";

const tag = "Caller";

function ownRequest(
  { caller, context }: OperationInput<unknown, unknown, unknown>,
  password: string,
): OwnRequest {
  // Without a scope no token gets here.
  if (caller.kind !== "session") throw new RequestError(403, "no token is good for this");
  return { name: caller.name, password, source: context.env.connection.address };
}

/** See the module's page. */
export const ownAccountOperations: readonly Operation[] = [
  operation({
    id: "changeOwnPassword",
    method: "put",
    at: "/me/password",
    tag,
    summary: "Another password; all log-ins of the user end, and this one begins anew",
    scope: undefined,
    for: "everybody",
    apart: true,
    body: Type.Object({ present: passwordSchema, password: passwordSchema }, strict),
    answer: "nothing",
    run: async (input) => {
      const { parts, context, body } = input;
      const request = ownRequest(input, body.present);
      logIn(context, parts, await parts.accounts.own.changePassword(request, body.password));
    },
    audit: () => "changed the own password",
  }),
  operation({
    id: "beginOwnCodes",
    method: "post",
    at: "/me/one-time-codes",
    tag,
    summary: "Begin new one-time codes; the former count until one of the new is confirmed",
    scope: undefined,
    for: "everybody",
    apart: true,
    body: Type.Object({ present: passwordSchema }, strict),
    answer: enrolmentSchema,
    run: (input) => input.parts.accounts.own.beginCodes(ownRequest(input, input.body.present)),
  }),
  operation({
    id: "confirmOwnCodes",
    method: "post",
    at: "/me/one-time-codes/confirmation",
    tag,
    summary: "Show by a code that the authenticator has the secret; other log-ins end",
    scope: undefined,
    for: "everybody",
    apart: true,
    body: Type.Object({ code: Type.String({ minLength: 6, maxLength: 16 }) }, strict),
    answer: "nothing",
    run: async ({ caller, parts, context, body }) => {
      logIn(context, parts, await parts.accounts.own.finishCodes(caller.name, body.code));
    },
    audit: () => "changed the own one-time codes",
  }),
];
