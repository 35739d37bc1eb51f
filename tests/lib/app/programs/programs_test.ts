import assert from "node:assert/strict";
import type { Log } from "../../../../lib/base/log.ts";
import { parseProgramCommand } from "../../../../lib/app/programs/program_command.ts";
import { loggedLines } from "../../../../lib/app/programs/program_output.ts";
import { Programs, type ProgramsOptions } from "../../../../lib/app/programs/programs.ts";
import { scriptEnvironment } from "../../../../lib/app/programs/script_variables.ts";
import { temporaryFile } from "../../../../lib/app/programs/temporary_file.ts";

class CollectedLog implements Log {
  readonly verb = 4;
  readonly lines: string[] = [];
  error(message: string): void {
    this.lines.push(message);
  }
  warn(message: string): void {
    this.lines.push(`WARNING: ${message}`);
  }
  at(_verb: number, message: string): void {
    this.lines.push(message);
  }
  prefixed(): Log {
    return this;
  }
}

interface Setting {
  readonly directory: string;
  readonly log: CollectedLog;
  readonly programs: Programs;
  /** Writes a shell script and returns its path. */
  script(text: string): Promise<string>;
  /** Waits until the script has written that file. */
  written(name: string): Promise<string>;
}

function withPrograms(
  name: string,
  body: (setting: Setting) => Promise<void>,
  options: Partial<ProgramsOptions> = {},
): void {
  Deno.test(name, async () => {
    const directory = await Deno.makeTempDir();
    const log = new CollectedLog();
    const programs = new Programs({ security: 2, environment: {}, log, ...options });
    let scripts = 0;
    try {
      await body({
        directory,
        log,
        programs,
        script: async (text) => {
          const path = `${directory}/script-${++scripts}`;
          await Deno.writeTextFile(path, `#!/bin/sh\n${text}\n`, { mode: 0o700 });
          return path;
        },
        written: async (file) => {
          const deadline = Date.now() + 30_000;
          for (;;) {
            const text = await Deno.readTextFile(`${directory}/${file}`).catch(() => "");
            if (text.endsWith("\n")) return text.trim();
            if (Date.now() > deadline) throw new Error(`nobody wrote ${file}`);
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
        },
      });
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });
}

withPrograms("a program has OpenVPN's variables and nothing of our environment", async (s) => {
  const path = await s.script(`env > ${s.directory}/env; echo done >> ${s.directory}/env`);
  const result = await s.programs.run({
    option: "client-connect",
    commandLine: path,
    variables: { common_name: "alice\nLD_PRELOAD=/tmp/x", "X509_0_CN": "ä" },
  });
  assert.deepEqual(result, { kind: "exited", code: 0 });
  const names = (await s.written("env")).split("\n").map((line) => line.split("=")[0])
    // What the shell itself adds.
    .filter((name) => !["PWD", "_", "SHLVL", "OLDPWD", "done"].includes(name)).sort();
  assert.deepEqual(names, ["PATH", "X509_0_CN", "common_name", "script_type", "site"]);
  assert.match(await s.written("env"), /^common_name=alice_LD_PRELOAD=\/tmp\/x$/m);
}, { environment: { site: "home" } });

withPrograms(
  "arguments reach a program as they are, whatever a shell would make of them",
  async (s) => {
    const path = await s.script(`printf '%s\\n' "$@" > ${s.directory}/args`);
    await s.programs.run({
      option: "tls-verify",
      commandLine: `${path} "two words" '$(id)'`,
      args: ["0", "CN=a; touch x `id`"],
    });
    assert.equal(await s.written("args"), "two words\n$(id)\n0\nCN=a; touch x `id`");
  },
);

withPrograms("the exit code comes back, and the log says which", async (s) => {
  const path = await s.script("echo to the log; exit 3");
  const result = await s.programs.run({ option: "client-connect", commandLine: path });
  assert.deepEqual(result, { kind: "exited", code: 3 });
  assert.match(s.log.lines.join("\n"), /client-connect program exited with error status: 3/);
});

withPrograms("a program that takes too long is killed", async (s) => {
  const path = await s.script("sleep 1000");
  const result = await s.programs.run({ option: "up", commandLine: path, timeLimit: 200 });
  assert.deepEqual(result, { kind: "timed-out", seconds: 0.2 });
});

withPrograms("a program that nobody needs any more is killed with its children", async (s) => {
  const path = await s.script(
    `sh -c 'echo $$ > ${s.directory}/child; while :; do sleep 1; done' & wait`,
  );
  const abort = new AbortController();
  const running = s.programs.run({ option: "up", commandLine: path, signal: abort.signal });
  const child = await s.written("child");
  abort.abort();
  assert.deepEqual(await running, { kind: "aborted" });
  const deadline = Date.now() + 30_000;
  // A killed process is a zombie until its new parent has waited for it.
  const alive = async () =>
    /^\d+ \(.*\) [^ZX]/.test(await Deno.readTextFile(`/proc/${child}/stat`).catch(() => ""));
  while (await alive()) {
    assert.ok(Date.now() < deadline, "the child lives");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
});

withPrograms("no program runs below script-security 2", async (s) => {
  const path = await s.script(`echo ran > ${s.directory}/mark`);
  const result = await s.programs.run({ option: "up", commandLine: path });
  assert.equal(result.kind, "not-started");
  await assert.rejects(Deno.stat(`${s.directory}/mark`), Deno.errors.NotFound);
}, { security: 1 });

withPrograms("no program gets a password below script-security 3", async (s) => {
  const path = await s.script(`echo ran > ${s.directory}/mark`);
  const request = { option: "auth-user-pass-verify", commandLine: path };
  const result = await s.programs.run({ ...request, secrets: { password: "open sesame" } });
  assert.equal(result.kind, "not-started");
  await assert.rejects(Deno.stat(`${s.directory}/mark`), Deno.errors.NotFound);
  assert.doesNotMatch(s.log.lines.join("\n"), /sesame/);
});

withPrograms("with script-security 3 it does", async (s) => {
  const path = await s.script(`echo "$password" > ${s.directory}/mark`);
  const request = { option: "auth-user-pass-verify", commandLine: path };
  await s.programs.run({ ...request, secrets: { password: "open sesame" } });
  assert.equal(await s.written("mark"), "open sesame");
}, { security: 3 });

withPrograms("a program that isn't there, or is none, is said", async (s) => {
  for (const commandLine of [`${s.directory}/nothing`, `${s.directory}`, "ls", ""]) {
    const result = await s.programs.run({ option: "up", commandLine });
    assert.equal(result.kind, "not-started", commandLine);
  }
});

withPrograms("output without end fills no log and stops no program", async (s) => {
  const path = await s.script("i=0; while [ $i -lt 20000 ]; do echo line; i=$((i+1)); done");
  assert.equal((await s.programs.run({ option: "up", commandLine: path })).kind, "exited");
  assert.ok(s.log.lines.length <= loggedLines + 2);
});

Deno.test("a command line is split as OpenVPN splits it", () => {
  assert.deepEqual(parseProgramCommand("up", `/bin/a "b c" d\\ e`), {
    path: "/bin/a",
    args: ["b c", "d e"],
  });
  assert.deepEqual(parseProgramCommand("up", "script"), { path: "./script", args: [] });
  assert.throws(() => parseProgramCommand("up", `"/bin/a`), /isn't closed/);
});

Deno.test("names of variables are letters, digits and underscores", () => {
  const environment = scriptEnvironment({ "a-b=c": "1", "__proto__": "2" });
  assert.equal(environment["a_b_c"], "1");
});

Deno.test("a temporary file is private and goes", async () => {
  const directory = await Deno.makeTempDir();
  let path: string;
  {
    await using file = await temporaryFile(directory, "openvpn_cc", "push");
    path = file.path;
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
    await Deno.writeTextFile(path, "answer");
    assert.equal(await file.read(), "answer");
  }
  await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
  await Deno.remove(directory);
});
