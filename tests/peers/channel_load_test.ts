/** Much through each stream, both directions at once, whole. CHANNEL_BYTES=1000000000 for 1 GB. */
import { LibCrypto, LibSodium } from "../../ffi/mod.ts";
import assert from "node:assert/strict";
import { type ChannelContender, loadChannel } from "../../scripts/bench/channel_load.ts";

const bytes = Number(Deno.env.get("CHANNEL_BYTES") ?? 64_000_000);

/** Several times what was seen with 1 GB: what kept all that went through would be above it there. */
const memoryLimit = 600e6;

const contenders: readonly ChannelContender[] = [
  ...(LibCrypto.open() === undefined ? [] : [{ kind: "psk", engine: "openssl" } as const]),
  { kind: "psk", engine: "webcrypto" },
  ...(LibSodium.open() === undefined ? [] : [{ kind: "box", engine: "libsodium" } as const]),
  { kind: "box", engine: "noble" },
];

for (const contender of contenders) {
  Deno.test(`${contender.kind} with ${contender.engine} carries ${bytes} bytes each way, whole`, async () => {
    // Each end throws at the first byte that is not what was sent, and when there are not enough.
    const { connects, listens } = await loadChannel(contender, bytes);
    for (const { peak } of [connects, listens]) assert.ok(peak < memoryLimit, `${peak} bytes`);
  });
}
