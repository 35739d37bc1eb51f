/**
 * Programs to run. OpenVPN calls them only with `script-security 2` or higher.
 * (OpenVPN's script-options.rst.)
 *
 * @module
 */

import * as parse from "../parameters.ts";
import type { ScriptOption } from "../config.ts";
import { type OptionContext, rows } from "../option.ts";

const script = (name: ScriptOption, summary: string) => ({
  name,
  usage: "COMMAND",
  summary,
  class: "script" as const,
  apply: ({ draft }: OptionContext, [command]: readonly string[]) =>
    void (draft.scripts[name] = command),
});

/** Programs to run. */
export const scriptOptions = rows("scripts", [
  {
    name: "script-security",
    usage: "0|1|2|3 [METHOD]",
    summary:
      "Which programs may be called: 2 those named here, 3 passwords in their environment too",
    apply: (context, [level]) => {
      const security = Number(parse.word(context, level, ["0", "1", "2", "3"]));
      context.draft.process.scriptSecurity = security as 0 | 1 | 2 | 3;
    },
  },
  {
    name: "tmp-dir",
    usage: "DIRECTORY",
    summary: "Where temporary files for programs are written",
    apply: ({ draft }, [path]) => void (draft.process.temporaryDirectory = path),
  },
  script("up", "When the device is open"),
  script("down", "After the device was closed"),
  {
    name: "up-delay",
    class: "ignored",
    summary: "A client's device is opened, and up called, once the server has sent its options",
  },
  {
    name: "down-pre",
    summary: "Call down before the device is closed",
    apply: ({ draft }) => void (draft.process.downPre = true),
  },
  {
    name: "up-restart",
    class: "ignored",
    summary: "up and down are called whenever the device is opened and closed, and not otherwise",
  },
  script("route-up", "When routes are there"),
  script("route-pre-down", "Before routes are removed"),
  script("ipchange", "When the peer's address changes"),
  script("tls-verify", "Whether a certificate may come in"),
  {
    name: "tls-export-cert",
    usage: "DIRECTORY",
    class: "script",
    summary: "Where tls-verify finds the peer's certificate: in the file that peer_cert names",
    apply: ({ draft }, [path]) => void (draft.tls.exportDirectory = path),
  },
  script("client-connect", "When a client is there"),
  script("client-disconnect", "When a client is gone"),
  script("client-crresponse", "A client's answer to a question while auth-user-pass-verify waits"),
  script("learn-address", "When a client gets an address"),
]);
