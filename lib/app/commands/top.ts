/**
 * `vpn top`: the clients and their traffic, live. Without a terminal: one table.
 *
 * @module
 */

import { print, takesColours, write } from "../authority/terminal.ts";
import { ControlClient } from "../control_socket/control_client.ts";
import {
  clientRates,
  clientTable,
  type SortOrder,
  summary,
} from "../control_socket/report_text.ts";
import type { ServerReport } from "../control_socket/server_report.ts";
import { ExitCode } from "../exit_code.ts";
import { refreshInterval, socketPath } from "./status.ts";
import type { TopArguments } from "./status_options.ts";

// xterm's private modes: the alternate screen, and a cursor that does not show.
const enterScreen = "\x1b[?1049h\x1b[?25l";
const leaveScreen = "\x1b[?25h\x1b[?1049l";

/** What a key does. */
const orders: Readonly<Record<string, SortOrder>> = {
  n: "name",
  r: "received",
  s: "sent",
  t: "since",
};

/** Shows them until q is typed; the exit code. */
export async function top(given: TopArguments): Promise<number> {
  using client = await ControlClient.connect(socketPath(given));
  if (!Deno.stdin.isTerminal() || !Deno.stdout.isTerminal()) {
    const first = await client.report();
    await pause(refreshInterval);
    const report = await client.report();
    print(...summary(report), "", ...clientTable(report, false, clientRates(first, report)));
    return ExitCode.success;
  }
  using screen = new Screen();
  let former = await client.report();
  for (let report = former; !screen.left; former = report, report = await client.report()) {
    // A key sorts at once, and asks for no new figures.
    const drawn = () => draw(report, former, screen.order);
    drawn();
    const until = performance.now() + refreshInterval;
    for (let rest = refreshInterval; rest > 0 && !screen.left; rest = until - performance.now()) {
      await Promise.race([pause(rest), screen.typed()]);
      drawn();
    }
  }
  return ExitCode.success;
}

function draw(report: ServerReport, former: ServerReport, order: SortOrder): void {
  const size = Deno.consoleSize();
  // A terminal that does not know its size says 0.
  const { columns, rows } = size.columns > 0 && size.rows > 0 ? size : { columns: 80, rows: 24 };
  const lines = [
    ...summary(report),
    "",
    ...clientTable(report, false, clientRates(former, report), order),
  ];
  const fitting = lines.slice(0, rows - 2).map((line) => line.slice(0, columns));
  const help = `sorted by ${order}; n name, r received, s sent, t time, q end`.slice(0, columns);
  const last = takesColours() ? `\x1b[2m${help}\x1b[0m` : help;
  write(`\x1b[H${[...fitting, "", last].map((line) => `${line}\x1b[K`).join("\r\n")}\x1b[J`);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** The terminal while it is ours; it is as before when this is disposed of, or a signal comes. */
class Screen implements Disposable {
  order: SortOrder = "received";
  left = false;
  #next = Promise.withResolvers<void>();
  readonly #ends = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  readonly #leave = () => {
    this.left = true;
    this.#key();
  };

  constructor() {
    for (const signal of this.#ends) Deno.addSignalListener(signal, this.#leave);
    // With cbreak, Ctrl-C stays a signal.
    Deno.stdin.setRaw(true, { cbreak: true });
    write(enterScreen);
    void this.#read();
  }

  /** Resolves at the next key. */
  typed(): Promise<void> {
    return this.#next.promise;
  }

  #key(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers<void>();
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(64);
    for (;;) {
      const count = await Deno.stdin.read(buffer).catch(() => null);
      if (count === null) return this.#leave();
      for (const key of new TextDecoder().decode(buffer.subarray(0, count))) {
        if (key === "q") return this.#leave();
        this.order = orders[key] ?? this.order;
      }
      this.#key();
    }
  }

  [Symbol.dispose](): void {
    for (const signal of this.#ends) Deno.removeSignalListener(signal, this.#leave);
    write(leaveScreen);
    Deno.stdin.setRaw(false);
  }
}
