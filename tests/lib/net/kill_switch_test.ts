import assert from "node:assert/strict";
import fc from "fast-check";
import { Capability, dropPrivileges, effectiveUserId, encodeSockaddr, UdpSocket } from "deno-tun";
import { VpnError } from "../../../lib/base/errors.ts";
import {
  killSwitchScript,
  killSwitchTable,
  putUpKillSwitch,
  readKillSwitch,
  removeKillSwitch,
  standingKillSwitch,
  switchOffKillSwitch,
} from "../../../lib/net/kill_switch.ts";
import { applyScript } from "../../../lib/net/nftables.ts";
import { run, tryRun } from "../../harness/command.ts";
import { isolatedTest } from "../../ffi/isolated.ts";
import { connectMachine, ip } from "./machine.ts";

effectiveUserId(); // loads libc before the sanitizers look

const here = import.meta.url;
const needs = { needs: ["nft"] } as const;
const rules = { mark: 0x1194, allowLan: false };

/** Whether the machine lets a UDP datagram out; `mark`: with that mark. */
function leaves(address: string, mark?: number): boolean {
  const socket = UdpSocket.bind({ port: 0, family: address.includes(":") ? 6 : 4, mark });
  // Refused by the packet filter, sendto says EPERM; a neighbour that is silent is no matter.
  const sent = socket.sendTo(new Uint8Array(1), encodeSockaddr(address, 9));
  socket.close();
  return sent;
}

await isolatedTest(here, "kill switch: only loopback, the mark and the tunnel pass", async () => {
  await connectMachine();
  await ip("link add tunnel type veth peer name far");
  await ip("addr add 10.8.0.2/24 dev tunnel");
  await ip("-6 addr add fd00:8::2/64 dev tunnel nodad");
  await ip("link set far up");
  await ip("link set tunnel up");
  const [{ ifindex }]: { ifindex: number }[] = JSON.parse(await ip("-j link show tunnel"));
  assert.ok(leaves("203.0.113.1"));
  putUpKillSwitch(rules);
  for (const address of ["203.0.113.1", "2001:db8:1::1", "192.0.2.1", "10.8.0.1", "fd00:8::1"]) {
    assert.ok(!leaves(address), address);
  }
  assert.ok(leaves("127.0.0.1"));
  assert.ok(leaves("203.0.113.1", rules.mark));
  assert.ok(!leaves("203.0.113.1", 1));
  putUpKillSwitch({ ...rules, tunnelIndex: ifindex });
  assert.ok(leaves("10.8.0.1"));
  assert.ok(leaves("fd00:8::1"));
  assert.ok(!leaves("203.0.113.1"));
  // Another device of that name opens nothing.
  await ip("link del tunnel");
  await ip("link add tunnel type veth peer name far");
  await ip("addr add 10.8.0.2/24 dev tunnel");
  await ip("link set tunnel up");
  assert.ok(!leaves("10.8.0.1"));
  assert.ok(removeKillSwitch());
  assert.ok(leaves("203.0.113.1"));
  assert.ok(!removeKillSwitch());
}, needs);

await isolatedTest(here, "kill switch: with lan private addresses pass, but no DNS", async () => {
  await connectMachine();
  await ip("addr add 192.168.7.2/24 dev wan0");
  putUpKillSwitch({ ...rules, allowLan: true });
  assert.ok(leaves("192.168.7.1"));
  assert.ok(!leaves("192.0.2.1"));
  const refused = standingKillSwitch()!.refused;
  const socket = UdpSocket.bind({ port: 0, family: 4 });
  const send = (port: number) =>
    socket.sendTo(new Uint8Array(1), encodeSockaddr("192.168.7.1", port));
  send(54);
  assert.equal(standingKillSwitch()!.refused, refused);
  send(53);
  assert.equal(standingKillSwitch()!.refused, refused + 1);
  socket.close();
}, needs);

await isolatedTest(
  here,
  "kill switch: a living process' is refused, a dead one's taken",
  async () => {
    await ip("link set lo up");
    const living = new Deno.Command("sleep", { args: ["60"] }).spawn();
    const stat = await Deno.readTextFile(`/proc/${living.pid}/stat`);
    const startTime = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    applyScript(killSwitchScript(rules, { pid: living.pid, startTime }));
    assert.equal(standingKillSwitch()?.attended, true);
    assert.throws(() => putUpKillSwitch(rules), (error) => {
      assert.ok(error instanceof VpnError);
      assert.match(error.line, new RegExp(`process ${living.pid} has a kill switch`));
      return true;
    });
    living.kill("SIGKILL");
    await living.status;
    assert.equal(standingKillSwitch()?.attended, false);
    putUpKillSwitch(rules);
    const standing = standingKillSwitch();
    assert.equal(standing?.owner?.pid, Deno.pid);
    assert.equal(standing?.attended, true);
    assert.ok(removeKillSwitch());
  },
  needs,
);

await isolatedTest(here, "kill switch: others' tables stay as they are", async () => {
  applyScript(
    "table ip filter { chain input { type filter hook input priority 0;\n}\n}\n",
  );
  const before = (await tryRun(["nft", "list", "ruleset"])).stdout;
  putUpKillSwitch(rules);
  assert.ok((await tryRun(["nft", "list", "ruleset"])).stdout.includes(killSwitchTable));
  removeKillSwitch();
  assert.equal((await tryRun(["nft", "list", "ruleset"])).stdout, before);
}, needs);

Deno.test("kill switch: no mark is no kill switch", () => {
  const owner = { pid: 1, startTime: "1" };
  for (const mark of [0, -1, 1.5, 2 ** 32]) {
    assert.throws(() => killSwitchScript({ ...rules, mark }, owner), VpnError);
  }
});

Deno.test("kill switch: a table that doesn't say whose it is belongs to nobody", () => {
  assert.deepEqual(readKillSwitch("table inet vpn_kill_switch {\n\tchain output {\n\t}\n}\n"), {
    attended: false,
    refused: 0,
    off: false,
  });
});

await isolatedTest(
  here,
  "kill switch: switched off, an empty table tells its process so",
  async () => {
    await connectMachine();
    putUpKillSwitch(rules);
    assert.ok(!leaves("203.0.113.1"));
    assert.equal(switchOffKillSwitch(), true);
    assert.ok(leaves("203.0.113.1"));
    assert.equal(standingKillSwitch()?.off, true);
    assert.equal(standingKillSwitch()?.owner?.pid, Deno.pid);
    assert.equal(switchOffKillSwitch(), false);
    assert.equal(removeKillSwitch(), false);
    assert.equal(standingKillSwitch(), undefined);
    assert.equal(switchOffKillSwitch(), false);
  },
  needs,
);

Deno.test("kill switch: any table is read to an end", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.nat(), (text, pid) => {
    const comment = `comment "kill switch of vpn, process ${pid} 7"`;
    assert.equal(readKillSwitch(`${comment}\n${text}`).owner?.pid, pid);
    readKillSwitch(text);
  }));
});

await isolatedTest(here, "kill switch: changed and taken away after giving up root", async () => {
  await connectMachine();
  putUpKillSwitch(rules);
  dropPrivileges({ uid: 65534, gid: 65534 }, [Capability.CAP_NET_ADMIN]);
  putUpKillSwitch({ ...rules, tunnelIndex: 77 });
  assert.match(await run(["cat", "/proc/self/status"]), /^Uid:\t65534/m);
  assert.equal(standingKillSwitch()?.attended, true);
  assert.ok(!leaves("203.0.113.1"));
  assert.ok(removeKillSwitch());
  assert.ok(leaves("203.0.113.1"));
}, needs);
