/** Users of a running server by the portal, by the command line and in OpenVPN's tunnel: one file. */
import assert from "node:assert/strict";
import type { InvitedUser, PortalUser } from "../../lib/portal/portal_users.ts";
import { run } from "../harness/command.ts";
import { tunnelServerAddress } from "../harness/configs.ts";
import { TemporaryDirectory } from "../harness/directory.ts";
import { Network } from "../harness/network.ts";
import { vpnCommand } from "../harness/program.ts";
import { peerRequirements, testWith } from "../harness/requirements.ts";
import { pingSizes } from "../harness/traffic.ts";

const completed = /Initialization Sequence Completed/;
const generous = { timeoutMs: 60_000 };
const former = "correct horse battery";
const next = "seven wild geese";

await testWith("a user by portal, command line and tunnel", async (t) => {
  await using directory = await TemporaryDirectory.create();
  await using network = await Network.create("people");
  const [server, client] = network.hosts;
  const state = `${directory.path}/state`;
  const user = (...args: readonly string[]) => [...vpnCommand, "user", ...args, "--state", state];
  const serve = [...vpnCommand, "serve", "--state", state, "--public-address", server.address];
  {
    await using first = server.namespace.spawn(serve);
    await first.waitForLine(completed, generous);
    await first.stop("SIGTERM", generous.timeoutMs);
  }
  await server.namespace.exec(user("add", "alice"), { input: `${former}\n` });
  const add = [...vpnCommand, "portal", "token", "add", "ci", "--state", state];
  const token = (await run([...add, "--scope", "read", "--scope", "users"])).trim();
  await using serving = server.namespace.spawn([...serve, "--portal", "0.0.0.0:8443"]);
  await serving.waitForLine(/The portal is at /, generous);
  await serving.waitForLine(completed, generous);

  const portal = `https://${server.address}:8443`;
  const curl = (...args: readonly string[]) =>
    client.namespace.exec([
      ...["curl", "-sS", "--max-time", "60", "--cacert", `${state}/ca.crt`, ...args],
    ]);
  const api = async (method: string, path: string, body?: unknown, seen?: string) => {
    const text = await curl(
      ...["-X", method, "-H", `Authorization: Bearer ${token}`, "-D", `${directory.path}/head`],
      ...seen === undefined ? [] : ["-H", `If-Match: ${seen}`],
      ...body === undefined
        ? []
        : ["-H", "Content-Type: application/json", "-d", JSON.stringify(body)],
      `${portal}/api/v1${path}`,
    );
    const head = await Deno.readTextFile(`${directory.path}/head`);
    const [, status] = /^HTTP\/\S+ (\d+)/.exec(head)!;
    const [, etag] = /^etag: (\S+)/im.exec(head) ?? [];
    return { status: Number(status), etag, json: text && JSON.parse(text) };
  };
  const openvpn = async (password: string) => {
    const file = `${directory.path}/${crypto.randomUUID()}`;
    await Deno.writeTextFile(file, `alice\n${password}\n`, { mode: 0o600 });
    return client.namespace.spawn([
      ...["openvpn", "--config", `${state}/client.ovpn`, "--disable-dco"],
      ...["--auth-user-pass", file, "--auth-nocache", "--connect-retry-max", "1"],
    ]);
  };

  await t.step(
    "what the command line changes is there at once, and no change goes over it",
    async () => {
      const seen = await api("GET", "/users/alice");
      await run(user("disable", "alice"));
      assert.equal((await api("GET", "/users/alice")).json.disabled, true);
      const state = { role: "user", disabled: false };
      assert.equal((await api("PUT", "/users/alice", state, seen.etag)).status, 412);
      const { etag } = await api("GET", "/users/alice");
      assert.equal((await api("PUT", "/users/alice", state, etag)).status, 200);
      assert.match(await run(user("list")), /alice\s+user\s+enabled/);
    },
  );

  let link = "";
  await t.step("a reset ends the tunnel at once, and the former password is none", async () => {
    await using inside = await openvpn(former);
    await inside.waitForLine(completed, generous);
    await pingSizes(client.namespace, tunnelServerAddress, [56]);
    const reset = await api("POST", "/users/alice/reset", { password: true, oneTimeCodes: false });
    assert.equal(reset.status, 201);
    link = (reset.json as InvitedUser).link.url;
    await inside.waitForLine(/AUTH_FAILED,the account was changed/, generous);
    await using outside = await openvpn(former);
    await outside.waitForLine(/AUTH_FAILED/, generous);
    assert.match(await run(user("list")), /alice\s+user\s+invited/);
  });

  await t.step("by the link the user sets a password, once, and comes in by it", async () => {
    assert.ok(link.startsWith(`${portal}/invitation?token=`), link);
    const setting = [
      ...["-o", "/dev/null", "-w", "%{http_code}", "-H", `Origin: ${portal}`],
      ...["--data-urlencode", `token=${new URL(link).searchParams.get("token")}`],
      ...["--data-urlencode", `password=${next}`, "--data-urlencode", `repeated=${next}`],
      `${portal}/invitation`,
    ];
    assert.equal(await curl("-o", "/dev/null", "-w", "%{http_code}", link), "200");
    assert.equal(await curl(...setting), "303");
    assert.equal(await curl(...setting), "404");
    await using inside = await openvpn(next);
    await inside.waitForLine(completed, generous);
    await pingSizes(client.namespace, tunnelServerAddress, [56]);
    assert.equal((await api("DELETE", "/users/alice")).status, 204);
    await inside.waitForLine(/AUTH_FAILED,the account was changed/, generous);
  });

  await t.step("each change is a line in the log, and no secret is", async () => {
    for (
      const said of [
        "changed the user alice (user, enabled)",
        "made a link for the user alice (password)",
        "removed the user alice",
      ]
    ) {
      const line = `portal: token ci (${client.address}) ${said}`;
      assert.ok(serving.output.includes(line), line);
    }
    const hidden = [next, former, token, new URL(link).searchParams.get("token")!];
    for (const secret of hidden) assert.ok(!serving.output.includes(secret));
    const users = (await api("GET", "/users")).json as PortalUser[];
    assert.deepEqual(users, []);
  });
}, [...peerRequirements, "curl"]);
