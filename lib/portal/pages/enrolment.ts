/**
 * Taking up one-time codes: the secret, once, and a code that shows that it arrived.
 *
 * @module
 */

import { html } from "hono/html";
import type { Enrolment } from "../access.ts";
import { field } from "./form.ts";
import type { Html } from "./layout.ts";
import { qrCode } from "./qr.ts";

/** Where the code goes. */
export interface EnrolmentForm {
  readonly action: string;
  /** Fields that go along. */
  readonly hidden: Html;
  readonly button: string;
  /** What is wrong with the code that was sent. */
  readonly error?: string;
}

/** The page's content. */
export function enrolmentSection({ secret, uri }: Enrolment, form: EnrolmentForm): Html {
  return html`<section class="panel narrow">
<p>Point your authenticator program at this, or type the secret into it. It is shown only now.</p>
${qrCode(uri, "The secret as QR code, for an authenticator program")}
<p class="secret" id="secret">${secret}</p>
<form method="post" action="${form.action}">${form.hidden}
${
    field({
      name: "code",
      label: "The code that it shows",
      autocomplete: "one-time-code",
      inputMode: "numeric",
      maximumLength: 6,
      required: true,
      focus: true,
      ...form.error !== undefined && { error: form.error },
    })
  }
<div class="buttons"><button>${form.button}</button></div>
</form>
</section>`;
}
