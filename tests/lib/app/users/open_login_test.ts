import assert from "node:assert/strict";
import { dirname } from "node:path";
import { Programs } from "../../../../lib/app/programs/programs.ts";
import { openLogin } from "../../../../lib/app/users/open_login.ts";
import { LoadedFiles } from "../../../../lib/config/mod.ts";
import { TemporaryDirectory } from "../../../harness/directory.ts";
import { server } from "../../config/profile.ts";
import { RecordedLog } from "../../net/machine.ts";
import { testCandidate } from "./candidate.ts";

Deno.test("tmp-dir: what programs are told by file is there, and only while they run", async () => {
  await using directory = await TemporaryDirectory.create();
  const log = new RecordedLog();
  const files = `${directory.path}/files`;
  await Deno.mkdir(files);
  // It says where the file with name and password was.
  const program = `${directory.path}/verify`;
  const lines = ["#!/bin/sh", `echo "$1" >${directory.path}/said`, `[ -s "$1" ]`];
  await Deno.writeTextFile(program, lines.join("\n"), { mode: 0o700 });
  const placeWith = async (...more: string[]) => {
    const verify = ["script-security 2", `auth-user-pass-verify ${program} via-file`];
    const config = server(...verify, ...more);
    const programs = new Programs({ security: 2, environment: {}, log });
    await using login = await openLogin({
      ...{ config, files: new LoadedFiles(new Map(), [], []), programs, log },
    });
    await login.step!.take(testCandidate("alice", "open sesame"));
    return dirname((await Deno.readTextFile(`${directory.path}/said`)).trim());
  };
  assert.equal(await placeWith(`tmp-dir ${files}`), files);
  assert.deepEqual([...Deno.readDirSync(files)], []);
  assert.equal(await placeWith(), Deno.env.get("TMPDIR") ?? "/tmp");
});
