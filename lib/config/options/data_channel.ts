/**
 * Ciphers, digests, framing, packet sizes, keep-alive.
 * (OpenVPN's cipher-negotiation.rst, protocol-options.rst, link-options.rst.)
 *
 * @module
 */

import * as parse from "../parameters.ts";
import { type OptionContext, rows } from "../option.ts";
import type { Framing } from "../config.ts";

/** What `DEFAULT` stands for in `data-ciphers`, and what is offered without it. */
export const defaultDataCiphers = ["AES-256-GCM", "AES-128-GCM", "CHACHA20-POLY1305"] as const;

const timer = ["main", "push"] as const;
const timerPerClient = ["main", "push", "client"] as const;

/** Ciphers, framing, packet sizes, keep-alive. */
export const dataChannelOptions = rows("data channel", [
  {
    name: "data-ciphers",
    usage: "LIST",
    where: ["main", "client"],
    summary: "Ciphers to negotiate, best first; DEFAULT and ?OPTIONAL allowed",
    apply: dataCiphers,
  },
  {
    name: "ncp-ciphers",
    usage: "LIST",
    where: ["main", "client"],
    summary: "Older name of data-ciphers",
    apply: dataCiphers,
  },
  {
    name: "data-ciphers-fallback",
    usage: "CIPHER",
    where: ["main", "client"],
    summary: "Cipher for a peer that negotiates none",
    apply: (context, [text]) => {
      const { name, supported } = parse.cipher(context, refuseNone(context, text));
      if (!supported) {
        context.fail(`"data-ciphers-fallback": ${name} isn't supported`, "use AES-256-CBC");
      }
      context.draft.fallbackCipher = name;
      sayServersCounts(context);
    },
  },
  {
    name: "cipher",
    usage: "CIPHER",
    where: ["main", "push", "client"],
    summary: "Cipher where nothing is negotiated; counts only without data-ciphers",
    apply: (context, [text]) => {
      const { name, supported } = parse.cipher(context, refuseNone(context, text));
      sayServersCounts(context);
      if (supported) context.draft.cipher = name;
      else if (context.place === "push") {
        context.fail(`the server wants the cipher ${name}, which isn't supported`);
      } else {
        context.warn(
          `"cipher ${name}" is left out, it isn't supported; a peer that insists on it is refused`,
        );
      }
    },
  },
  {
    name: "auth",
    usage: "DIGEST",
    summary: "Digest of the HMAC, for tls-auth and for CBC ciphers",
    apply: (context, [text]) => void (context.draft.auth = parse.digest(context, text)),
  },
  {
    name: "replay-window",
    usage: "PACKETS [SECONDS]",
    summary: "How far packets may be late",
    apply: (context, [packets, seconds]) => {
      context.draft.replayWindow = parse.integer(context, packets, 0, 65536);
      if (seconds === undefined) return;
      context.draft.replayTime = parse.integer(context, seconds, 0, 600);
    },
  },
  {
    name: "comp-lzo",
    usage: "[no|yes|adaptive]",
    where: timer,
    class: "mapped",
    summary: "LZO compression",
    remedy: "framed without compression; a compressed packet is dropped",
    apply: (context, [mode = "adaptive"]) => {
      parse.word(context, mode, ["no", "yes", "adaptive"]);
      context.draft.framing = "stub";
    },
  },
  {
    name: "compress",
    usage: "[ALGORITHM]",
    where: timer,
    class: "mapped",
    summary: "Compression",
    remedy: "framed without compression; a compressed packet is dropped",
    apply: (context, [algorithm = "stub"]) => {
      const algorithms = Object.keys(framings);
      context.draft.framing = framings[parse.word(context, algorithm, algorithms)];
    },
  },
  {
    name: "allow-compression",
    usage: "no|asym|yes",
    class: "ignored",
    summary: "Compressed packets are never accepted",
    apply: (context, [mode]) => {
      if (parse.word(context, mode, ["no", "asym", "yes"]) !== "no") {
        context.warn(`compressed packets are dropped whatever "allow-compression" says`);
      }
    },
  },
  {
    name: "tun-mtu",
    usage: "BYTES [OCC-BYTES]",
    where: ["main", "connection", "push"],
    summary: "MTU of the TUN device",
    apply: (context, [text, occ]) => {
      // 100: TUN_MTU_MIN of OpenVPN's mtu.h.
      context.connection.tunMtu = parse.integer(context, text, 100, 65535, "an MTU");
      if (occ !== undefined) parse.integer(context, occ, 0, 65535);
    },
  },
  {
    name: "mssfix",
    usage: "[BYTES] [mtu|fixed]",
    where: ["main", "connection"],
    summary: "Limit TCP's segment size so that packets aren't fragmented",
    apply: (context, [text, counts]) => {
      context.connection.mssfix = text === undefined
        ? "default"
        : parse.integer(context, text, 0, 65535);
      context.connection.mssfixCounts = counts === undefined
        ? (text === undefined ? "mtu" : "payload")
        : parse.word(context, counts, ["mtu", "fixed"]);
    },
  },
  {
    name: "replay-persist",
    usage: "FILE",
    class: "ignored",
    summary: "Keys are new in each session, so packet-ids are too",
  },
  {
    name: "mtu-disc",
    usage: "no|maybe|yes",
    where: ["main", "connection"],
    summary: "Whether outer packets may be fragmented: freely, where need be, or never",
    apply: (context, [text]) => {
      context.connection.mtuDiscover = parse.word(context, text, ["no", "maybe", "yes"]);
    },
  },
  { name: "max-packet-size", usage: "BYTES", summary: "Largest control packet" },
  { name: "passtos", summary: "Copy the TOS field to the outer packet" },
  {
    name: "keepalive",
    usage: "INTERVAL TIMEOUT",
    summary: "ping and ping-restart for both ends",
    apply: (context, [interval, timeout]) => {
      const keepalive = {
        interval: parse.seconds(context, interval),
        timeout: parse.seconds(context, timeout),
      };
      // Both 0 is OpenVPN's way to say none.
      if (keepalive.interval === 0 && keepalive.timeout === 0) return;
      if (keepalive.interval === 0 || keepalive.timeout === 0) {
        context.expected("two numbers above 0", `${interval} ${timeout}`);
      }
      if (keepalive.interval * 2 > keepalive.timeout) {
        context.fail(
          `"keepalive": the timeout (${timeout}) is less than twice the interval (${interval})`,
          `write "keepalive 10 60"`,
        );
      }
      context.draft.keepalive = keepalive;
    },
  },
  {
    name: "ping",
    usage: "SECONDS",
    where: timer,
    summary: "Send a ping after that time without another packet",
    apply: (context, [text]) => void (context.draft.ping.interval = parse.seconds(context, text)),
  },
  {
    name: "ping-restart",
    usage: "SECONDS",
    where: timer,
    summary: "Reconnect after that time without a packet from the peer",
    apply: (context, [text]) => {
      context.draft.ping.timeout = parse.seconds(context, text);
      context.draft.ping.timeoutAction = "restart";
    },
  },
  {
    name: "ping-exit",
    usage: "SECONDS",
    where: timer,
    summary: "End after that time without a packet from the peer",
    apply: (context, [text]) => {
      context.draft.ping.timeout = parse.seconds(context, text);
      context.draft.ping.timeoutAction = "exit";
    },
  },
  {
    name: "ping-timer-rem",
    where: timer,
    class: "ignored",
    summary: "Those timers run only while there is a peer, always",
  },
  {
    name: "inactive",
    usage: "SECONDS [BYTES]",
    where: timerPerClient,
    summary: "End when there is no traffic for that time",
    apply: (context, [seconds, bytes]) => {
      context.draft.inactive = {
        seconds: parse.seconds(context, seconds),
        bytes: bytes === undefined
          ? 0
          : parse.integer(context, bytes, 0, Number.MAX_SAFE_INTEGER, "a number of bytes"),
      };
    },
  },
  {
    name: "session-timeout",
    usage: "SECONDS",
    where: timerPerClient,
    summary: "End a session after that time",
    apply: (context, [text]) => void (context.draft.sessionTimeout = parse.seconds(context, text)),
  },
]);

