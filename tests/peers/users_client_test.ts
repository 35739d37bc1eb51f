/** Our client says what an OpenVPN server wants to know, and does what it is told. */
import assert from "node:assert/strict";
import { tunnelServerAddress } from "../harness/configs.ts";
import { peerRequirements, testWith } from "../harness/requirements.ts";
import { Scenario, type StartOptions } from "../harness/scenario.ts";
import { pingSizes } from "../harness/traffic.ts";

/** For logs of a machine that does other things too, ms. */
const timeoutMs = 60_000;

const password = "open sesame";

/**
 * What decides at the server: alice needs a password, early is too early at first, bob needs a code
 * with the password, carol answers a challenge,
 * dave logs in with a browser (after a while of its own), erin answers a question meanwhile.
 */
const decider = `#!/bin/sh
{ IFS= read -r name; IFS= read -r password; } < "$1"
case "$name $password" in
  "alice ${password}") exit 0 ;;
  "bob SCRV1:${btoa(password)}:${btoa("123456")}") exit 0 ;;
  "carol ${password}")
    printf 'CRV1:R:state-1:${btoa("carol")}:Which number' > "$auth_failed_reason_file"
    exit 1 ;;
  "carol CRV1::state-1::42") exit 0 ;;
  "dave ${password}")
    printf '60\nwebauth\nWEB_AUTH::https://login.example/dave\n' > "$auth_pending_file"
    touch "$0.dave-waits"
    # Detached, or OpenVPN would wait for its end.
    ( while [ -e "$0.dave-waits" ]; do sleep 0.2; done; printf 1 > "$auth_control_file" ) \\
      < /dev/null > /dev/null 2>&1 &
    exit 2 ;;
  "early ${password}")
    [ -e "$0.late" ] && exit 0
    touch "$0.late"
    printf 'TEMP[backoff 1,advance no]:come later' > "$auth_failed_reason_file"
    exit 1 ;;
  "erin ${password}")
    printf '60\ncrtext\nCR_TEXT:R,E:Which colour\n' > "$auth_pending_file"
    exit 2 ;;
  *) printf 'no %s here' "$name" > "$auth_failed_reason_file"; exit 1 ;;
esac
`;

/** Judges erin's answer. */
const answerJudge = `#!/bin/sh
[ "$(cat "$1")" = "${btoa("blue")}" ] && printf 1 > "$auth_control_file"
exit 0
`;

async function program(path: string, text: string): Promise<string> {
  await Deno.writeTextFile(path, text, { mode: 0o700 });
  return path;
}

async function credentials(scenario: Scenario, name: string, secret: string): Promise<string> {
  const path = `${scenario.directory}/${name}-${crypto.randomUUID()}.txt`;
  await Deno.writeTextFile(path, `${name}\n${secret}\n`, { mode: 0o600 });
  return `auth-user-pass ${path}`;
}

function client(extra: readonly string[], more: Partial<StartOptions> = {}): StartOptions {
  return { implementation: "ours", withoutCertificate: true, extra, ...more };
}

await testWith("our client logs in at OpenVPN in every way that it asks for", async (context) => {
  await using scenario = await Scenario.create("login");
  const { directory } = scenario;
  const verify = await program(`${directory}/verify.sh`, decider);
  const judge = await program(`${directory}/judge.sh`, answerJudge);
  await using server = await scenario.startServer({
    implementation: "openvpn",
    extra: [
      "script-security 2",
      `tmp-dir ${directory}`,
      `auth-user-pass-verify ${verify} via-file`,
      `client-crresponse ${judge}`,
      "verify-client-cert none",
      "username-as-common-name",
      "auth-gen-token 3600 120",
    ],
  });
  await server.ready({ timeoutMs });
  const host = scenario.clientHost().namespace;

  await context.step("a wrong password ends it, with the server's reason", async () => {
    const extra = [await credentials(scenario, "mallory", password)];
    await using mallory = await scenario.startClient(client(extra));
    await mallory.process.waitForLine(/AUTH_FAILED,no mallory here/, { timeoutMs });
    await mallory.process.waitForLine(/the server refuses us: no mallory here/, { timeoutMs });
    assert.equal((await mallory.process.ended).code, 1);
  });

  await context.step("a token stands for the password over renegotiations", async () => {
    const extra = [await credentials(scenario, "alice", password), "reneg-sec 5"];
    await using alice = await scenario.startClient(client(extra));
    await alice.ready({ timeoutMs });
    const byToken = /Username\/auth-token authentication succeeded for username 'alice'/;
    await server.process.waitForLine(byToken, { timeoutMs });
    const after = server.process.lineCount;
    await server.process.waitForLine(byToken, { timeoutMs, after });
    await alice.process.waitForLine(/renews the auth-token/, { timeoutMs });
    await pingSizes(host, tunnelServerAddress, [56]);
    assert.doesNotMatch(alice.process.output, new RegExp(`${password}|SESS_ID_AT_`));
  });

  await context.step("a server that refuses for the moment is tried again", async () => {
    const extra = [await credentials(scenario, "early", password)];
    await using early = await scenario.startClient(client(extra));
    await early.process.waitForLine(/AUTH_FAILED,TEMP/, { timeoutMs });
    await early.ready({ timeoutMs });
  });

  await context.step("name, password and code are asked for on the terminal", async () => {
    const extra = ["auth-user-pass", 'static-challenge "Your code" 0'];
    await using bob = await scenario.startClient(client(extra, { terminal: true }));
    await bob.process.waitForPrompt(/Enter Auth Username:/);
    await bob.process.write("bob\n");
    await bob.process.waitForPrompt(/Enter Auth Password:/);
    await bob.process.write(`${password}\n`);
    await bob.process.waitForPrompt(/CHALLENGE: Your code/);
    await bob.process.write("123456\n");
    await bob.ready({ timeoutMs });
    assert.doesNotMatch(bob.process.output, /open sesame|123456/);
  });

  await context.step("a challenge of the server's is asked for on the terminal", async () => {
    const extra = [await credentials(scenario, "carol", password)];
    await using carol = await scenario.startClient(client(extra, { terminal: true }));
    await carol.process.waitForPrompt(/CHALLENGE: Which number/);
    await carol.process.write("42\n");
    await carol.ready({ timeoutMs });
    assert.doesNotMatch(carol.process.output, /state-1/);
  });

  await context.step("an address to open is shown, and waited for", async () => {
    const extra = [await credentials(scenario, "dave", password)];
    await using dave = await scenario.startClient(client(extra));
    await dave.process.waitForLine(
      /open this address in a browser: https:\/\/login\.example\/dave$/,
      { timeoutMs },
    );
    await dave.process.waitForLine(/AUTH_PENDING received/, { timeoutMs });
    assert.doesNotMatch(dave.process.output, /Initialization Sequence Completed/);
    await Deno.remove(`${verify}.dave-waits`);
    await dave.ready({ timeoutMs });
  });

  await context.step("a question in between is answered on the terminal", async () => {
    const extra = [await credentials(scenario, "erin", password)];
    await using erin = await scenario.startClient(client(extra, { terminal: true }));
    await erin.process.waitForPrompt(/CHALLENGE: Which colour/);
    await erin.process.write("blue\n");
    await erin.ready({ timeoutMs });
    await pingSizes(host, tunnelServerAddress, [56]);
  });
}, [...peerRequirements, "script", "setpriv"]);
