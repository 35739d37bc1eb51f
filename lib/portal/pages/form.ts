/**
 * Forms: fields with their labels and errors, and what was sent.
 *
 * @module
 */

import { html, raw } from "hono/html";
import type { PortalContext } from "../environment.ts";
import { refusalOf, RequestError } from "../refusal.ts";
import type { ChangeQueue } from "../revision.ts";
import type { Html } from "./layout.ts";

/** An input with its label. */
export interface Field {
  readonly name: string;
  readonly label: string;
  readonly type?: "text" | "password" | "number";
  readonly value?: string;
  readonly hint?: string;
  /** What is wrong with what was sent. */
  readonly error?: string;
  readonly required?: boolean;
  /** As `one-time-code`; `off` unless told otherwise. */
  readonly autocomplete?: string;
  readonly inputMode?: "numeric" | "text";
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maximumLength?: number;
  /** Makes the id unique where a page has several forms with a field of that name. */
  readonly scope?: string;
  readonly focus?: boolean;
  /** Id of a `datalist`. */
  readonly list?: string;
}

/** Label, input, hint and error. */
export function field(given: Field): Html {
  const id = identifier(given.name, given.scope);
  const optional = (name: string, value: string | number | undefined): Html | "" =>
    value === undefined ? "" : html`
      ${name}="${value}"
    `;
  return html`<div class="field">
<label for="${id}">${given.label}</label>
${notes(id, given)}
<input id="${id}" name="${given.name}" type="${given.type ?? "text"}" autocomplete="${
    given.autocomplete ?? "off"
  }" autocapitalize="none" spellcheck="false"${optional("value", given.value)}${
    optional("inputmode", given.inputMode)
  }${optional("min", given.minimum)}${optional("max", given.maximum)}${
    optional("maxlength", given.maximumLength)
  }${optional("list", given.list)}${given.required === true ? " required" : ""}${
    given.focus === true ? " autofocus" : ""
  }${described(id, given)}>
</div>`;
}

/** A choice of few. */
export function choice(
  given: {
    readonly name: string;
    readonly label: string;
    readonly options: readonly (readonly [value: string, text: string])[];
    readonly value?: string;
    readonly hint?: string;
    readonly error?: string;
    readonly scope?: string;
  },
): Html {
  const id = identifier(given.name, given.scope);
  return html`<div class="field">
<label for="${id}">${given.label}</label>
${notes(id, given)}
<select id="${id}" name="${given.name}"${described(id, given)}>${
    given.options.map(([value, text]) =>
      html`
        <option value="${value}" ${value === given.value ? " selected" : ""}>${text}</option>
      `
    )
  }</select>
</div>`;
}

interface Notes {
  readonly hint?: string;
  readonly error?: string;
}

/** Says to what reads a page aloud which texts belong to an input. */
export function described(id: string, { hint, error }: Notes): Html | "" {
  const ids = [hint === undefined ? "" : `${id}-hint`, error === undefined ? "" : `${id}-error`]
    .filter((part) => part !== "").join(" ");
  if (ids === "") return "";
  // Identifiers have no character that means something in HTML.
  return raw(` aria-describedby="${ids}"${error === undefined ? "" : ' aria-invalid="true"'}`);
}

/** Hint and error of an input. */
export function notes(id: string, { hint, error }: Notes): Html {
  return html`${hint === undefined ? "" : html`<p class="hint" id="${id}-hint">${hint}</p>`}${
    error === undefined ? "" : html`<p class="error" id="${id}-error">${error}</p>`
  }`;
}

/** An id without what ids can't have. */
export function identifier(name: string, scope = ""): string {
  return `${scope}-${name}`.replace(/[^A-Za-z0-9-]/g, (letter) => `_${letter.codePointAt(0)}`)
    .replace(/^-/, "");
}

/** A part of the path, decoded. */
export function parameter(context: PortalContext, name: string): string {
  return context.req.param(name) ?? "";
}

/** A field of a form that was sent; empty when it is not there. @throws {RequestError} */
export async function sent(context: PortalContext, name: string): Promise<string> {
  // Hono keeps the body: it is read once.
  const value = (await context.req.parseBody())[name];
  if (value === undefined) return "";
  if (typeof value !== "string") throw new RequestError(400, `${name} can't be a file`);
  return value;
}

/** A whole number of a form; undefined when it was left empty. @throws {RequestError} */
export async function sentNumber(
  context: PortalContext,
  name: string,
): Promise<number | undefined> {
  const text = (await sent(context, name)).trim();
  if (text === "") return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new RequestError(400, `${name} has to be a whole number`);
  return Number(text);
}

/** What is wrong with a form, to be shown in it. */
export interface FormProblem {
  readonly status: 400 | 404 | 409 | 503;
  readonly message: string;
}

/** Does what a form asks for; what the caller can mend is returned, all else thrown. */
export async function attempt(
  changes: Pick<ChangeQueue, "run">,
  action: () => void | Promise<unknown>,
): Promise<FormProblem | undefined> {
  try {
    // What was looked at is what is changed, here and by the API.
    await changes.run(async () => await action());
    return undefined;
  } catch (error) {
    const refusal = refusalOf(error);
    const statuses: readonly number[] = [400, 404, 409, 503];
    if (refusal === undefined || !statuses.includes(refusal.status)) throw error;
    return refusal as FormProblem;
  }
}
