/**
 * What a request of the portal carries with it: how it came, and who calls.
 *
 * @module
 */

import type { Context, Hono, MiddlewareHandler } from "hono";
import type { UserRole } from "../users/mod.ts";
import type { Scope } from "./api_tokens.ts";
import type { PortalSession } from "./sessions.ts";

/** The connection that a request came by. */
export interface RequestConnection {
  /** The client's address, without its port. */
  readonly address: string;
  /** `1.1` or `2`. */
  readonly httpVersion: string;
  /** `TLSv1.3`; absent where it is not known. */
  readonly tlsVersion?: string;
  /** As RFC 8446 names it: `TLS_AES_256_GCM_SHA384`. */
  readonly tlsCipher?: string;
}

/** Somebody with a browser. */
export interface SessionCaller {
  readonly kind: "session";
  readonly name: string;
  readonly role: UserRole;
  readonly session: PortalSession;
}

/** A program with a token. */
export interface TokenCaller {
  readonly kind: "token";
  /** The token's own name. */
  readonly name: string;
  readonly scopes: readonly Scope[];
}

/** Who calls, once that is proved. */
export type Caller = SessionCaller | TokenCaller;

/** Hono's environment. */
export interface PortalEnvironment {
  Bindings: { readonly connection: RequestConnection };
  Variables: {
    /** Undefined: somebody who has not logged in. */
    caller: Caller | undefined;
  };
}

/** The application that pages and further routes are registered with. */
export type PortalApplication = Hono<PortalEnvironment>;

/** What a handler gets. */
export type PortalContext = Context<PortalEnvironment>;

/** Something that stands before handlers. */
export type PortalMiddleware = MiddlewareHandler<PortalEnvironment>;
