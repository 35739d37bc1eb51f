/**
 * The program as a service: in the background, as another user, told of by a service manager; with
 * OpenVPN at the other end.
 */
import assert from "node:assert/strict";
import { findUser } from "../../ffi/mod.ts";
import { tunnelServerAddress } from "../harness/configs.ts";
import { DatagramReceiver } from "../harness/datagram_receiver.ts";
import { eventually } from "../harness/eventually.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";
import { pingSizes } from "../harness/traffic.ts";

const netAdmin = 0x1000n;

/** Throws unless all threads of a process are that user's, and have no more than CAP_NET_ADMIN. */
function requireDropped(pid: number, user: string): void {
  const { uid, gid } = findUser(user)!;
  let privileged = 0;
  for (const { name } of Deno.readDirSync(`/proc/${pid}/task`)) {
    let status: string;
    try {
      status = Deno.readTextFileSync(`/proc/${pid}/task/${name}/status`);
    } catch {
      continue; // It has ended since it was listed.
    }
    const field = (key: string) => status.match(new RegExp(`^${key}:\\s*(.*?)\\s*$`, "m"))![1];
    assert.deepEqual(field("Uid").split("\t"), Array(4).fill(String(uid)));
    assert.deepEqual(field("Gid").split("\t"), Array(4).fill(String(gid)));
    assert.equal(field("Groups"), String(gid));
    const capabilities = BigInt(`0x${field("CapPrm")}`);
    assert.equal(capabilities & ~netAdmin, 0n);
    if (capabilities !== 0n) privileged++;
  }
  assert.ok(privileged > 0);
}

await testWith("our server goes to the background as nobody, and serves there", async () => {
  await using scenario = await Scenario.create("daemon");
  const { directory } = scenario;
  const { authority, client: certificate } = scenario.credentials;
  const files = { pid: `${directory}/pid`, log: `${directory}/log`, status: `${directory}/status` };
  // What is read again has to be readable for nobody.
  await Deno.chmod(directory, 0o755);
  await Deno.chmod(authority.crl, 0o644);
  await using starter = await scenario.startServer({
    implementation: "ours",
    extra: [
      "daemon",
      `writepid ${files.pid}`,
      `log ${files.log}`,
      "log-format json",
      `status ${files.status} 1`,
      `crl-verify ${authority.crl}`,
      "user nobody",
      "group nogroup",
      "nice 1",
    ],
  });
  const { code } = await starter.process.ended;
  assert.equal(code, 0, starter.process.output);
  // The starting command ends when the server has started, not before.
  const pid = Number(await Deno.readTextFile(files.pid));
  const messages = async () =>
    (await Deno.readTextFile(files.log)).trimEnd().split("\n").map((line) =>
      JSON.parse(line).message as string
    );
  assert.ok((await messages()).includes("Initialization Sequence Completed"));
  assert.notEqual(pid, starter.process.pid);
  requireDropped(pid, "nobody");
  const stat = (await Deno.readTextFile(`/proc/${pid}/stat`)).split(") ")[1].split(" ");
  assert.equal(stat[3], String(pid), "it leads a session of its own");
  assert.equal(stat[16], "1", "nice");

  await using client = await scenario.startClient({ implementation: "openvpn" });
  await client.ready();
  await pingSizes(scenario.clientHost().namespace, tunnelServerAddress, [56, 1000]);
  await eventually(
    "the client in the status file, in a directory where nobody may not write",
    async () => /^client,198\.18\.0\.2:/m.test(await Deno.readTextFile(files.status)),
  );
  await authority.revoke(certificate);
  await Deno.chmod(authority.crl, 0o644);
  client.process.signal("SIGUSR1");
  await eventually(
    "the CRL is read again",
    async () => (await messages()).some((message) => /is revoked/.test(message)),
  );
  Deno.kill(pid, "SIGTERM");
  await eventually("the server has ended", () => !isRunning(pid));
  assert.deepEqual(await scenario.serverHost.namespace.devices(), ["lo", "eth0"]);
  assert.match((await messages()).join("\n"), /SIGTERM\[hard,\] received, process exiting/);
});

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}

await testWith("a start in the background that fails says why, with its exit code", async () => {
  await using scenario = await Scenario.create("daemon-fails");
  await using starter = await scenario.startServer({
    implementation: "ours",
    extra: ["daemon", `log ${scenario.directory}/log`, "user nobody-of-that-name"],
  });
  const { code } = await starter.process.ended;
  assert.equal(code, 1);
  assert.match(starter.process.output, /^vpn: there is no user "nobody-of-that-name"/m);
});

await testWith("our client reconnects as nobody, and tells the service manager", async () => {
  await using scenario = await Scenario.create("service");
  const host = scenario.clientHost().namespace;
  const path = `${scenario.directory}/notify`;
  using manager = new DatagramReceiver(path);
  await using server = await scenario.startServer({
    implementation: "openvpn",
    extra: ['push "route 10.99.0.0 255.255.0.0"'],
  });
  await server.ready();
  const before = await host.routes();
  await using client = await scenario.startClient({
    implementation: "ours",
    // With a service manager it stays in the foreground.
    extra: [`log ${scenario.directory}/client.log`, "daemon", "user nobody"],
    without: ["persist-tun"],
    env: { NOTIFY_SOCKET: path },
  });
  await manager.datagram(new RegExp(`^READY=1\nMAINPID=${client.process.pid}$`));
  await manager.datagram(/^STATUS=Initialization Sequence Completed$/);
  await eventually("privileges are given up", () => {
    requireDropped(client.process.pid, "nobody");
    return true;
  });
  const routes = await host.routes();
  assert.match(routes.join("\n"), /^10\.99\.0\.0\/16 .*dev tun/m);
  const seen = manager.received.length;
  client.process.signal("SIGUSR1");
  await eventually("it has reconnected", () => {
    const later = manager.poll().slice(seen);
    const restart = later.findIndex((text) => text.startsWith("STATUS=RECONNECTING"));
    return restart >= 0 && later.indexOf("STATUS=Initialization Sequence Completed") > restart;
  });
  assert.deepEqual(await host.routes(), routes);
  await pingSizes(host, tunnelServerAddress, [56]);
  client.process.signal("SIGTERM");
  assert.equal((await client.process.ended).code, 0);
  await manager.datagram(/^STOPPING=1$/);
  assert.deepEqual(await host.devices(), ["lo", "eth0"]);
  assert.deepEqual(await host.routes(), before);
});

await testWith("with remap-usr1 SIGUSR1 ends our server, and a client restarts", async () => {
  await using scenario = await Scenario.create("remap");
  await using server = await scenario.startServer({
    implementation: "ours",
    extra: ["remap-usr1 SIGTERM"],
  });
  await server.ready();
  await using client = await scenario.startClient({
    implementation: "ours",
    extra: ["remap-usr1 SIGHUP"],
  });
  await client.ready();
  const after = client.process.lineCount;
  client.process.signal("SIGUSR1");
  await client.process.waitForLine(/SIGHUP\[hard,\] received, process restarting/, {
    after,
    timeoutMs: 30_000,
  });
  await client.ready({ after, timeoutMs: 30_000 });
  server.process.signal("SIGUSR1");
  assert.equal((await server.process.ended).code, 0);
});
