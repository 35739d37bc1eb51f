import assert from "node:assert/strict";
import { fileSink, formatEntry, type LogEntry, openLog } from "../../../lib/base/log.ts";

const bare = (entry: LogEntry) => formatEntry(entry, false);

function collect(verb: number): [LogEntry[], ReturnType<typeof openLog>] {
  const entries: LogEntry[] = [];
  return [entries, openLog(verb, (entry) => entries.push(entry))];
}

Deno.test("a message is shown from its verb on; warnings from 1, errors always", () => {
  for (const verb of [0, 1, 3, 4]) {
    const [entries, log] = collect(verb);
    log.error("error");
    log.warn("warning");
    log.at(3, "three");
    log.at(4, "four");
    const expected = ["error", "WARNING: warning", "three", "four"]
      .slice(0, verb === 0 ? 1 : verb === 1 ? 2 : verb);
    assert.deepEqual(entries.map(({ text }) => text), expected);
  }
});

Deno.test("prefixes stand in front, one after the other", () => {
  const [entries, log] = collect(3);
  log.prefixed("a").prefixed("b/1.2.3.4:5").at(1, "text");
  assert.equal(entries[0].text, "a b/1.2.3.4:5 text");
});

Deno.test("control characters of a peer do not reach the terminal, braces do", () => {
  const [entries, log] = collect(3);
  log.at(1, "name \x1b[31m\r\n{text} \x9b");
  assert.equal(entries[0].text, "name ?[31m??{text} ?");
});

Deno.test("a line has OpenVPN's time stamp, or none", () => {
  const time = new Date(2026, 0, 2, 3, 4, 5).getTime();
  const entry: LogEntry = { time, level: "info", text: "text" };
  assert.equal(formatEntry(entry), "2026-01-02 03:04:05 text\n");
  assert.equal(formatEntry(entry, false), "text\n");
});

Deno.test("a log file is its owner's alone, and appended to when asked", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/log`;
    openLog(3, fileSink(path, false, bare)).at(1, "first");
    openLog(3, fileSink(path, true, bare)).at(1, "second");
    assert.equal(await Deno.readTextFile(path), "first\nsecond\n");
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
    openLog(3, fileSink(path, false, bare)).at(1, "third");
    assert.equal(await Deno.readTextFile(path), "third\n");
  } finally {
    openLog(3);
    await Deno.remove(directory, { recursive: true });
  }
});
