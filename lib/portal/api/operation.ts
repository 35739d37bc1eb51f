/**
 * An operation of the API: one row of the table that routes, document and tests are made from.
 *
 * @module
 */

import type { Static, TObject, TSchema } from "@sinclair/typebox";
import type { Scope } from "../api_tokens.ts";
import type { Caller, PortalContext } from "../environment.ts";
import type { PortalParts } from "../parts.ts";
import type { PortalFile } from "../service.ts";

/** What an operation works with. */
export interface OperationInput<Path, Query, Body> {
  readonly path: Path;
  readonly query: Query;
  readonly body: Body;
  /** Who calls; they may. */
  readonly caller: Caller;
  /** The only name that the caller may know of; undefined: all. */
  readonly own: string | undefined;
  readonly parts: PortalParts;
  readonly context: PortalContext;
  /** Refuses if what is to be changed is not what the caller has seen (`If-Match`). */
  requireSeen(present: unknown): void;
}

/** What is said of an operation. */
export interface OperationSpec<
  Path extends TObject,
  Query extends TObject,
  Body extends TSchema,
  Answer extends TSchema | "file" | "nothing",
> {
  /** The operation's name in the document. */
  readonly id: string;
  readonly method: "get" | "post" | "put" | "delete";
  /** Below the API's path, with `{NAME}` for parameters. */
  readonly at: string;
  readonly tag: string;
  readonly summary: string;
  /** What a token needs; undefined: no token will do. */
  readonly scope: Scope | undefined;
  /** `everybody`: users too, of what is their own. */
  readonly for: "administrators" | "everybody";
  readonly path?: Path;
  readonly query?: Query;
  readonly body?: Body;
  readonly answer: Answer;
  /** 200 by default. */
  readonly status?: 200 | 201;
  /** The answer names a revision (`ETag`) that a change can ask for (`If-Match`). */
  readonly revisions?: boolean;
  /** It waits for no other change, nor they for it: dear work that anybody may ask for. */
  readonly apart?: boolean;
  /** What of an answer the revision is of; all of it by default. */
  readonly revisionOf?: (answer: unknown) => unknown;
  run(
    input: OperationInput<Static<Path>, Static<Query>, Static<Body>>,
  ):
    | Promise<AnswerOf<Answer>>
    | AnswerOf<Answer>;
  /** What the log says was done. */
  audit?(input: OperationInput<Static<Path>, Static<Query>, Static<Body>>): string;
}

/** What an operation gives back. */
export type AnswerOf<Answer> = Answer extends TSchema ? ReadonlyDeep<Static<Answer>>
  : Answer extends "file" ? PortalFile
  : void;

type ReadonlyDeep<T> = T extends readonly (infer Item)[] ? readonly ReadonlyDeep<Item>[]
  : T extends object ? { readonly [Key in keyof T]: ReadonlyDeep<T[Key]> }
  : T;

/** A row, whatever its types. */
export interface Operation {
  readonly id: string;
  readonly method: "get" | "post" | "put" | "delete";
  readonly at: string;
  readonly tag: string;
  readonly summary: string;
  readonly scope: Scope | undefined;
  readonly for: "administrators" | "everybody";
  readonly path?: TObject;
  readonly query?: TObject;
  readonly body?: TSchema;
  readonly answer: TSchema | "file" | "nothing";
  readonly status?: 200 | 201;
  readonly revisions?: boolean;
  /** It waits for no other change, nor they for it: dear work that anybody may ask for. */
  readonly apart?: boolean;
  readonly revisionOf?: (answer: unknown) => unknown;
  run(input: OperationInput<unknown, unknown, unknown>): unknown;
  audit?(input: OperationInput<unknown, unknown, unknown>): string;
}

/** A row, its types checked against its schemas. */
export function operation<
  Answer extends TSchema | "file" | "nothing",
  Path extends TObject = TObject<Record<never, never>>,
  Query extends TObject = TObject<Record<never, never>>,
  Body extends TSchema = TSchema,
>(spec: OperationSpec<Path, Query, Body, Answer>): Operation {
  // What a request has is checked against the schemas before it gets here.
  return spec as unknown as Operation;
}
