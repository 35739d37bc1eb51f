import assert from "node:assert/strict";
import { outcomeOf } from "../../../../lib/app/client/connection_outcome.ts";
import { RemoteList } from "../../../../lib/app/client/remote_list.ts";
import { TerminalPrompt } from "../../../../lib/app/client/terminal_prompt.ts";
import { UserCredentialSource } from "../../../../lib/app/client/user_credentials.ts";
import { LoadedFiles } from "../../../../lib/config/mod.ts";
import { client } from "../../config/profile.ts";
import { RecordedLog } from "../../net/machine.ts";

function outcome(...lines: string[]) {
  const config = client(...lines);
  const log = new RecordedLog();
  const files = new LoadedFiles(new Map(), [], []);
  const parts = {
    config,
    log,
    remotes: new RemoteList(config, log, (host) => Promise.resolve([host])),
    userCredentials: new UserCredentialSource(config, files, new TerminalPrompt(log)),
  };
  return { end: outcomeOf({ kind: "restart", reason: "ping-restart" }, parts), log };
}

Deno.test("remap-usr1 says what comes in place of a reconnection", () => {
  const usual = outcome();
  assert.equal(usual.end, undefined);
  assert.match(usual.log.lines[0], /^SIGUSR1\[soft,ping-restart\] received, process restarting/);
  const ends = outcome("remap-usr1 SIGTERM");
  assert.deepEqual(ends.end, { reason: "ping-restart", restart: false });
  assert.match(ends.log.lines[0], /^SIGTERM\[soft,ping-restart\] received, process exiting/);
  assert.deepEqual(outcome("remap-usr1 SIGHUP").end, { reason: "ping-restart", restart: true });
});
