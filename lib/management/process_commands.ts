/**
 * Commands about the process: what it is, how much it says, what it does next.
 *
 * @module
 */

import { type CommandContext, type Commands, parseNumber } from "./command.ts";
import { managedSignals } from "./control.ts";
import { helpLines } from "./help.ts";
import type { History } from "./history.ts";
import { managementVersion } from "./messages.ts";

/** Highest `verb` (errlevel.h: M_DEBUG_LEVEL). */
const highestVerb = 15;

/** Most lines that `test` makes. */
const testLines = 10_000;

/** `log`, `echo`, `state`: `[on|off] [N|all]`. */
function history(
  context: CommandContext,
  kind: "state" | "log" | "echo",
  kept: History,
  parameters: readonly string[],
): void {
  const [first, second] = parameters;
  let count = first;
  if (first === "on" || first === "off") {
    context.setRealTime(kind, first === "on");
    context.reply(`SUCCESS: real-time ${kind} notification set to ${first.toUpperCase()}`);
    if (second === undefined) return;
    count = second;
  }
  const number = count === "all" ? kept.capacity : parseNumber(count);
  if (number === undefined || number === 0) {
    context.reply(`ERROR: ${kind} parameter must be 'on' or 'off' or some number n or 'all'`);
    return;
  }
  context.replyAll(kept.last(number));
}

function hold({ management, reply }: CommandContext, [what]: readonly string[]): void {
  if (what === undefined) return reply(`SUCCESS: hold=${management.hold ? 1 : 0}`);
  if (what === "on" || what === "off") {
    management.hold = what === "on";
    reply(`SUCCESS: hold flag set to ${what.toUpperCase()}`);
  } else if (what === "release") {
    management.releaseHold();
    reply("SUCCESS: hold release succeeded");
  } else reply("ERROR: bad hold command parameter");
}

function status({ management, reply, replyAll }: CommandContext, [text]: readonly string[]): void {
  const version = text === undefined ? undefined : parseNumber(text);
  if (text !== undefined && version !== 1 && version !== 2 && version !== 3) {
    return reply("ERROR: bad status format version number");
  }
  const lines = management.tunnel?.status(version as 1 | 2 | 3 | undefined) ?? [];
  replyAll(lines.filter((line) => line !== "END"));
}

function signal({ management, reply }: CommandContext, [name]: readonly string[]): void {
  const known = managedSignals.find((candidate) => candidate === name);
  if (known === undefined) return reply(`ERROR: signal '${name}' is not a known signal type`);
  reply(`SUCCESS: signal ${known} thrown`);
  management.process.signal(known);
}

function loadStatistics({ management, reply }: CommandContext): void {
  const { tunnel } = management;
  const { bytesIn, bytesOut } = tunnel?.traffic() ?? { bytesIn: 0, bytesOut: 0 };
  const clients = tunnel?.server?.traffic().length ?? 0;
  reply(`SUCCESS: nclients=${clients},bytesin=${bytesIn},bytesout=${bytesOut}`);
}

/** See the module's page. */
export const processCommands: Commands = {
  "help": {
    minimum: 0,
    maximum: 0,
    run: ({ management, replyAll }) => replyAll(helpLines(management.process.title)),
  },
  "version": {
    minimum: 0,
    maximum: 1,
    // A client's own version changes nothing: what it would do is for external keys.
    run: ({ management, replyAll }, [version]) => {
      if (version !== undefined) return;
      replyAll([
        `OpenVPN Version: ${management.process.title}`,
        `Management Version: ${managementVersion}`,
      ]);
    },
  },
  "pid": {
    minimum: 0,
    maximum: 0,
    run: ({ management, reply }) => reply(`SUCCESS: pid=${management.process.pid}`),
  },
  "hold": { minimum: 0, maximum: 1, run: hold },
  "state": {
    minimum: 0,
    maximum: 2,
    run: (context, parameters) => {
      const { states } = context.management;
      if (parameters.length === 0) context.replyAll(states.last(1));
      else history(context, "state", states, parameters);
    },
  },
  "log": {
    minimum: 1,
    maximum: 2,
    run: (context, parameters) => history(context, "log", context.management.log, parameters),
  },
  "echo": {
    minimum: 1,
    maximum: 2,
    run: (context, parameters) => history(context, "echo", context.management.echo, parameters),
  },
  "status": { minimum: 0, maximum: 1, run: status },
  "bytecount": {
    minimum: 1,
    maximum: 1,
    run: ({ setByteCount, reply }, [seconds]) => {
      setByteCount(parseNumber(seconds) ?? 0);
      reply("SUCCESS: bytecount interval changed");
    },
  },
  "load-stats": { minimum: 0, maximum: 0, run: loadStatistics },
  "verb": {
    minimum: 0,
    maximum: 1,
    run: ({ management, reply }, [text]) => {
      if (text === undefined) return reply(`SUCCESS: verb=${management.process.verb}`);
      const verb = parseNumber(text);
      if (verb === undefined || verb > highestVerb) {
        return reply("ERROR: verb level is out of range");
      }
      management.process.verb = verb;
      reply("SUCCESS: verb level changed");
    },
  },
  "mute": {
    minimum: 0,
    maximum: 1,
    run: ({ management, reply }, [text]) => {
      if (text === undefined) return reply(`SUCCESS: mute=${management.process.mute}`);
      const mute = parseNumber(text);
      if (mute === undefined) return reply("ERROR: mute level is out of range");
      management.process.mute = mute;
      reply("SUCCESS: mute level changed");
    },
  },
  "signal": { minimum: 1, maximum: 1, run: signal },
  "env-filter": {
    minimum: 0,
    maximum: 1,
    run: ({ environmentFilter, reply }, [level]) => {
      const number = level === undefined ? undefined : parseNumber(level) ?? 0;
      reply(`SUCCESS: env_filter_level=${environmentFilter(number)}`);
    },
  },
  "net": {
    minimum: 0,
    maximum: 0,
    run: ({ reply }) =>
      reply("ERROR: Sorry, this command is currently only implemented on Windows"),
  },
  "test": {
    minimum: 1,
    maximum: 1,
    run: ({ reply }, [count]) => {
      const lines = Math.min(parseNumber(count) ?? 0, testLines);
      for (let i = 0; i < lines; i++) {
        reply(`[${i}] The purpose of this command is to generate large amounts of output.`);
      }
    },
  },
  "exit": { minimum: 0, maximum: 0, run: ({ close }) => close() },
  "quit": { minimum: 0, maximum: 0, run: ({ close }) => close() },
};
