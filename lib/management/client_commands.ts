/**
 * Commands about the clients of a server.
 *
 * @module
 */

import type { AuthenticationDecision } from "./client_decisions.ts";
import { type CommandContext, type Commands, notSupported, parseNumber } from "./command.ts";

/** Longest text that a client is told with AUTH_PENDING (INFO_PRE included), in bytes. */
const longestPending = 1024 - "INFO_PRE,".length;

/** Longest time that a client may be told to wait, in seconds. */
const longestWait = 3600;

function kill(context: CommandContext, [victim]: readonly string[]): void {
  const { management, reply } = context;
  if (management.process.role !== "server") return notSupported(context, "kill");
  const server = management.tunnel?.server;
  const address = victim.match(/^(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/);
  if (address === null) {
    const killed = server?.killName(victim) ?? 0;
    return reply(
      killed > 0
        ? `SUCCESS: common name '${victim}' found, ${killed} client(s) killed`
        : `ERROR: common name '${victim}' not found`,
    );
  }
  const hostname = address[1] ?? address[2];
  const port = parseNumber(address[3]);
  if (!/^[0-9a-fA-F.:]+$/.test(hostname)) {
    return reply(`ERROR: error parsing IP address: ${hostname}`);
  }
  if (port === undefined || port < 1 || port > 65535) {
    return reply(`ERROR: port number is out of range: ${address[3]}`);
  }
  const killed = server?.killAddress(hostname, port) ?? 0;
  reply(
    killed > 0
      ? `SUCCESS: ${killed} client(s) at address ${hostname}:${port} killed`
      : `ERROR: client at address ${hostname}:${port} not found`,
  );
}

function clientKill(context: CommandContext, parameters: readonly string[]): void {
  const { management, reply } = context;
  const [id, message = "RESTART"] = parameters;
  if (management.process.role !== "server") return notSupported(context, "client-kill");
  const clientId = parseNumber(id);
  if (clientId === undefined) return reply("ERROR: cannot parse CID");
  const killed = management.tunnel?.server?.killClient(clientId, message) ?? false;
  reply(
    `${killed ? "SUCCESS: client-kill command succeeded" : "ERROR: client-kill command failed"}`,
  );
}

/** CID and KID; undefined after an error was sent. */
function numbers(
  { reply }: CommandContext,
  [first, second]: readonly string[],
): [number, number] | undefined {
  const clientId = parseNumber(first);
  const keyId = parseNumber(second);
  if (clientId === undefined) reply("ERROR: cannot parse CID");
  else if (keyId === undefined) reply("ERROR: cannot parse KID");
  else return [clientId, keyId];
}

function decide(
  context: CommandContext,
  command: string,
  ids: [number, number],
  decision: AuthenticationDecision,
): void {
  const taken = context.management.decisions.decide(...ids, decision);
  context.reply(
    taken ? `SUCCESS: ${command} command succeeded` : `ERROR: ${command} command failed`,
  );
}

function clientAuth(context: CommandContext, parameters: readonly string[]): void {
  // The lines up to END follow in any case: they must not be taken for commands.
  context.collect((options) => {
    if (context.management.process.role !== "server") return notSupported(context, "client-auth");
    const ids = numbers(context, parameters);
    if (ids !== undefined) decide(context, "client-auth", ids, { kind: "accept", options });
  });
}

function clientPendingAuth(context: CommandContext, parameters: readonly string[]): void {
  const [, , extra, time] = parameters;
  const ids = numbers(context, parameters);
  if (ids === undefined) return;
  const timeout = parseNumber(time);
  if (timeout === undefined || timeout > longestWait) {
    return context.reply("ERROR: cannot parse TIMEOUT");
  }
  const fits = new TextEncoder().encode(extra).length <= longestPending;
  const told = fits && context.management.decisions.pending(...ids, extra, timeout);
  context.reply(
    told
      ? "SUCCESS: client-pending-auth command succeeded"
      : "ERROR: client-pending-auth command failed. Extra parameter might be too long",
  );
}

function pushUpdate(
  context: CommandContext,
  command: string,
  options: string,
  id?: string,
): void {
  const { management, reply } = context;
  if (management.process.role !== "server") return notSupported(context, command);
  const clientId = id === undefined ? undefined : parseNumber(id);
  if (id !== undefined && clientId === undefined) return reply("ERROR: cannot parse CID");
  try {
    const count = management.tunnel?.server?.pushUpdate(options, clientId) ?? 0;
    reply(count > 0 ? `SUCCESS: ${count} client(s) updated` : "ERROR: no client updated");
  } catch (error) {
    reply(`ERROR: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** See the module's page. */
export const clientCommands: Commands = {
  "kill": { minimum: 1, maximum: 1, run: kill },
  "client-kill": { minimum: 1, maximum: 2, run: clientKill },
  "client-auth": { minimum: 2, maximum: 2, run: clientAuth },
  "client-auth-nt": {
    minimum: 2,
    maximum: 2,
    run: (context, parameters) => {
      const ids = numbers(context, parameters);
      if (ids === undefined) return;
      decide(context, "client-auth", ids, { kind: "accept", options: [] });
    },
  },
  "client-deny": {
    minimum: 3,
    maximum: 4,
    run: (context, parameters) => {
      const ids = numbers(context, parameters);
      if (ids === undefined) return;
      const [, , reason, clientReason] = parameters;
      decide(context, "client-deny", ids, { kind: "deny", reason, clientReason });
    },
  },
  "push-update-broad": {
    minimum: 1,
    maximum: 1,
    run: (context, [options]) => pushUpdate(context, "push-update-broad", options),
  },
  "push-update-cid": {
    minimum: 2,
    maximum: 2,
    run: (context, [id, options]) => pushUpdate(context, "push-update-cid", options, id),
  },
  "client-pending-auth": { minimum: 4, maximum: 4, run: clientPendingAuth },
};
