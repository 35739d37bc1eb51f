/**
 * What only a server writes, into its PUSH_REPLY.
 * (OpenVPN's push.c and the manual's cipher-negotiation.rst.)
 *
 * @module
 */

import * as parse from "../parameters.ts";
import { rows, shorten } from "../option.ts";

const push = ["push"] as const;

/** What only a server writes. */
export const pushedOptionRows = rows("pushed", [
  {
    name: "peer-id",
    usage: "N",
    where: push,
    summary: "Number of this client in data packets",
    apply: (context, [text]) => {
      context.draft.peerId = parse.integer(context, text, 0, 0xffffff);
    },
  },
  {
    name: "auth-token",
    usage: "TOKEN",
    where: push,
    summary: "Use it in place of the password from here on",
    apply: ({ draft }, [token]) => void (draft.authToken = token),
  },
  {
    name: "auth-token-user",
    usage: "BASE64",
    where: push,
    summary: "User name that goes with the token",
    apply: (context, [text]) => {
      const valid = /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0;
      if (!valid) context.expected("base64", text);
      context.draft.authTokenUser = new TextDecoder().decode(
        Uint8Array.from(atob(text), (character) => character.charCodeAt(0)),
      );
    },
  },
  {
    name: "push-continuation",
    usage: "1|2",
    where: push,
    summary: "2: more follows; 1: that was all",
    apply: (context, [text]) => {
      context.draft.pushContinuation = parse.word(context, text, ["1", "2"]) === "2" ? 2 : 1;
    },
  },
  {
    name: "key-derivation",
    usage: "METHOD",
    where: push,
    summary: "How data keys are made; tls-ekm needs an exporter that isn't there",
    apply: (context, [method]) => {
      context.fail(`the server wants data keys by "${shorten(method)}", which isn't supported`);
    },
  },
  {
    name: "protocol-flags",
    usage: "FLAG…",
    where: push,
    summary: "Protocol features to use; each changes the format of packets or keys",
    apply: (context, flags) => {
      const unsupported = flags.find((flag) => flag !== "cc-exit");
      if (unsupported !== undefined) {
        context.fail(
          `the server wants the protocol feature "${shorten(unsupported)}", which isn't supported`,
        );
      }
      context.draft.controlChannelExit = true;
    },
  },
  {
    name: "echo",
    usage: "[TEXT…]",
    where: ["main", "push"],
    class: "ignored",
    summary: "Text for other programs",
    apply: ({ draft }, words) => void draft.echo.push(words.join(" ")),
  },
  {
    name: "parameter",
    usage: "[TEXT…]",
    where: ["main", "push"],
    class: "ignored",
    summary: "Older name of echo",
    apply: ({ draft }, words) => void draft.echo.push(words.join(" ")),
  },
]);
