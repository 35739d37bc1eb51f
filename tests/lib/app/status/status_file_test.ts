import assert from "node:assert/strict";
import { StatusFile } from "../../../../lib/app/status/status_file.ts";
import { openLog } from "../../../../lib/base/log.ts";

const log = openLog(0, () => {});

async function inDirectory(body: (directory: string) => void | Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await body(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("a status file is its owner's alone, and keeps the mode that it is given", () =>
  inDirectory((directory) => {
    const path = `${directory}/status`;
    let lines = ["first"];
    using file = new StatusFile(path, 0, () => lines, log);
    assert.equal(Deno.statSync(path).mode! & 0o777, 0o600);
    Deno.chmodSync(path, 0o644);
    lines = ["second", "END"];
    file.write();
    assert.equal(Deno.readTextFileSync(path), "second\nEND\n");
    assert.equal(Deno.statSync(path).mode! & 0o777, 0o644);
    assert.deepEqual([...Deno.readDirSync(directory)].map(({ name }) => name), ["status"]);
  }));

Deno.test("who has it open sees the former content, whole", () =>
  inDirectory((directory) => {
    const path = `${directory}/status`;
    let lines = ["first"];
    using file = new StatusFile(path, 0, () => lines, log);
    using reader = Deno.openSync(path);
    lines = ["second"];
    file.write();
    const buffer = new Uint8Array(100);
    const length = reader.readSync(buffer)!;
    assert.equal(new TextDecoder().decode(buffer.subarray(0, length)), "first\n");
  }));

Deno.test("a symbolic link stays one", () =>
  inDirectory((directory) => {
    Deno.mkdirSync(`${directory}/there`);
    Deno.symlinkSync(`${directory}/there/status`, `${directory}/link`);
    using _file = new StatusFile(`${directory}/link`, 0, () => ["text"], log);
    assert.ok(Deno.lstatSync(`${directory}/link`).isSymlink);
    assert.equal(Deno.readTextFileSync(`${directory}/there/status`), "text\n");
  }));

Deno.test("where nothing can be put beside it, it is rewritten in place", () =>
  inDirectory((directory) => {
    const path = `${directory}/status`;
    let lines = ["a long first line"];
    using file = new StatusFile(path, 0, () => lines, log);
    // Its draft's name is taken by a directory.
    Deno.mkdirSync(`${directory}/.status.${Deno.pid}.tmp/x`, { recursive: true });
    lines = ["short"];
    file.write();
    assert.equal(Deno.readTextFileSync(path), "short\n");
  }));

Deno.test("a file that can't be made is an error that names the option", () =>
  inDirectory((directory) => {
    assert.throws(
      () => new StatusFile(`${directory}/missing/status`, 0, () => [], log),
      { name: "VpnError", remedy: "mend the option status" },
    );
  }));
