/**
 * What a server tells a client while a log-in waits for the user (`INFO_PRE`, after AUTH_PENDING):
 * an address to open, or a question.
 *
 * Source: OpenVPN's `doc/management-notes.txt`, "COMMAND -- client-pending-auth", and
 * `doc/man-sections/server-options.rst`.
 *
 * @module
 */

/** What is wanted of the user. */
export type PendingAuth =
  /** WEB_AUTH or OPEN_URL. */
  | { readonly kind: "url"; readonly url: string; readonly flags: readonly string[] }
  /** CR_TEXT: the answer goes back as CR_RESPONSE. */
  | {
    readonly kind: "challenge";
    readonly text: string;
    readonly echo: boolean;
    readonly responseRequired: boolean;
  }
  | { readonly kind: "text"; readonly text: string };

/** Reads the text of an INFO_PRE. An address that is not HTTPS is a text like any other. */
export function parsePendingAuth(text: string): PendingAuth {
  const url = /^(?:WEB_AUTH:([^:]*):|OPEN_URL:)(https:\/\/\S+)$/i.exec(text);
  if (url !== null && URL.canParse(url[2])) {
    return { kind: "url", url: url[2], flags: flagList(url[1]) };
  }
  const challenge = /^CR_TEXT:([^:]*):(.*)$/s.exec(text);
  if (challenge !== null) {
    const flags = flagList(challenge[1]);
    return {
      kind: "challenge",
      text: challenge[2],
      echo: flags.includes("E"),
      responseRequired: flags.includes("R"),
    };
  }
  return { kind: "text", text };
}

function flagList(text = ""): string[] {
  return text.split(",").filter((flag) => flag !== "");
}
