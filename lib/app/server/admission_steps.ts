/**
 * What a server asks of its clients before they are in, in this order. Whoever adds a step puts it
 * where it belongs here.
 *
 * @module
 */

import type { AdmissionStep } from "./admission.ts";
import type { ServerParts } from "./server_context.ts";

/** The steps of a server. */
export function admissionSteps({ loginStep }: ServerParts): readonly AdmissionStep[] {
  return [
    ...(loginStep === undefined ? [] : [loginStep]),
  ];
}
