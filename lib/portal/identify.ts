/**
 * Who calls: a session's cookie, or a token in `Authorization: Bearer` (RFC 6750).
 *
 * @module
 */

import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { UserRecord } from "../users/mod.ts";
import type { PortalContext, PortalEnvironment, PortalMiddleware } from "./environment.ts";
import { refuse } from "./refusal.ts";
import type { PortalParts } from "./parts.ts";
import { type PortalSession, sessionCookie } from "./sessions.ts";

const cookieOptions = {
  path: "/",
  secure: true,
  httpOnly: true,
  sameSite: "Strict",
} as const;

/** Finds out who calls. A token that is none is refused at once; a cookie that is none is nobody's. */
export function identify({ access, tokens }: PortalParts): PortalMiddleware {
  return async (context, next) => {
    const authorization = context.req.header("authorization");
    if (authorization !== undefined) {
      const [, text = ""] = /^Bearer ([^\s]+)$/i.exec(authorization) ?? [];
      const token = await tokens.find(text);
      if (token === undefined) {
        const answer = await refuse(context, 401, "the token is unknown, revoked or has expired");
        answer.headers.set("WWW-Authenticate", 'Bearer realm="vpn", error="invalid_token"');
        return answer;
      }
      context.set("caller", { kind: "token", name: token.name, scopes: token.scopes });
      return await next();
    }
    const id = getCookie(context, sessionCookie);
    const found = id === undefined ? undefined : await access.caller(id);
    if (found !== undefined) {
      const { session, user } = found;
      context.set("caller", { kind: "session", name: user.name, role: user.role, session });
    }
    await next();
  };
}

/** Begins a session: the answer sets its cookie. */
export function logIn(
  context: PortalContext,
  { access, log }: Pick<PortalParts, "access" | "log">,
  user: UserRecord,
): PortalSession {
  const former = getCookie(context, sessionCookie);
  if (former !== undefined) access.sessions.end(former);
  const { id, session } = access.sessions.begin(user);
  setCookie(context as Context<PortalEnvironment>, sessionCookie, id, cookieOptions);
  log.at(1, `portal: ${user.name} logged in from ${context.env.connection.address}`);
  return session;
}

/** Ends the session of this request. */
export function logOut(
  context: PortalContext,
  { access, log }: Pick<PortalParts, "access" | "log">,
): void {
  const id = getCookie(context, sessionCookie);
  if (id !== undefined) access.sessions.end(id);
  deleteCookie(context, sessionCookie, cookieOptions);
  const caller = context.get("caller");
  if (caller?.kind === "session") log.at(1, `portal: ${caller.name} logged out`);
}
