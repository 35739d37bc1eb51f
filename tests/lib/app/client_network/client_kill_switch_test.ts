import assert from "node:assert/strict";
import { effectiveUserId, encodeSockaddr, UdpSocket } from "deno-tun";
import { ClientKillSwitch } from "../../../../lib/app/client_network/client_kill_switch.ts";
import { type ClientConfig, parseConfigText } from "../../../../lib/config/mod.ts";
import { standingKillSwitch, switchOffKillSwitch } from "../../../../lib/net/kill_switch.ts";
import { run } from "../../../harness/command.ts";
import { eventually } from "../../../harness/eventually.ts";
import { isolatedTest } from "../../../ffi/isolated.ts";
import { connectMachine, RecordedLog } from "../../net/machine.ts";

effectiveUserId(); // loads libc before the sanitizers look

const here = import.meta.url;
const needs = { needs: ["nft"] } as const;

function config(...lines: string[]): ClientConfig {
  const text = `client\ndev tun\nca ca\ncert c\nkey k\nremote 192.0.2.1\n${lines.join("\n")}\n`;
  return parseConfigText(text, "client.ovpn").config as ClientConfig;
}

/** Whether a UDP datagram to the Internet leaves. */
function leaves(mark?: number): boolean {
  const socket = UdpSocket.bind({ port: 0, family: 4, mark });
  const sent = socket.sendTo(new Uint8Array(1), encodeSockaddr("203.0.113.1", 9));
  socket.close();
  return sent;
}

await isolatedTest(
  here,
  "a client's kill switch: put up, ended by the user or staying",
  async () => {
    await connectMachine();
    const log = new RecordedLog();
    const start = (...lines: string[]) => ClientKillSwitch.start(config(...lines), log);
    assert.equal(start(), undefined);
    const first = start("kill-switch")!;
    assert.ok(!leaves() && leaves(first.mark));
    first.end(true);
    assert.ok(leaves());

    // Its own mark; and one that was not ended by the user is there for the next client.
    const second = start("kill-switch", "mark 77")!;
    assert.ok(!leaves(first.mark) && leaves(77));
    second.end(false);
    assert.match(log.warnings.at(-1)!, /stays in force.*vpn kill-switch off/);
    const third = start()!;
    assert.match(log.warnings.at(-1)!, /a former client's kill switch is in force/);
    assert.ok(!leaves() && leaves(third.mark));
    third.end(true);
    assert.ok(leaves());

    start("kill-switch stay")!.end(true);
    assert.ok(!leaves());
    assert.equal(start("kill-switch off"), undefined);
    assert.ok(leaves());
  },
  needs,
);

await isolatedTest(
  here,
  "a client's kill switch: flushed, it is put up again; off is off",
  async () => {
    await connectMachine();
    const log = new RecordedLog();
    const killSwitch = ClientKillSwitch.start(config("kill-switch"), log)!;
    // As a restart of nftables.service does it.
    await run(["nft", "flush", "ruleset"]);
    await eventually("it is there again", () => standingKillSwitch() !== undefined);
    assert.ok(!leaves());
    await eventually("that is told", () => /taken away by somebody/.test(log.warnings.join()));

    assert.ok(switchOffKillSwitch());
    assert.ok(leaves());
    await eventually(
      "it has noticed",
      () => /off, as vpn kill-switch off says/.test(log.lines.join()),
    );
    // Neither a reconnection nor a flush puts it up again.
    killSwitch.letPass(5);
    await run(["nft", "flush", "ruleset"]);
    killSwitch.letPass(6);
    assert.ok(leaves());
    killSwitch.end(false);
    assert.equal(standingKillSwitch(), undefined);
    assert.ok(leaves());
  },
  needs,
);
