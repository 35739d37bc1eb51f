/**
 * How fast the lean channels are: `deno task bench:channels [--bytes N] [--markdown FILE]`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { LibCrypto, LibSodium } from "deno-tun";
import { type ChannelContender, loadChannel } from "./bench/channel_load.ts";
import {
  channelRate,
  type ChannelResult,
  channelsSection,
  withChannelsSection,
} from "./bench/channels_section.ts";
import { describeMachine } from "./bench/machine.ts";
import { print } from "./print.ts";

const contenders: readonly ChannelContender[] = [
  ...(LibCrypto.open() === undefined ? [] : [{ kind: "psk", engine: "openssl" } as const]),
  { kind: "psk", engine: "webcrypto" },
  ...(LibSodium.open() === undefined ? [] : [{ kind: "box", engine: "libsodium" } as const]),
  { kind: "box", engine: "noble" },
];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      bytes: { type: "string", default: "1000000000" },
      markdown: { type: "string" },
    },
  });
  const bytes = Number(values.bytes);
  const machine = await describeMachine();
  const results: ChannelResult[] = [];
  for (const contender of contenders) {
    const result = { ...contender, bytes, load: await loadChannel(contender, bytes) };
    results.push(result);
    print(
      `${contender.kind} ${contender.engine}: ${channelRate(result).toFixed(2)} Gbit/s each way`,
    );
  }
  const section = channelsSection(results, machine, new Date().toISOString().slice(0, 10));
  print(`\n${section}`);
  if (values.markdown === undefined) return;
  const page = await Deno.readTextFile(values.markdown);
  await Deno.writeTextFile(values.markdown, withChannelsSection(page, section));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "-q", values.markdown] }).output();
}

if (import.meta.main) await main();
