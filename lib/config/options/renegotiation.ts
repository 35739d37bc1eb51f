/**
 * When control packets go again, handshakes time out and keys are renewed.
 * (OpenVPN's renegotiation.rst, tls-options.rst.)
 *
 * @module
 */

import * as parse from "../parameters.ts";
import { rows } from "../option.ts";

/** Timers of the control channel. */
export const renegotiationOptions = rows("tls", [
  {
    name: "tls-timeout",
    usage: "SECONDS",
    summary: "Send a control packet again after that time",
    apply: (context, [text]) => void (context.draft.tls.timeout = parse.seconds(context, text, 1)),
  },
  {
    name: "hand-window",
    usage: "SECONDS",
    summary: "A handshake must end within that time",
    apply: (context, [text]) => {
      context.draft.tls.handWindow = parse.seconds(context, text, 1);
    },
  },
  {
    name: "tran-window",
    usage: "SECONDS",
    summary: "An old key stays usable that long",
    apply: (context, [text]) => void (context.draft.tls.tranWindow = parse.seconds(context, text)),
  },
  {
    name: "reneg-sec",
    usage: "SECONDS [MIN]",
    summary: "Renegotiate after that time; 0: leave it to the peer",
    apply: (context, [maximum, minimum]) => {
      context.draft.tls.renegSec = parse.seconds(context, maximum);
      if (minimum === undefined) return;
      context.draft.tls.renegSecMin = parse.seconds(context, minimum);
      if (context.draft.tls.renegSecMin > context.draft.tls.renegSec) {
        context.fail(`"reneg-sec": the minimum is above the maximum`, "swap the two numbers");
      }
    },
  },
  {
    name: "reneg-bytes",
    usage: "N",
    summary: "Renegotiate after that many bytes",
    apply: (context, [text]) => void (context.draft.tls.renegBytes = parse.count(context, text)),
  },
  {
    name: "reneg-pkts",
    usage: "N",
    summary: "Renegotiate after that many packets",
    apply: (context, [text]) => void (context.draft.tls.renegPkts = parse.count(context, text)),
  },
  {
    name: "single-session",
    summary: "No new session after the first one",
    apply: ({ draft }) => void (draft.tls.singleSession = true),
  },
  {
    name: "tls-exit",
    summary: "End when a TLS negotiation fails",
    apply: ({ draft }) => void (draft.tls.exitOnFailure = true),
  },
]);
