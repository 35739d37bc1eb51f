/**
 * The two fields of a new password.
 *
 * @module
 */

import { html } from "hono/html";
import type { PortalContext } from "../environment.ts";
import { field, sent } from "./form.ts";
import type { Html } from "./layout.ts";

/** What is wrong with them. */
export interface NewPasswordProblem {
  readonly field: "password" | "repeated";
  readonly message: string;
}

/** Both fields. */
export function newPasswordFields(problem?: NewPasswordProblem): Html {
  const error = (of: NewPasswordProblem["field"]) =>
    problem?.field === of ? { error: problem.message, focus: true } : {};
  return html`${
    field({
      name: "password",
      label: "New password",
      type: "password",
      autocomplete: "new-password",
      required: true,
      hint: "At least 8 characters; a few words are easier to keep in mind.",
      ...error("password"),
    })
  }${
    field({
      name: "repeated",
      label: "New password again",
      type: "password",
      autocomplete: "new-password",
      required: true,
      ...error("repeated"),
    })
  }`;
}

/** The password that was sent, or what is wrong with the two. */
export async function sentNewPassword(
  context: PortalContext,
): Promise<{ readonly password: string; readonly problem?: NewPasswordProblem }> {
  const password = await sent(context, "password");
  if (password === await sent(context, "repeated")) return { password };
  return { password, problem: { field: "repeated", message: "the passwords differ" } };
}
