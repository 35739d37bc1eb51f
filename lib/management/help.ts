/**
 * What `help` answers.
 *
 * @module
 */

const commands: readonly (readonly [string, string])[] = [
  ["auth-retry [mode]", "what follows AUTH_FAILED: none, interact, nointeract"],
  ["bytecount n", "bytes in and out every n seconds; 0: no more"],
  ["client-auth CID KID", "let a client in; options for it follow, then END"],
  ["client-auth-nt CID KID", "let a client in"],
  ["client-deny CID KID R [C]", "keep a client out; R is for the log, C for the client"],
  ["client-kill CID [M]", "end a client's session with message M (RESTART)"],
  ["client-pending-auth CID KID M T", "tell a client that more is wanted, for T seconds"],
  ["cr-response TEXT", "answer to CR_TEXT, in base64"],
  ["echo [on|off] [N|all]", "echo messages: as they come, and the last N"],
  ["env-filter [level]", "which variables notifications of clients have"],
  ["exit, quit", "end this session"],
  ["forget-passwords", "forget the passwords that were entered"],
  ["help", "this list"],
  ["hold [on|off|release]", "whether starts wait; release: go on"],
  ["kill NAME, kill IP:PORT", "end the sessions of a client"],
  ["load-stats", "number of clients and bytes of all"],
  ["log [on|off] [N|all]", "log lines: as they come, and the last N"],
  ["mute [n]", "how many lines of a kind are logged in a row; 0: all"],
  ["needok TYPE ok|cancel", "answer to >NEED-OK"],
  ["needstr TYPE TEXT", "answer to >NEED-STR"],
  ["password TYPE TEXT", "a password that was asked for"],
  ["pid", "number of the process"],
  ["push-update-broad OPTIONS", "change what all clients are pushed, as 'route 10.1.0.0,-dns'"],
  ["push-update-cid CID OPTIONS", "the same for one client"],
  ["remote ACCEPT|SKIP [n]|MOD HOST PORT", "answer to >REMOTE"],
  ["remote-entry-count", "how many servers a client may connect to"],
  ["remote-entry-get N|all [M]", "the servers from N to before M"],
  ["signal NAME", "SIGHUP, SIGTERM, SIGUSR1 or SIGUSR2"],
  ["state [on|off] [N|all]", "states: as they come, and the last N"],
  ["status [1|2|3]", "connections and traffic, as the status file has them"],
  ["test n", "n lines"],
  ["username TYPE TEXT", "a user name that was asked for"],
  ["verb [n]", "how much is logged"],
  ["version [n]", "versions of the program and of this interface"],
];

/** @param title Name and version of the program. */
export function helpLines(title: string): string[] {
  return [
    `Management Interface for ${title}`,
    "Commands:",
    ...commands.map(([usage, meaning]) => `${usage.padEnd(36)} : ${meaning}.`),
  ];
}