// comp.c: which framing byte, and whether the payload's first byte changes its place.
const framings: Readonly<Record<string, Framing>> = {
  stub: "stub-swap",
  "stub-v2": "stub-v2",
  lzo: "stub",
  lz4: "stub-swap",
  "lz4-v2": "stub-v2",
  migrate: "none",
};

function dataCiphers(context: OptionContext, [list]: readonly string[]): void {
  context.draft.dataCiphers = cipherList(context, list);
  sayServersCounts(context);
}

/** Ciphers are negotiated before it is known who the client is, and so which file is its own. */
function sayServersCounts(context: OptionContext): void {
  if (context.place !== "client") return;
  context.warn(
    `"${context.position.option}" has no effect for one client yet: the server's own ciphers count`,
  );
}

function refuseNone(context: OptionContext, text: string): string {
  if (text.toLowerCase() === "none") {
    context.fail(
      `"${context.position.option} none" sends packets in the clear`,
      "use AES-256-GCM at both ends",
    );
  }
  return text;
}

function cipherList(context: OptionContext, list: string): string[] {
  // MAX_NCP_CIPHERS_LENGTH of OpenVPN's ssl_ncp.h.
  if (list.length > 127) {
    context.fail(`"${context.position.option}": the list is longer than 127 characters`);
  }
  const ciphers = new Set<string>();
  for (const item of list.split(":")) {
    if (item === "") context.expected("cipher names with a colon between them", list);
    if (item === "DEFAULT") {
      for (const cipher of defaultDataCiphers) ciphers.add(cipher);
      continue;
    }
    const optional = item.startsWith("?");
    const text = refuseNone(context, optional ? item.slice(1) : item);
    if (optional && !isSupported(text)) continue;
    const { name, supported } = parse.cipher(context, text);
    if (supported) ciphers.add(name);
    else context.warn(`${name} is left out of "${context.position.option}", it isn't supported`);
  }
  if (ciphers.size === 0) {
    context.fail(
      `"${context.position.option}" has no cipher that is supported`,
      `use ${defaultDataCiphers.join(":")}`,
    );
  }
  return [...ciphers];
}

function isSupported(text: string): boolean {
  return (parse.supportedCiphers as readonly string[]).includes(text.toUpperCase());
}
