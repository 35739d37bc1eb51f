/** Sessions with the management interface of our server and our client, OpenVPN at the other end. */
import assert from "node:assert/strict";
import { readFirstVersion, readLaterVersion } from "../lib/app/status/status_readers.ts";
import { serverPort, tunnelServerAddress } from "../harness/configs.ts";
import { ManagementClient } from "../harness/management.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";
import { pingSizes } from "../harness/traffic.ts";

await testWith("a script manages our server: states, status, log, kill, signals", async () => {
  await using scenario = await Scenario.create("manage-server");
  const path = `${scenario.directory}/management`;
  const password = `${scenario.directory}/management.password`;
  await Deno.writeTextFile(password, "open sesame\n", { mode: 0o600 });
  await using server = await scenario.startServer({
    implementation: "ours",
    extra: [`management ${path} unix ${password}`, "management-hold"],
  });
  await using session = await ManagementClient.connect(path);
  assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  session.send("open sesame");
  await session.line(/^(ENTER PASSWORD:)?SUCCESS: password is correct$/);
  await session.line(/^>INFO:OpenVPN Management Interface Version 5 /);
  await session.line(/^>HOLD:Waiting for hold release:0$/);
  assert.doesNotMatch(server.process.output, /Initialization Sequence Completed/);
  assert.match(await session.command("state on"), /^SUCCESS: real-time state/);
  assert.equal(await session.command("hold release"), "SUCCESS: hold release succeeded");
  await session.line(/^>STATE:\d+,CONNECTED,SUCCESS,10\.8\.0\.1,,,,$/);
  await server.ready();
  assert.equal(await session.command("pid"), `SUCCESS: pid=${server.process.pid}`);

  await using client = await scenario.startClient({ implementation: "openvpn" });
  await client.ready();
  await pingSizes(scenario.clientHost().namespace, tunnelServerAddress, [1000]);
  const first = readFirstVersion((await session.list("status 1")).join("\n") + "\nEND\n");
  assert.deepEqual(first.map(({ commonName }) => commonName), ["client"]);
  for (const [version, separator] of [[2, ","], [3, "\t"]] as const) {
    const text = (await session.list(`status ${version}`)).join("\n") + "\nEND\n";
    const { clients } = readLaterVersion(text, separator);
    assert.equal(clients[0]["Virtual Address"], "10.8.0.2");
    assert.ok(Number(clients[0]["Bytes Received"]) > 1000);
  }
  assert.match(
    await session.command("load-stats"),
    /^SUCCESS: nclients=1,bytesin=\d+,bytesout=\d+$/,
  );
  await session.command("bytecount 1");
  const [, id] = (await session.line(/^>BYTECOUNT_CLI:\d+,\d+,\d+$/)).match(/:(\d+)/)!;
  await session.command("bytecount 0");
  const history = await session.list("log all");
  assert.ok(history.some((line) => /^\d+,I,.*Initialization Sequence Completed/.test(line)));

  await session.command("log on");
  const after = client.process.lineCount;
  assert.equal(
    await session.command(`client-kill ${id}`),
    "SUCCESS: client-kill command succeeded",
  );
  await session.line(/^>LOG:\d+,I,.*SIGTERM\[soft,killed\]/);
  await client.process.waitForLine(/Connection reset command was pushed by server/);
  await client.ready({ after, timeoutMs: 60_000 });
  assert.match(await session.command("kill client"), /^SUCCESS: common name 'client' found, 1 /);
  assert.equal(await session.command("verb 5"), "SUCCESS: verb level changed");
  assert.equal(await session.command("verb"), "SUCCESS: verb=5");

  await session.command("hold off");
  session.send("signal SIGHUP");
  await session.line(/^>STATE:\d+,EXITING,SIGHUP,/);
  await session.line(/^>STATE:\d+,CONNECTED,SUCCESS,/);
  session.send("signal SIGTERM");
  const status = await server.process.ended;
  assert.equal(status.code, 0, server.process.output);
  await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
});

