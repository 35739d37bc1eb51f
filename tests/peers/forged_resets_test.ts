/** 200,000 forged first packets of each kind: no growth, and who comes after gets in. */
import assert from "node:assert/strict";
import { serverPort } from "../harness/configs.ts";
import { ControlKeys, type ControlProtection } from "../harness/control_keys.ts";
import type { ForgedKind } from "../harness/forged_resets_program.ts";
import { residentBytes } from "../harness/memory.ts";
import type { Peer } from "../harness/peers.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";

const program = new URL("../harness/forged_resets_program.ts", import.meta.url).pathname;
const datagrams = 200_000;

/** What 340 bytes kept of each datagram would come to; heaps that fill up take less. */
const tolerance = 64 << 20;

const patience = { timeoutMs: 60_000 };

const floods: readonly (readonly [ControlProtection, readonly ForgedKind[]])[] = [
  ["tls-auth", ["tls-auth"]],
  ["tls-crypt", ["tls-crypt"]],
  ["tls-crypt-v2", ["tls-crypt-v2", "tls-crypt-v2-repeated"]],
];

async function flood(
  scenario: Scenario,
  keys: ControlKeys,
  server: Peer,
  kind: ForgedKind,
): Promise<void> {
  const send = async (count: number) => {
    await scenario.clientHost().namespace.exec([
      ...[Deno.execPath(), "run", "-A", program, kind, scenario.serverHost.address],
      ...[String(serverPort), String(count), await keys.clientKey()],
    ]);
  };
  // Heaps and caches fill at first.
  await send(datagrams / 4);
  const before = await residentBytes(server.process.pid);
  await send(datagrams);
  const growth = await residentBytes(server.process.pid) - before;
  assert.ok(growth < tolerance, `${kind}: grew by ${growth} bytes`);
}

await testWith("200,000 forged resets of each kind leave nothing behind", async (context) => {
  await using scenario = await Scenario.create("forged", { clients: 2 });
  const keys = await ControlKeys.create(scenario.directory, scenario.credentials);
  for (const [protection, kinds] of floods) {
    await context.step(kinds.join(", "), async () => {
      await using server = await scenario.startServer({
        implementation: "ours",
        tlsAuth: false,
        extra: [keys.serverLine(protection)],
      });
      await server.ready(patience);
      for (const kind of kinds) await flood(scenario, keys, server, kind);
      await using client = await scenario.startClient({
        implementation: "openvpn",
        tlsAuth: false,
        extra: [await keys.clientLine(protection)],
      }, 1);
      await client.ready(patience);
      // At verb 4 a line for each would be 250,000.
      assert.ok(server.process.lineCount < 2000, `${server.process.lineCount} lines`);
    });
  }
});
