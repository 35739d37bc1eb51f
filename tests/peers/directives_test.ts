/** Directives whose effect only a whole server or client shows. */
import assert from "node:assert/strict";
import { tunnelServerAddress } from "../harness/configs.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";
import { pingSizes } from "../harness/traffic.ts";

/** For logs of a machine that does other things too. */
const patience = { timeoutMs: 60_000 };

await testWith("directives of a server and of a client are in force", async (context) => {
  await using scenario = await Scenario.create("directives");

  await context.step("single-session: nobody new at an address that has a session", async () => {
    await using server = await scenario.startServer({
      implementation: "ours",
      extra: ["single-session"],
    });
    await server.ready(patience);
    const client = () =>
      scenario.startClient({
        implementation: "openvpn",
        without: ["nobind"],
        extra: ["lport 1300"],
      });
    {
      await using first = await client();
      await first.ready(patience);
      first.process.signal("SIGKILL");
      await first.process.ended;
    }
    const after = server.process.lineCount;
    await using _second = await client();
    await server.process.waitForLine(/no new session from \S+:1300 \(single-session\)/, {
      ...patience,
      after,
    });
  });

  await context.step("connect-freq-initial: no more first packets are answered", async () => {
    await using server = await scenario.startServer({
      implementation: "ours",
      extra: ["connect-freq-initial 0 60"],
    });
    await server.ready(patience);
    await using client = await scenario.startClient({ implementation: "openvpn" });
    await server.process.waitForLine(/connect-freq-initial: too many new connections/, patience);
    assert.doesNotMatch(client.process.output, /TLS: Initial packet from/);
  });

  await context.step("push-peer-info tells OpenVPN, ping-exit ends the client", async () => {
    await using server = await scenario.startServer({ implementation: "openvpn" });
    await server.ready(patience);
    await using client = await scenario.startClient({
      implementation: "ours",
      extra: [
        ...["push-peer-info", "setenv UV_SITE harbour", "setenv IV_GUI_VER applet_1.2"],
        // Its own keep-alive, and not the server's.
        ...["pull-filter ignore ping", "ping 1", "ping-exit 5"],
      ],
    });
    await client.ready(patience);
    for (const variable of ["UV_SITE=harbour", "IV_GUI_VER=applet_1.2", "IV_SSL=rustls"]) {
      await server.process.waitForLine(new RegExp(`peer info: ${variable}`), patience);
    }
    server.process.signal("SIGSTOP");
    try {
      await client.process.waitForLine(/Inactivity timeout \(--ping-exit\), exiting/, patience);
      await client.process.ended;
    } finally {
      server.process.signal("SIGCONT");
    }
    assert.doesNotMatch(client.process.output, /process restarting/);
  });

  await context.step("connect-freq: no more sessions begin in the window", async () => {
    await using server = await scenario.startServer({
      implementation: "ours",
      extra: ["connect-freq 1 3600"],
    });
    await server.ready(patience);
    {
      await using first = await scenario.startClient({ implementation: "openvpn" });
      await first.ready(patience);
    }
    await using second = await scenario.startClient({ implementation: "openvpn" });
    await server.process.waitForLine(/would exceed new connection frequency limit/, patience);
    assert.doesNotMatch(second.process.output, /Initialization Sequence Completed/);
  });

  for (
    const [line, other] of [["reneg-bytes 20000", "server"], ["reneg-pkts 20", "client"]] as const
  ) {
    await context.step(`${line} at the ${other}: new keys when so much was carried`, async () => {
      const options = (role: string) =>
        role === other
          ? { implementation: "ours", extra: [line, "reneg-sec 0"] } as const
          : { implementation: "openvpn", extra: ["reneg-sec 0"] } as const;
      await using server = await scenario.startServer(options("server"));
      await server.ready(patience);
      await using client = await scenario.startClient(options("client"));
      await client.ready(patience);
      const { process } = other === "server" ? server : client;
      // Keep-alive alone takes longer for it.
      assert.doesNotMatch(process.output, /soft reset/);
      const sizes = Array.from({ length: 20 }, () => 1200);
      await pingSizes(scenario.clientHost().namespace, tunnelServerAddress, sizes);
      await process.waitForLine(/TLS: soft reset to key 1$/, patience);
    });
  }
});
