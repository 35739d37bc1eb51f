/** A client that ends says so over the control channel (`protocol-flags cc-exit`), in either role. */
import assert from "node:assert/strict";
import type { Implementation } from "../harness/peers.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";

const patience = { timeoutMs: 60_000 };

const pairs: readonly (readonly [server: Implementation, client: Implementation])[] = [
  ["ours", "openvpn"],
  ["openvpn", "ours"],
  ["ours", "ours"],
];

await testWith("a client's EXIT ends its session at the server", async (context) => {
  await using scenario = await Scenario.create("cc-exit");
  for (const [serverProgram, clientProgram] of pairs) {
    await context.step(`${serverProgram} serves ${clientProgram}`, async () => {
      await using server = await scenario.startServer({ implementation: serverProgram });
      await server.ready(patience);
      await using client = await scenario.startClient({
        implementation: clientProgram,
        extra: ["explicit-exit-notify 3"],
      });
      await client.ready(patience);
      await client.process.waitForLine(/protocol-flags cc-exit/, patience);
      const after = server.process.lineCount;
      client.process.signal("SIGTERM");
      // OpenVPN's server lets the session live on for five seconds after it has heard.
      await server.process.waitForLine(/remote-exit|delayed-exit|Delayed exit/, {
        ...patience,
        after,
      });
      assert.equal((await client.process.ended).code, 0);
      const ended = server.process.lineCount;
      // What the client has repeated opens no session anew.
      await using next = await scenario.startClient({ implementation: clientProgram });
      await next.ready(patience);
      if (serverProgram !== "ours") return;
      const sessions = server.process.lines(ended).filter((line) => /TLS: new session/.test(line));
      assert.equal(sessions.length, 1, sessions.join("\n"));
    });
  }
});
