/**
 * The process, its files, its log.
 * (OpenVPN's generic-options.rst, log-options.rst.)
 *
 * @module
 */

import * as parse from "../parameters.ts";
import { type OptionContext, rows } from "../option.ts";

/** What is done at once, from the command line; a configuration can't ask for it. */
const command = (name: string, usage: string, summary: string) => ({
  name,
  usage,
  summary,
  apply: (context: OptionContext) =>
    context.fail(`"${name}" is a command`, `run "vpn --${name}" by itself`),
});

/** The process and its log. */
export const processOptions = rows("process and log", [
  {
    name: "config",
    usage: "FILE",
    summary: "Read options from FILE; stdin is allowed",
  },
  {
    name: "cd",
    usage: "DIRECTORY",
    summary: "Relative paths start there",
    apply: ({ draft }, [path]) => {
      const before = draft.process.directory;
      draft.process.directory = before === undefined || path.startsWith("/")
        ? path
        : `${before}/${path}`;
    },
  },
  {
    name: "state",
    usage: "DIRECTORY",
    summary: "Ours: where CA, keys and leases are kept",
    apply: ({ draft }, [path]) => void (draft.process.state = path),
  },
  {
    name: "crypto",
    usage: "auto|webcrypto|openssl|ipsec-mb",
    summary: "Ours: what encrypts the data channel",
    apply: (context, [text]) => {
      context.draft.process.engine = parse.word(context, text, [
        "auto",
        "webcrypto",
        "openssl",
        "ipsec-mb",
      ]);
    },
  },
  {
    name: "disable-offload",
    summary: "Ours: no segmentation by the kernel",
    apply: ({ draft }) => void (draft.process.offload = false),
  },
  {
    name: "writepid",
    usage: "FILE",
    summary: "Write the process id there",
    apply: ({ draft }, [path]) => void (draft.process.writepid = path),
  },
  {
    name: "user",
    usage: "USER",
    summary: "Run as that user after the start",
    apply: ({ draft }, [name]) => void (draft.process.user = name),
  },
  {
    name: "group",
    usage: "GROUP",
    summary: "Run as that group after the start",
    apply: ({ draft }, [name]) => void (draft.process.group = name),
  },
  {
    name: "daemon",
    usage: "[NAME]",
    summary: "Go to the background; log to syslog unless there is a log file",
    apply: (context, [name]) => {
      context.draft.process.daemon = true;
      context.draft.log.syslog = syslogName(context, name);
    },
  },
  {
    name: "syslog",
    usage: "[NAME]",
    summary: "Log to syslog",
    apply: (context, [name]) => void (context.draft.log.syslog = syslogName(context, name)),
  },
  {
    name: "setenv",
    usage: "NAME [VALUE]",
    summary: "Variable for scripts; UV_… goes to the server",
    apply: (context, [name, value = ""]) => {
      const { draft } = context;
      if (name === "FORWARD_COMPATIBLE" && value === "1") draft.forwardCompatible = true;
      else if (name === "PUSH_PEER_INFO") draft.pushPeerInfo = true;
      else if (name === "REMOTE_RANDOM_HOSTNAME") draft.remoteRandomHostname = true;
      else if (name === "SERVER_POLL_TIMEOUT") {
        context.connection.connectTimeout = parse.seconds(context, value, 1);
      } else if (name === "GENERIC_CONFIG") {
        context.fail("this file is a template for clients, it has no certificate of its own");
      } else draft.environment[variableName(context, name)] = value;
    },
  },
  {
    name: "setenv-safe",
    usage: "NAME [VALUE]",
    where: ["main", "push"],
    summary: "Variable OPENVPN_NAME for scripts",
    apply: (context, [name, value = ""]) => {
      context.draft.environment[`OPENVPN_${variableName(context, name)}`] = value;
    },
  },
  {
    name: "ignore-unknown-option",
    usage: "OPTION…",
    summary: "Options that may be unknown",
    apply: ({ draft }, names) => {
      for (const name of names) draft.ignoreUnknown.add(name.replace(/^--/, ""));
    },
  },
  {
    name: "verb",
    usage: "N",
    where: ["main", "push"],
    summary: "How much to log, 0 to 11",
    apply: (context, [text]) => {
      sayLogIsOurs(context);
      // Higher numbers mean no more than 11 (errlevel.h).
      context.draft.log.verb = Math.min(parse.count(context, text), 11);
    },
  },
  {
    name: "log",
    usage: "FILE",
    summary: "Log to FILE, emptied first",
    apply: ({ draft }, [path]) => void (draft.log.file = { path, append: false }),
  },
  {
    name: "log-append",
    usage: "FILE",
    summary: "Log to the end of FILE",
    apply: ({ draft }, [path]) => void (draft.log.file = { path, append: true }),
  },
  {
    name: "suppress-timestamps",
    summary: "No date in front of log lines",
    apply: ({ draft }) => void (draft.log.timestamps = false),
  },
  {
    name: "machine-readable-output",
    summary: "Log lines start with seconds since 1970 and flags",
    apply: ({ draft }) => void (draft.log.format = "machine"),
  },
  {
    name: "log-format",
    usage: "text|json",
    summary: "Ours: log lines as text, or as JSON objects",
    apply: (context, [format]) => {
      context.draft.log.format = parse.word(context, format, ["text", "json"]);
    },
  },
  {
    name: "mute",
    usage: "N",
    where: ["main", "push"],
    summary: "Log N messages of a kind in a row, and count the rest",
    apply: (context, [count]) => {
      sayLogIsOurs(context);
      context.draft.log.mute = parse.count(context, count);
    },
  },
  {
    name: "status",
    usage: "FILE [SECONDS]",
    summary: "Write a status file every SECONDS (60)",
    apply: (context, [path, interval = "60"]) => {
      context.draft.log.status = { path, interval: parse.seconds(context, interval) };
    },
  },
  {
    name: "status-version",
    usage: "1|2|3",
    summary: "Format of the status",
    apply: (context, [text]) =>
      void (context.draft.log.statusVersion = statusVersion(context, text)),
  },
  {
    name: "remap-usr1",
    usage: "SIGHUP|SIGTERM",
    summary: "What SIGUSR1 does, and what comes in place of a reconnection",
    apply: (context, [signal]) => {
      context.draft.process.remapUsr1 = parse.word(context, signal, ["SIGHUP", "SIGTERM"]);
    },
  },
  {
    name: "nice",
    usage: "N",
    summary: "Priority of the process",
    apply: (context, [text]) => {
      context.draft.process.nice = parse.integer(context, text, -20, 19);
    },
  },
  command("genkey", "[TYPE] [FILE] [DATA]", "Make a key and end"),
  command("mktun", "", "Make a persistent device and end"),
  command("rmtun", "", "Remove a persistent device and end"),
  command("show-ciphers", "", "List ciphers and end"),
  command("show-digests", "", "List digests and end"),
  command("show-tls", "", "List TLS cipher suites and end"),
  command("show-curves", "", "List groups and end"),
  command("show-groups", "", "List groups and end"),
  command("show-engines", "", "List engines and end"),
  command("show-gateway", "[ADDRESS]", "Print the default gateway and end"),
]);

/** What is logged here is for whoever runs this program to say, unlike in OpenVPN. */
function sayLogIsOurs(context: OptionContext): void {
  if (context.place !== "push") return;
  context.info(`the server's "${context.position.option}" is not followed: this log is our own`);
}

/** The tag of a syslog line ends at the first character that is none of these (RFC 3164, 4.1.3). */
function syslogName(context: OptionContext, name = "vpn"): string {
  if (!/^[A-Za-z0-9_.-]{1,32}$/.test(name)) {
    context.expected("a name of letters, digits, '.', '-' and '_'", name);
  }
  return name;
}

// What an environment variable may be called; it also ends up in key=value lines to the server.
function variableName(context: OptionContext, name: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(name)) context.expected("a variable's name", name);
  return name;
}

function statusVersion(context: OptionContext, text: string): 1 | 2 | 3 {
  const version = parse.integer(context, text, 1, 3);
  return version === 1 ? 1 : version === 2 ? 2 : 3;
}
