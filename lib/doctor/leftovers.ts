/**
 * What a run that was killed has left on this machine.
 *
 * @module
 */

import { errorLine } from "../base/errors.ts";
import { describeChange } from "../net/changes/change.ts";
import { journalDirectory, listJournals, readJournal } from "../net/changes/journal_file.ts";
import { isAlive, sameNamespace, thisOwner } from "../net/changes/owner.ts";
import { standingKillSwitch } from "../net/kill_switch.ts";
import { Check, type Finding } from "./finding.ts";

const killSwitch = new Check("kill switch");
const leftovers = new Check("former runs");

/** A kill switch whose client is gone lets nothing leave. */
export function checkKillSwitch(): Finding {
  try {
    const standing = standingKillSwitch();
    if (standing === undefined || standing.off) return killSwitch.ok("none is in force");
    const { owner, attended } = standing;
    return attended ? killSwitch.ok(`in force, of process ${owner?.pid}`) : killSwitch.problem(
      "one is in force whose client is gone: nothing leaves this machine",
      "vpn kill-switch off",
    );
  } catch (error) {
    return killSwitch.skipped(errorLine(error));
  }
}

/** Changes that dead processes have left; the next start takes them back. `start`: a command. */
export function checkLeftovers(start: string): Finding {
  try {
    const ours = thisOwner();
    const left = listJournals(journalDirectory())
      .filter(({ owner }) => sameNamespace(owner, ours) && !isAlive(owner))
      .flatMap(({ path }) => [...readJournal(path)?.values() ?? []])
      .map(describeChange);
    if (left.length === 0) return leftovers.ok("nothing is left of them");
    const [first] = left;
    const more = left.length > 1 ? ` and ${left.length - 1} more` : "";
    return leftovers.problem(`a killed run has left its ${first}${more}`, start);
  } catch (error) {
    return leftovers.skipped(errorLine(error));
  }
}
