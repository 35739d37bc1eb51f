import assert from "node:assert/strict";

const ffi = new URL("../../ffi/mod.ts", import.meta.url).href;

/** Runs a program in a process of its own: blocking a signal cannot be undone for the others. */
async function run(program: string): Promise<string> {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, program);
    const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--no-config", file, "two words"],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("a blocked signal is taken when it is asked for", async () => {
  const output = await run(`
    import { blockSignal, isSignalBlocked, Signal, takeSignal } from "${ffi}";
    const before = isSignalBlocked(Signal.SIGUSR2);
    blockSignal(Signal.SIGUSR2);
    const nothing = takeSignal(Signal.SIGUSR2);
    console.log(before, isSignalBlocked(Signal.SIGUSR2), nothing);
  `);
  assert.equal(output.trim(), "false true false");
});

Deno.test("an executed program keeps pid, arguments, environment and the blocked signal", async () => {
  const output = await run(`
    import { blockSignal, execute, isSignalBlocked, Signal, takeSignal } from "${ffi}";
    if (!isSignalBlocked(Signal.SIGUSR1)) {
      blockSignal(Signal.SIGUSR1);
      const command = Deno.readTextFileSync("/proc/self/cmdline").split("\\0").slice(0, -1);
      execute(Deno.execPath(), command, { ...Deno.env.toObject(), FORMER_PID: String(Deno.pid) });
    }
    Deno.kill(Deno.pid, "SIGUSR1");
    let taken = false;
    const deadline = Date.now() + 10_000;
    while (!taken && Date.now() < deadline) taken = takeSignal(Signal.SIGUSR1);
    console.log(taken, Deno.env.get("FORMER_PID") === String(Deno.pid), Deno.args[0]);
  `);
  assert.equal(output.trim(), "true true two words");
});

Deno.test("executing what is not there names the file", async () => {
  const { execute, SysError } = await import("../../ffi/mod.ts");
  assert.throws(
    () => execute("/nonexistent", ["nonexistent"], {}),
    (error) => error instanceof SysError && error.code === "ENOENT",
  );
});
