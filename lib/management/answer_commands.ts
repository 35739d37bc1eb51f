/**
 * Commands that answer what a client's program asked for.
 *
 * @module
 */

import { type CommandContext, type Commands, notSupported, parseNumber } from "./command.ts";
import type { AuthRetry } from "./control.ts";
import type { RemoteAnswer } from "./queries.ts";

function remote(context: CommandContext, parameters: readonly string[]): void {
  const { management, reply } = context;
  if (management.process.role === "server") return notSupported(context, "remote");
  const answer = parseRemote(parameters);
  const taken = answer !== undefined && management.queries.chooseRemote(answer);
  reply(taken ? "SUCCESS: remote command succeeded" : "ERROR: remote command failed");
}

function parseRemote([action, first, second]: readonly string[]): RemoteAnswer | undefined {
  switch (action) {
    case "ACCEPT":
      return { kind: "accept" };
    case "SKIP": {
      const count = first === undefined ? 1 : parseNumber(first);
      return count === undefined || count === 0 ? undefined : { kind: "skip", count };
    }
    case "MOD": {
      const port = parseNumber(second ?? "");
      if (first === undefined || port === undefined || port < 1 || port > 65535) return undefined;
      return { kind: "modify", hostname: first, port: second! };
    }
  }
}

function authRetry({ management, reply }: CommandContext, [mode]: readonly string[]): void {
  if (mode === undefined) return reply(`SUCCESS: auth-retry=${management.process.authRetry}`);
  const modes: readonly AuthRetry[] = ["none", "nointeract", "interact"];
  const known = modes.find((candidate) => candidate === mode);
  if (known === undefined) return reply("ERROR: bad auth-retry parameter");
  management.process.authRetry = known;
  reply("SUCCESS: auth-retry parameter changed");
}

function remoteEntries(context: CommandContext, [from, to]: readonly string[]): void {
  const { management, reply, replyAll } = context;
  if (management.process.role === "server") return notSupported(context, "remote-entry-get");
  const remotes = management.tunnel?.client?.remotes ?? [];
  const first = from === "all" ? 0 : parseNumber(from);
  const end = from === "all"
    ? remotes.length
    : to === undefined
    ? (first ?? 0) + 1
    : parseNumber(to);
  if (first === undefined || end === undefined) return reply("ERROR: cannot parse index");
  replyAll(
    remotes.slice(first, end).map(({ host, port, protocol }, i) =>
      `${first + i},${host},${port},${protocol},enabled`
    ),
  );
}

/** See the module's page. */
export const answerCommands: Commands = {
  "username": {
    minimum: 2,
    maximum: 2,
    run: ({ management, reply }, [type, value]) =>
      reply(management.queries.enter("username", type, value)),
  },
  "password": {
    minimum: 2,
    maximum: 2,
    run: ({ management, reply }, [type, value]) =>
      reply(management.queries.enter("password", type, value)),
  },
  "needok": {
    minimum: 2,
    maximum: 2,
    run: ({ management, reply }, [type, value]) =>
      reply(management.queries.reply("needok", type, value)),
  },
  "needstr": {
    minimum: 2,
    maximum: 2,
    run: ({ management, reply }, [type, value]) =>
      reply(management.queries.reply("needstr", type, value)),
  },
  "cr-response": {
    minimum: 1,
    maximum: 1,
    run: (context, [response]) => {
      if (context.management.process.role === "server") {
        return notSupported(context, "cr-response");
      }
      const taken = context.management.queries.respond(response);
      context.reply(taken ? "SUCCESS: command succeeded" : "ERROR: command failed");
    },
  },
  "remote-entry-count": {
    minimum: 0,
    maximum: 0,
    run: (context) => {
      const { management, replyAll } = context;
      if (management.process.role === "server") return notSupported(context, "remote-entry-count");
      replyAll([`${management.tunnel?.client?.remotes.length ?? 0}`]);
    },
  },
  "remote-entry-get": { minimum: 1, maximum: 2, run: remoteEntries },
  "auth-retry": { minimum: 0, maximum: 1, run: authRetry },
  "forget-passwords": {
    minimum: 0,
    maximum: 0,
    run: ({ management, reply }) => {
      management.process.forgetPasswords();
      reply("SUCCESS: Passwords were forgotten");
    },
  },
  "remote": { minimum: 1, maximum: 3, run: remote },
};
