import assert from "node:assert/strict";
import { Programs } from "../../../../lib/app/programs/programs.ts";
import { AdmissionRefusal, type Candidate } from "../../../../lib/app/server/admission.ts";
import { ProgramDecider } from "../../../../lib/app/users/program_decider.ts";
import { openLog } from "../../../../lib/base/log.ts";
import { TemporaryDirectory } from "../../../harness/directory.ts";
import { eventually } from "../../../harness/eventually.ts";
import { testCandidate } from "./candidate.ts";

interface Setting {
  readonly directory: string;
  decide(candidate: Candidate, username?: string, password?: string): Promise<string>;
}

/** What a program of these lines decides: "in", or what the client is told. */
async function withProgram(
  lines: readonly string[],
  body: (setting: Setting) => Promise<void>,
  method: "via-file" | "via-env" = "via-file",
  answerCommand?: (directory: string) => string,
): Promise<void> {
  await using directory = await TemporaryDirectory.create();
  const command = `${directory.path}/program`;
  await Deno.writeTextFile(command, ["#!/bin/sh", ...lines].join("\n"), { mode: 0o700 });
  const log = openLog(0, () => {});
  const decider = new ProgramDecider({
    command: `${command} argument`,
    answerCommand: answerCommand?.(directory.path),
    method,
    programs: new Programs({ security: method === "via-env" ? 3 : 2, environment: {}, log }),
    temporaryDirectory: directory.path,
  });
  await body({
    directory: directory.path,
    decide: async (candidate, username = "alice", password = "open sesame") => {
      try {
        await decider.decide({ username, password, variables: { session_state: "x" } }, candidate);
        return "in";
      } catch (error) {
        assert.ok(error instanceof AdmissionRefusal);
        return error.answer ?? "";
      }
    },
  });
  // The files with passwords and decisions are gone.
  const left = [...Deno.readDirSync(directory.path)].map(({ name }) => name);
  assert.deepEqual(left.filter((name) => name.startsWith("openvpn_")), []);
}

const candidate = () => testCandidate("alice", "open sesame");

Deno.test("via-file: name and password are two lines of a file that only we can read", async () => {
  const program = [
    `[ "$1" = argument ] || exit 3`,
    `[ "$(stat -c %a "$2")" = 600 ] || exit 4`,
    `[ "$(cat "$2")" = "$(printf 'al_ice\\nopen sesame')" ] || exit 5`,
    `[ -z "$password" ] && [ "$session_state" = x ] && [ "$IV_PROTO" = 1023 ]`,
  ];
  await withProgram(program, async ({ decide }) => {
    assert.equal(await decide(candidate(), "al\nice"), "in");
    assert.equal(await decide(candidate(), "al\nice", "open"), "");
  });
});

Deno.test("via-env: name and password are in the environment, and nowhere else", async () => {
  const program = [`[ "$#" = 1 ] && [ "$username $password" = "alice open sesame" ]`];
  await withProgram(program, async ({ decide }) => {
    assert.equal(await decide(candidate()), "in");
    assert.equal(await decide(candidate(), "alice", "open"), "");
  }, "via-env");
});

Deno.test("a reason is told, one line without control characters", async () => {
  const program = [`printf 'no\\033 way\\nmore' > "$auth_failed_reason_file"; exit 1`];
  await withProgram(program, async ({ decide }) => {
    assert.equal(await decide(candidate()), "no way");
  });
  await withProgram([`printf 'TEMP[backoff 5]:later' > "$auth_failed_reason_file"; exit 1`], async (
    { decide },
  ) => {
    assert.equal(await decide(candidate()), "TEMP[backoff 5]:later");
    assert.equal(await decide(testCandidate("a", "b", { peerInfo: new Map() })), "");
  });
});

Deno.test("exit code 2 leaves the decision to the control file", async () => {
  for (const [decision, expected] of [["1", "in"], ["0", ""]]) {
    const program = [
      `touch "$0.asked"`,
      `( while [ ! -e "$0.go" ]; do sleep 0.1; done; printf ${decision} > "$auth_control_file" ) ` +
      "< /dev/null > /dev/null 2>&1 &",
      "exit 2",
    ];
    await withProgram(program, async ({ decide, directory }) => {
      const decided = decide(candidate());
      const asked = () => Deno.stat(`${directory}/program.asked`).then(() => true);
      await eventually("the program runs", asked);
      await Deno.writeTextFile(`${directory}/program.go`, "");
      assert.equal(await decided, expected);
    });
  }
});

Deno.test("a client that leaves is not waited for", async () => {
  await withProgram([`touch "$0.asked"; exit 2`], async ({ decide, directory }) => {
    const leaving = candidate();
    const decided = decide(leaving);
    await eventually(
      "the program runs",
      () => Deno.stat(`${directory}/program.asked`).then(() => true),
    );
    leaving.leave();
    assert.equal(await decided, "");
  });
});

Deno.test("the user is asked meanwhile, and a program judges the answer", async () => {
  const program = [`printf '60\\ncrtext\\nCR_TEXT:R:Which' > "$auth_pending_file"; exit 2`];
  const judge = (directory: string) => {
    const path = `${directory}/judge`;
    const text = `#!/bin/sh\n[ "$(cat "$1")" = "Ymx1ZQ==" ] && printf 1 > "$auth_control_file"\n`;
    Deno.writeTextFileSync(path, text, { mode: 0o700 });
    return path;
  };
  await withProgram(
    program,
    async ({ decide }) => {
      for (const [text, expected] of [["Ymx1ZQ==", "in"], ["cmVk", ""]]) {
        const asked = candidate();
        const decided = decide(asked);
        await eventually("it is asked", () => asked.onMessage !== undefined);
        assert.deepEqual(asked.told, ["AUTH_PENDING,timeout 60", "INFO_PRE,CR_TEXT:R:Which"]);
        asked.onMessage!({ kind: "challenge-response", text });
        assert.equal(await decided, expected);
        assert.equal(asked.onMessage, undefined);
      }
      const old = testCandidate("a", "b", { peerInfo: new Map([["IV_SSO", "webauth"]]) });
      assert.match(await decide(old), /pending auth method 'crtext' not supported/);
    },
    "via-file",
    judge,
  );
});

Deno.test("a request that is none is refused", async () => {
  for (const text of ["60", "60\\ncrtext", "x\\ncrtext\\nCR_TEXT:R:Which", "0\\ncrtext\\nx"]) {
    await withProgram([`printf '${text}' > "$auth_pending_file"; exit 2`], async ({ decide }) => {
      const asked = candidate();
      assert.equal(await decide(asked), "");
      assert.deepEqual(asked.told, []);
    });
  }
});

Deno.test("a program that can't be run lets nobody in", async () => {
  await withProgram([], async ({ decide, directory }) => {
    await Deno.remove(`${directory}/program`);
    assert.equal(await decide(candidate()), "");
  });
});
