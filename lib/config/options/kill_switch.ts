/**
 * `kill-switch`, an option of ours: a client's traffic leaves by the tunnel or not at all.
 *
 * @module
 */

import * as parse from "../parameters.ts";
import { rows } from "../option.ts";

const flags = ["on", "off", "lan", "stay"] as const;

/** The kill switch of a client. */
export const killSwitchOptions = rows("network", [
  {
    name: "kill-switch",
    usage: "[on|off] [lan] [stay]",
    summary:
      "Nothing leaves but through the tunnel (ours); lan: the local network may be reached; " +
      "stay: also after the end; off: ends one that is in force",
    apply: (context, given) => {
      const words = new Set(given.map((word) => parse.word(context, word, flags)));
      if (words.has("off") && words.size > 1) context.fail(`"kill-switch off" takes no more words`);
      context.draft.killSwitch = {
        on: !words.has("off"),
        allowLan: words.has("lan"),
        stay: words.has("stay"),
      };
    },
  },
]);