await testWith(
  "a script gives our client its password, and follows it through its states",
  async () => {
    await using scenario = await Scenario.create("manage-client");
    const path = `${scenario.directory}/management`;
    const check = `${scenario.directory}/check`;
    await Deno.writeTextFile(check, '#!/bin/sh\ngrep -qx "open \\"sesame" "$1"\n', { mode: 0o755 });
    await using server = await scenario.startServer({
      implementation: "openvpn",
      extra: [
        `auth-user-pass-verify ${check} via-file`,
        "script-security 2",
        'push "echo forget-passwords"',
      ],
    });
    await server.ready();
    await using client = await scenario.startClient({
      implementation: "ours",
      extra: [
        `management ${path} unix`,
        "management-query-passwords",
        "management-query-remote",
        "auth-user-pass",
        "auth-retry interact",
      ],
      // Nobody listens there: the script says where to go.
      remote: `${scenario.serverHost.address} 9`,
    });
    await using session = await ManagementClient.connect(path);
    await session.line(/^>INFO:/);
    await session.command("state on");
    await session.line(new RegExp(`^>REMOTE:${scenario.serverHost.address},9,udp$`));
    const go = `remote MOD ${scenario.serverHost.address} ${serverPort}`;
    assert.equal(await session.command(go), "SUCCESS: remote command succeeded");
    await session.line(/^>PASSWORD:Need 'Auth' username\/password$/);
    await session.command('username "Auth" alice');
    await session.command('password "Auth" wrong');
    await session.line(/^>STATE:\d+,WAIT,/);
    await session.line(/^>STATE:\d+,AUTH,/);
    await session.line(/^>PASSWORD:Verification Failed: 'Auth'/);
    await session.line(/^>STATE:\d+,RECONNECTING,auth-failure,/);
    await session.line(/^>PASSWORD:Need 'Auth' username\/password$/);
    await session.command('username "Auth" alice');
    await session.command('password "Auth" "open \\"sesame"');
    await session.line(/^>STATE:\d+,GET_CONFIG,/);
    await session.line(/^>STATE:\d+,ASSIGN_IP,,10\.8\.0\.2,/);
    await session.line(/^>STATE:\d+,CONNECTED,SUCCESS,10\.8\.0\.2,198\.18\.0\.1,1194,,$/);
    await client.ready();
    assert.match((await session.list("echo all")).join("\n"), /^\d+,forget-passwords$/m);
    await session.command("bytecount 1");
    await session.line(/^>BYTECOUNT:\d+,\d+$/);
    await session.command("bytecount 0");
    assert.match((await session.list("status")).join("\n"), /^TCP\/UDP read bytes,[1-9]/m);
    // Nothing that was entered shows anywhere.
    const log = [...await session.list("log all"), client.process.output].join("\n");
    assert.doesNotMatch(log, /sesame/);
    session.send("signal SIGTERM");
    await session.line(/^>STATE:\d+,EXITING,SIGTERM,/);
    assert.equal((await client.process.ended).code, 0);
  },
);

await testWith("a script lets clients in, with options, or keeps them out", async () => {
  await using scenario = await Scenario.create("manage-clients", { clients: 2 });
  const path = `${scenario.directory}/management`;
  const secret = `${scenario.directory}/secret`;
  await Deno.writeTextFile(secret, "alice\nopen sesame\n", { mode: 0o600 });
  await using server = await scenario.startServer({
    implementation: "ours",
    extra: [`management ${path} unix`, "management-client-auth", "duplicate-cn", "verb 11"],
  });
  await server.ready();
  await using session = await ManagementClient.connect(path);
  await session.line(/^>INFO:/);
  const extra = [`auth-user-pass ${secret}`, "auth-retry nointeract"];
  await using client = await scenario.startClient({ implementation: "openvpn", extra }, 0);
  const [, id, key] = await session.waitForLine(/^>CLIENT:CONNECT,(\d+),(\d+)$/);
  await session.line(/^>CLIENT:ENV,common_name=client$/);
  const from = session.lines.indexOf(`>CLIENT:CONNECT,${id},${key}`);
  await session.line(/^>CLIENT:ENV,END$/);
  const environment = session.lines.slice(from, session.lines.indexOf(">CLIENT:ENV,END", from));
  for (const variable of ["username=alice", "password=open sesame", "IV_VER=2.6.14"]) {
    assert.ok(environment.includes(`>CLIENT:ENV,${variable}`), environment.join("\n"));
  }
  session.send(`client-auth ${id} ${key}`);
  session.send('push "route 10.98.0.0 255.255.0.0"');
  session.send("ifconfig-push 10.8.0.77 255.255.255.0");
  assert.equal(await session.command("END"), "SUCCESS: client-auth command succeeded");
  await session.line(new RegExp(`^>CLIENT:ESTABLISHED,${id}$`));
  await session.line(new RegExp(`^>CLIENT:ADDRESS,${id},10\\.8\\.0\\.77,1$`));
  await client.ready();
  assert.match(
    (await scenario.clientHost(0).namespace.routes()).join("\n"),
    /^10\.98\.0\.0\/16 .*dev tun/m,
  );
  await pingSizes(scenario.clientHost(0).namespace, tunnelServerAddress, [56]);

  await using other = await scenario.startClient({
    implementation: "openvpn",
    extra: [`auth-user-pass ${secret}`],
  }, 1);
  const [, denied, deniedKey] = await session.waitForLine(/^>CLIENT:CONNECT,(\d+),(\d+)$/);
  assert.equal(
    await session.command(`client-deny ${denied} ${deniedKey} "not today" "come back tomorrow"`),
    "SUCCESS: client-deny command succeeded",
  );
  await other.process.waitForLine(/AUTH_FAILED,come back tomorrow/);
  await session.line(new RegExp(`^>CLIENT:DISCONNECT,${denied}$`));

  assert.match(await session.command(`client-kill ${id} HALT`), /^SUCCESS/);
  await session.line(new RegExp(`^>CLIENT:DISCONNECT,${id}$`));
  await session.line(/^>CLIENT:ENV,bytes_received=[1-9]\d*$/);
  await client.process.ended;
  // Nothing secret is in the log, at the highest verb.
  const key2 = (await Deno.readTextFile(scenario.credentials.server.key)).split("\n")[3];
  const log = [server.process.output, ...await session.list("log all")].join("\n");
  for (const text of ["sesame", key2]) assert.ok(!log.includes(text), text);
});
