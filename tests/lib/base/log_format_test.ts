import assert from "node:assert/strict";
import { type LogEntry, openLog } from "../../../lib/base/log.ts";
import {
  formatJsonEntry,
  formatMachineEntry,
  formatSyslogEntry,
} from "../../../lib/base/log_format.ts";

const entry: LogEntry = {
  time: new Date(2026, 0, 2, 3, 4, 5, 67).getTime(),
  level: "warning",
  text: 'said "x"',
};

Deno.test("a syslog line has priority, time, name and number (RFC 3164)", () => {
  assert.equal(formatSyslogEntry(entry, "vpn", 42), '<28>Jan  2 03:04:05 vpn[42]: said "x"');
  assert.match(formatSyslogEntry({ ...entry, level: "error" }, "vpn", 42), /^<27>/);
});

Deno.test("a JSON line is an object of its own", () => {
  const line = formatJsonEntry(entry);
  assert.equal(line.indexOf("\n"), line.length - 1);
  assert.deepEqual(JSON.parse(line), {
    time: new Date(entry.time).toISOString(),
    level: "warning",
    message: 'said "x"',
  });
});

Deno.test("a machine-readable line starts with seconds and flags", () => {
  const seconds = Math.floor(entry.time / 1000);
  assert.equal(formatMachineEntry(entry), `${seconds}.067000 40 said "x"\n`);
});

Deno.test("mute lets N messages of a kind through and counts the rest", () => {
  const texts: string[] = [];
  const log = openLog(3, ({ text }) => void texts.push(text));
  log.mute = 2;
  for (let i = 0; i < 5; i++) log.at(1, `packet ${i} from 10.0.0.${i}:${i} dropped`);
  log.error("an error");
  for (let i = 0; i < 3; i++) log.error("an error");
  log.mute = 0;
  for (let i = 0; i < 4; i++) log.at(1, `packet ${i}`);
  assert.deepEqual(texts, [
    "packet 0 from 10.0.0.0:0 dropped",
    "packet 1 from 10.0.0.1:1 dropped",
    "3 variation(s) on previous 2 message(s) suppressed by --mute",
    "an error",
    "an error",
    "an error",
    "an error",
    "packet 0",
    "packet 1",
    "packet 2",
    "packet 3",
  ]);
  openLog(3);
});

Deno.test("verb can be changed while the log is in use, for all that were made from it", () => {
  const texts: string[] = [];
  const log = openLog(1, ({ text }) => void texts.push(text));
  const prefixed = log.prefixed("a");
  prefixed.at(3, "quiet");
  log.verb = 3;
  prefixed.at(3, "loud");
  assert.deepEqual(texts, ["a loud"]);
  openLog(3);
});
