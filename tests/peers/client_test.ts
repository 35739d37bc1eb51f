/** What our client does with what a server says, or with one that isn't there. */
import assert from "node:assert/strict";
import { serverPort, tunnelServerAddress } from "../harness/configs.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";
import { pingSizes } from "../harness/traffic.ts";

/** Lines that make an OpenVPN server ask for name and password, and what it says to them. */
function passwordServer(answer: "true" | "false"): string[] {
  return [`auth-user-pass-verify /bin/${answer} via-file`, "script-security 2"];
}

await testWith("our client goes on to the next remote when one is silent", async () => {
  await using scenario = await Scenario.create("remotes");
  await using server = await scenario.startServer({ implementation: "openvpn" });
  await server.ready();
  await using client = await scenario.startClient({
    implementation: "ours",
    // Nobody has the first address, nobody listens on the second port.
    remote: `198.18.0.99 ${serverPort}`,
    extra: [
      `remote ${scenario.serverHost.address} 9`,
      `remote ${scenario.serverHost.address} ${serverPort}`,
      "server-poll-timeout 3",
    ],
  });
  await client.ready({ timeoutMs: 60_000 });
});

await testWith("our client says name and password, and stops when they are refused", async () => {
  await using scenario = await Scenario.create("password");
  const file = `${scenario.directory}/password.txt`;
  await Deno.writeTextFile(file, "alice\nopen sesame\n", { mode: 0o600 });
  const extra = [`auth-user-pass ${file}`];
  {
    await using server = await scenario.startServer({
      implementation: "openvpn",
      extra: passwordServer("true"),
    });
    await server.ready();
    await using client = await scenario.startClient({ implementation: "ours", extra });
    await client.ready();
    await server.process.waitForLine(/authentication succeeded for username 'alice'/);
    assert.doesNotMatch(client.process.output, /sesame/);
  }
  await using server = await scenario.startServer({
    implementation: "openvpn",
    extra: passwordServer("false"),
  });
  await server.ready();
  await using client = await scenario.startClient({ implementation: "ours", extra });
  await client.process.waitForLine(/AUTH_FAILED/);
  assert.equal((await client.process.ended).code, 1);
});

await testWith("our client takes only the server that verify-x509-name names", async () => {
  await using scenario = await Scenario.create("name");
  await using server = await scenario.startServer({ implementation: "openvpn" });
  await server.ready();
  {
    await using client = await scenario.startClient({
      implementation: "ours",
      extra: ["verify-x509-name server name"],
    });
    await client.ready();
  }
  await using client = await scenario.startClient({
    implementation: "ours",
    extra: ["verify-x509-name serve name"],
  });
  await client.process.waitForLine(/is not the peer "serve"/);
});

await testWith("our client stops at HALT and comes back after RESTART", async () => {
  await using scenario = await Scenario.create("halt");
  const server = scenario.serverHost.namespace;
  await using serverPeer = await scenario.startServer({
    implementation: "openvpn",
    extra: ["management 127.0.0.1 7505"],
  });
  await serverPeer.ready();
  await using client = await scenario.startClient({ implementation: "ours" });
  await client.ready();
  const tell = (line: string) =>
    server.exec([
      ...[Deno.execPath(), "eval", "--no-config"],
      `const c = await Deno.connect({ port: 7505 });
       await c.write(new TextEncoder().encode(${JSON.stringify(line + "\n")}));
       const answer = new Uint8Array(4096);
       let text = "";
       while (!/SUCCESS|ERROR/.test(text)) {
         text += new TextDecoder().decode(answer.subarray(0, await c.read(answer) ?? 0));
       }
       console.log(text);`,
    ]);
  const after = client.process.lineCount;
  assert.match(await tell("client-kill 0 RESTART"), /SUCCESS/);
  await client.ready({ after });
  await pingSizes(scenario.clientHost().namespace, tunnelServerAddress, [56]);
  assert.match(await tell("client-kill 1 HALT"), /SUCCESS/);
  await client.process.ended;
  assert.deepEqual(await scenario.clientHost().namespace.devices(), ["lo", "eth0"]);
});

await testWith("our client comes back after ping-restart when its server fell silent", async () => {
  await using scenario = await Scenario.create("silent");
  await using server = await scenario.startServer({
    implementation: "openvpn",
    extra: ["keepalive 1 4"],
  });
  await server.ready();
  await using client = await scenario.startClient({ implementation: "ours" });
  await client.ready();
  const after = client.process.lineCount;
  const { namespace } = scenario.serverHost;
  await namespace.cut("eth0", scenario.clientHost().address);
  await client.process.waitForLine(/[Ii]nactivity timeout/, { after, timeoutMs: 60_000 });
  await namespace.mend("eth0", scenario.clientHost().address);
  await client.ready({ after, timeoutMs: 60_000 });
});
