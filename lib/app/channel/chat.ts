/**
 * A chat: what is typed goes out line by line, what comes in is shown, an empty line ends it.
 *
 * @module
 */

import type { Channel } from "../../channel/connection/channel.ts";

/** How lines become what is sent. */
export interface ChatOptions {
  /**
   * `original`: a line is a record, without its line end. `strict`: lines travel with their ends,
   * so that a pipe at the other end has them too.
   */
  readonly dialect: "strict" | "original";
  /** Lines that are typed. */
  readonly input: ReadableStream<Uint8Array>;
  /** Takes what is shown. */
  readonly show: (text: string) => void;
}

/**
 * Runs until either side has ended the chat.
 *
 * @throws {ChannelError} when the channel was cut or failed a check.
 */
export async function chat(channel: Channel, options: ChatOptions): Promise<void> {
  const typing = new AbortController();
  const receiving = showAll(channel, options);
  const sending = sendLines(channel, options, typing.signal);
  // Whose turn it is does not matter: who ends, ends both.
  await Promise.race([receiving, sending]);
  typing.abort();
  await Promise.all([receiving, sending]);
}

async function sendLines(
  channel: Channel,
  { input, dialect }: ChatOptions,
  ended: AbortSignal,
): Promise<void> {
  const writer = channel.writable.getWriter();
  const encoder = new TextEncoder();
  const typed = input.getReader();
  const stop = () => void typed.cancel().catch(() => {});
  if (ended.aborted) stop();
  ended.addEventListener("abort", stop);
  try {
    for await (const line of linesOf(typed)) {
      if (line === "" || ended.aborted) break;
      await writer.write(encoder.encode(dialect === "original" ? line : `${line}\n`));
    }
  } finally {
    ended.removeEventListener("abort", stop);
  }
  await writer.close();
}

/** Lines without their ends; the last one may have none. */
async function* linesOf(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const lines = (rest + decoder.decode(value, { stream: true })).split(/\r?\n/);
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

// Control characters but for tabs and line ends: a peer's text must not move the cursor.
// deno-lint-ignore no-control-regex -- they are what this looks for
const controlCharacters = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

async function showAll(channel: Channel, { dialect, show }: ChatOptions): Promise<void> {
  const decoder = new TextDecoder();
  let lastLineIsWhole = true;
  for await (const chunk of channel.readable) {
    const text = decoder.decode(chunk, { stream: true }).replace(controlCharacters, "?");
    if (text === "") continue;
    show(dialect === "original" ? `${text}\n` : text);
    lastLineIsWhole = dialect === "original" || text.endsWith("\n");
  }
  if (!lastLineIsWhole) show("\n");
}
