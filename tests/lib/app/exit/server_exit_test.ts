import assert from "node:assert/strict";
import { ServerExit } from "../../../../lib/app/exit/server_exit.ts";
import { noExit } from "../../../../lib/data/exit_routes.ts";
import type { DataPlaneCommand } from "../../../../lib/loop/data_plane.ts";
import { server } from "../../config/profile.ts";
import { isolatedTest } from "../../../ffi/isolated.ts";
import { run } from "../../../harness/command.ts";
import { connectMachine, ip, RecordedLog } from "../../net/machine.ts";

const offer = new Map([["UV_VPN_EXIT", "1"]]);
const nothing = new Map<string, string>();

/** A server with these lines, what it tells its data plane, and its log. */
async function open(...lines: string[]) {
  const log = new RecordedLog();
  const exit = await ServerExit.open(server(...lines), "tun0", log);
  assert.ok(exit?.clientExits);
  const commands: DataPlaneCommand[] = [];
  exit.attach((command) => commands.push(command));
  const take = () =>
    commands.splice(0).map((command) => {
      if (command.kind === "set-exit") return `${command.peer} by ${command.exit}`;
      if (command.kind === "add-inside-network") return `inside ${command.network.join(".")}`;
      throw new Error(command.kind);
    });
  return { exit, take, log };
}

Deno.test("server exit: a server without exit nodes has nothing of it", async () => {
  assert.equal(await ServerExit.open(server(), "tun0", new RecordedLog()), undefined);
});

Deno.test("server exit: the data plane is told before a client has keys, and when things change", async () => {
  const { exit, take, log } = await open("exit-node paris for alice bob");
  assert.deepEqual(take(), ["inside 10.8.0.1"]);
  exit.joined(0, "alice", nothing, ["route 192.168.20.0 255.255.255.0", "ping 10"]);
  assert.deepEqual(take(), ["inside 192.168.20.0", `0 by ${noExit}`]);
  exit.joined(1, "carol", nothing, ["route 192.168.20.0 255.255.255.0"]);
  assert.deepEqual(take(), []);
  exit.joined(2, "paris", offer, []);
  assert.deepEqual(take(), ["0 by 2"]);
  exit.joined(3, "bob", nothing, []);
  assert.deepEqual(take(), ["3 by 2"]);
  exit.left(2);
  assert.deepEqual(take(), [`0 by ${noExit}`, `3 by ${noExit}`]);
  // The number comes again, for somebody else.
  exit.joined(2, "dave", nothing, []);
  assert.deepEqual(take(), []);
  exit.left(0);
  exit.joined(0, "paris", offer, []);
  assert.deepEqual(take(), ["3 by 0"]);
  assert.deepEqual(log.warnings, []);
  await exit.close();
});

Deno.test("server exit: who offers and is not named, or is named and does not offer, is told", async () => {
  const { exit, take, log } = await open("exit-node paris for alice");
  take();
  exit.joined(0, "alice", nothing, []);
  exit.joined(1, "paris", nothing, []);
  exit.joined(2, "rome", offer, []);
  assert.deepEqual(take(), [`0 by ${noExit}`]);
  assert.equal(log.warnings.length, 1);
  assert.match(log.warnings[0], /paris is named .* does not offer/);
  assert.ok(log.lines.some((line) => /rome offers .* exit-node rome/.test(line)));
  await exit.close();
});

Deno.test("server exit: a wish counts where a rule allows it", async () => {
  const { exit, take } = await open("exit-node paris for alice", "exit-node rome for alice");
  take();
  exit.joined(4, "rome", offer, []);
  exit.joined(5, "paris", offer, []);
  exit.joined(0, "alice", new Map([["UV_VPN_USE_EXIT", "rome"]]), []);
  assert.deepEqual(take(), ["0 by 4"]);
  exit.left(0);
  exit.joined(0, "carol", new Map([["UV_VPN_USE_EXIT", "rome"]]), []);
  assert.deepEqual(take(), [], "carol goes by the server: rome is not for her");
  await exit.close();
});

await isolatedTest(
  import.meta.url,
  "exit-out: what leaves by another interface is dropped",
  async () => {
    await connectMachine();
    await ip("tuntap add tun0 mode tun");
    const rules = async (...more: string[]) => {
      const exit = await ServerExit.open(server("exit-node", ...more), "tun0", new RecordedLog());
      const text = await run(["nft", "list", "ruleset"]);
      await exit!.close();
      return text;
    };
    // Not the one that the default route names.
    const bound = await rules("exit-out isp0");
    assert.match(bound, /iifname "tun0" oifname "isp0" meta nfproto ipv4 masquerade/);
    assert.match(bound, /iifname "tun0" oifname != "isp0" drop/);
    const free = await rules();
    assert.match(free, /masquerade/);
    assert.doesNotMatch(free, /isp0|wan0/);
  },
  { needs: ["nft"] },
);
