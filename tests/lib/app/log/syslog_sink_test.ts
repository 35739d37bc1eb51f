import assert from "node:assert/strict";
import { syslogSink } from "../../../../lib/app/log/syslog_sink.ts";
import { DatagramReceiver } from "../../../harness/datagram_receiver.ts";

Deno.test("messages arrive at syslog's socket; without one there is an error", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/log`;
    assert.throws(() => syslogSink("vpn", path), /no syslog daemon listens/);
    using receiver = new DatagramReceiver(path);
    const sink = syslogSink("vpn-test", path);
    sink({ time: Date.now(), level: "info", text: "first" });
    sink({ time: Date.now(), level: "error", text: "x".repeat(20_000) });
    sink[Symbol.dispose]?.();
    const [first, long] = receiver.poll();
    assert.match(
      first,
      new RegExp(`^<29>\\w{3} [ \\d]\\d [\\d:]{8} vpn-test\\[${Deno.pid}\\]: first$`),
    );
    assert.equal(long.length, 8192);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
