/**
 * What makes a client.
 * (OpenVPN's client-options.rst.)
 *
 * @module
 */

import * as parse from "../parameters.ts";
import { rows } from "../option.ts";

/** What makes a client. */
export const clientOptions = rows("client", [
  {
    name: "client",
    summary: "Client of a server: tls-client and pull",
    apply: ({ draft }) => void (draft.client = true),
  },
  {
    name: "pull",
    summary: "Take options from the server",
    apply: ({ draft }) => void (draft.pull = true),
  },
  {
    name: "auth-user-pass",
    usage: "[FILE]",
    where: ["main", "inline"],
    summary: "User name and password, from FILE or a prompt",
    apply: (context, [path]) => {
      const prompt = context.inline === undefined && (path === undefined || path === "stdin");
      context.draft.authUserPass = prompt
        ? { source: "prompt", position: context.position }
        : context.file(path);
    },
  },
  {
    name: "auth-nocache",
    summary: "Forget passwords after use",
    apply: ({ draft }) => void (draft.authNocache = true),
  },
  {
    name: "auth-retry",
    usage: "none|nointeract|interact",
    summary: "What to do when the server refuses the password",
    apply: (context, [text]) => {
      context.draft.authRetry = parse.word(context, text, ["none", "nointeract", "interact"]);
    },
  },
  {
    name: "static-challenge",
    usage: "TEXT ECHO [FORMAT]",
    summary: "Ask for a one-time code as well",
    apply: (context, [text, echo, format = "scrv1"]) => {
      context.draft.staticChallenge = {
        text,
        echo: parse.integer(context, echo, 0, 1) === 1,
        format: parse.word(context, format, ["scrv1", "concat"]),
      };
    },
  },
  {
    name: "push-peer-info",
    summary: "Tell the server more about this machine",
    apply: ({ draft }) => void (draft.pushPeerInfo = true),
  },
]);
