import assert from "node:assert/strict";
import { encodeSockaddr } from "deno-tun";
import type { ConnectionContext } from "../../../../lib/app/client/connection_context.ts";
import { serverPeerCommand } from "../../../../lib/app/client/server_peer_command.ts";
import { parsePushReply } from "../../../../lib/config/mod.ts";
import { client } from "../../config/profile.ts";

/** The server as the data plane gets it. */
function peer(lines: readonly string[], pushed: readonly string[] = []) {
  const config = client(...lines);
  const reply = parsePushReply(pushed, config);
  assert.ok(reply.kind === "accepted");
  const context = {
    config,
    connection: config.connections[0],
    socket: 1,
    address: encodeSockaddr("192.0.2.1", 1194),
  } as ConnectionContext;
  return serverPeerCommand(context, reply.options, "AES-256-GCM");
}

Deno.test("replay-window: packets, and the seconds that one may be late", () => {
  const usual = peer([]);
  assert.deepEqual([usual.replayWindow, usual.replayTime], [64, 15_000]);
  const own = peer(["replay-window 128 30"]);
  assert.deepEqual([own.replayWindow, own.replayTime], [128, 30_000]);
});

Deno.test("ping and ping-restart are the server's where it pushes them", () => {
  const own = peer(["ping 7", "ping-restart 70"]);
  assert.deepEqual([own.pingInterval, own.pingTimeout], [7000, 70_000]);
  const pushed = peer(["ping 7", "ping-restart 70"], ["ping 5", "ping-exit 50"]);
  assert.deepEqual([pushed.pingInterval, pushed.pingTimeout], [5000, 50_000]);
});

Deno.test("comp-lzo and compress frame packets, the server's counts", () => {
  const framings = [["comp-lzo no"], ["compress stub-v2"], []].map((lines) => peer(lines).framing);
  assert.equal(new Set(framings).size, 3);
  assert.equal(peer(["compress stub-v2"], ["comp-lzo no"]).framing, framings[0]);
  // Whatever allow-compression says, what is compressed is dropped: only the framing is there.
  assert.equal(peer(["comp-lzo no", "allow-compression yes"]).framing, framings[0]);
});

Deno.test("mssfix and tun-mtu: the largest segment", () => {
  const size = (...lines: string[]) => peer(lines).maximumSegmentSize!;
  assert.equal(size("mssfix 0"), 0);
  assert.ok(size("mssfix 1200") < size());
  // With headers in it, less is left.
  assert.ok(size("mssfix 1200 mtu") < size("mssfix 1200"));
  // Of an MTU of 1400 the headers of IPv4 and TCP are 40 (RFC 9293, 3.7.1).
  assert.equal(size("tun-mtu 1400"), 1360);
});
