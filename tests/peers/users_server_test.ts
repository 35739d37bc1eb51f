/** Our server checks users by password, with OpenVPN as their client. */
import assert from "node:assert/strict";
import { tunnelServerAddress } from "../harness/configs.ts";
import { eventually } from "../harness/eventually.ts";
import { ManagementClient } from "../harness/management.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario, type StartOptions } from "../harness/scenario.ts";
import { pingSizes } from "../harness/traffic.ts";
import { makeUsers, presentCode, userPassword } from "../harness/users.ts";

/** For logs of a machine that does other things too, ms. */
const timeoutMs = 60_000;

const completed = /Initialization Sequence Completed/;

async function passwordFile(scenario: Scenario, name: string, password: string): Promise<string> {
  const path = `${scenario.directory}/${crypto.randomUUID()}.txt`;
  await Deno.writeTextFile(path, `${name}\n${password}\n`, { mode: 0o600 });
  return `auth-user-pass ${path}`;
}

/** OpenVPN without a certificate. */
function client(extra: readonly string[]): StartOptions {
  return { implementation: "openvpn", withoutCertificate: true, extra };
}

/** OpenVPN whose user sits at its management interface. */
function managedClient(socket: string, extra: readonly string[] = []): StartOptions {
  return client([
    "auth-user-pass",
    `management ${socket} unix`,
    "management-query-passwords",
    "auth-retry interact",
    ...extra,
  ]);
}

await testWith("users without certificates come in by password", async (context) => {
  await using scenario = await Scenario.create("users");
  const path = `${scenario.directory}/users.json`;
  const users = await makeUsers(path, { plain: ["alice"], totp: ["bob", "carol"] });
  await using server = await scenario.startServer({
    implementation: "ours",
    extra: [
      `vpn-users ${path}`,
      "verify-client-cert none",
      "username-as-common-name",
      "auth-gen-token",
    ],
  });
  await server.ready({ timeoutMs });
  const host = scenario.clientHost().namespace;

  await context.step("a wrong password is refused", async () => {
    const extra = [await passwordFile(scenario, "alice", "wrong horse battery")];
    await using wrong = await scenario.startClient(client(extra));
    await wrong.process.waitForLine(/AUTH: Received control message: AUTH_FAILED/, { timeoutMs });
    await server.process.waitForLine(/verification failed for peer \(wrong password\)/);
    assert.doesNotMatch(wrong.process.output, completed);
  });

  await context.step("no password is refused, with the reason", async () => {
    await using silent = await scenario.startClient({ implementation: "openvpn" });
    await silent.process.waitForLine(/AUTH_FAILED,user name and password are needed/, {
      timeoutMs,
    });
  });

  await context.step(
    "the right one names the client, a token renews it, and a disabled user is out at once",
    async () => {
      const extra = [
        await passwordFile(scenario, "alice", userPassword),
        "auth-nocache",
        "reneg-sec 5",
      ];
      await using alice = await scenario.startClient(client(extra));
      await alice.ready({ timeoutMs });
      await server.process.waitForLine(/authentication succeeded for username 'alice' \[CN SET\]/);
      await server.process.waitForLine(/SENT CONTROL \[alice\]/);
      await pingSizes(host, tunnelServerAddress, [56]);
      // Two renegotiations: the second one with the token that the first one brought.
      const byToken = /Username\/auth-token authentication succeeded for username 'alice'/;
      await server.process.waitForLine(byToken, { timeoutMs });
      const after = server.process.lineCount;
      await server.process.waitForLine(byToken, { timeoutMs, after });
      await pingSizes(host, tunnelServerAddress, [56]);
      assert.doesNotMatch(server.process.output, new RegExp(`${userPassword}|SESS_ID_AT_`));
      await users.update((list) =>
        list.map((user) => user.name === "alice" ? { ...user, disabled: true } : user)
      );
      await server.process.waitForLine(/user 'alice' is removed, disabled/, { timeoutMs });
      await alice.process.waitForLine(/AUTH_FAILED,the account was changed/, { timeoutMs });
      const { code } = await host.tryExec(["ping", "-c", "1", "-W", "1", tunnelServerAddress]);
      assert.notEqual(code, 0);
    },
  );

  await context.step("a one-time code goes with the password (static challenge)", async () => {
    const socket = `${scenario.directory}/static`;
    const extra = ['static-challenge "Your code" 1'];
    await using bob = await scenario.startClient(managedClient(socket, extra));
    await using user = await ManagementClient.connect(socket);
    await user.waitForLine(/^>PASSWORD:Need 'Auth' username\/password SC:1,Your code/);
    await user.send(`username "Auth" bob`);
    await user.send(`password "Auth" "SCRV1:${btoa(userPassword)}:${btoa(presentCode())}"`);
    await bob.ready({ timeoutMs });
    await server.process.waitForLine(/SENT CONTROL \[bob\]/);
  });

  await context.step("a one-time code is asked for (dynamic challenge)", async () => {
    const socket = `${scenario.directory}/dynamic`;
    await using carol = await scenario.startClient(managedClient(socket));
    await using user = await ManagementClient.connect(socket);
    const login = async (password: string) => {
      await user.waitForLine(/^>PASSWORD:Need 'Auth' username\/password/);
      await user.send(`username "Auth" carol`);
      await user.send(`password "Auth" "${password}"`);
    };
    const asked = /^>PASSWORD:Verification Failed: 'Auth' \['CRV1:R,E:([^:]+):([^:]+):(.*)'\]/;
    await login(userPassword);
    const [, state, name, text] = await user.waitForLine(asked);
    assert.equal(atob(name), "carol");
    assert.match(text, /one-time code/);
    // Wrong first: then the password is wanted again.
    await login(`CRV1::${state}::000000`);
    await user.waitForLine(/^>PASSWORD:Verification Failed: 'Auth'$/);
    await login(userPassword);
    const [, again] = await user.waitForLine(asked);
    await login(`CRV1::${again}::${presentCode()}`);
    await carol.ready({ timeoutMs });
    await server.process.waitForLine(/SENT CONTROL \[carol\]/);
  });
});

await testWith("a token outlives the server, and counts at OpenVPN's as well", async () => {
  await using scenario = await Scenario.create("secret");
  const { directory } = scenario;
  const secret = `${directory}/token.key`;
  await scenario.serverHost.namespace.exec(["openvpn", "--genkey", "auth-token", secret]);
  const path = `${directory}/users.json`;
  await makeUsers(path, { totp: ["bob"] });
  const common = [
    "verify-client-cert none",
    "username-as-common-name",
    "auth-gen-token 3600 120",
    `auth-gen-token-secret ${secret}`,
    // Clients come back at once.
    "explicit-exit-notify 1",
  ];
  const ours = { implementation: "ours", extra: [`vpn-users ${path}`, ...common] } as const;
  const socket = `${directory}/bob`;
  const byToken = /Username\/auth-token authentication succeeded for username 'bob'/;
  await using first = await scenario.startServer(ours);
  await first.ready({ timeoutMs });
  await using bob = await scenario.startClient(
    managedClient(socket, ['static-challenge "Your code" 1']),
  );
  await using user = await ManagementClient.connect(socket);
  await user.waitForLine(/^>PASSWORD:Need 'Auth' username\/password SC:1,Your code/);
  await user.send(`username "Auth" bob`);
  await user.send(`password "Auth" "SCRV1:${btoa(userPassword)}:${btoa(presentCode())}"`);
  await bob.ready({ timeoutMs });
  await first.process.stop("SIGTERM", timeoutMs);
  {
    const after = bob.process.lineCount;
    await using second = await scenario.startServer(ours);
    await second.process.waitForLine(byToken, { timeoutMs });
    await bob.ready({ timeoutMs, after });
    await second.process.stop("SIGTERM", timeoutMs);
  }
  const after = bob.process.lineCount;
  // Nobody comes in there but by a token.
  const nobody = ["script-security 2", "auth-user-pass-verify /bin/false via-file"];
  await using third = await scenario.startServer({
    implementation: "openvpn",
    extra: [...nobody, ...common],
  });
  await third.process.waitForLine(byToken, { timeoutMs });
  await bob.ready({ timeoutMs, after });
  await pingSizes(scenario.clientHost().namespace, tunnelServerAddress, [56]);
});

/** What decides in place of a file; it keeps the environment that it was called with. */
const decider = `#!/bin/sh
env > "$0.$username.env"
case "$username $password" in
  " ") [ "$common_name" = client ]; exit ;;
  "alice open sesame") [ ! -e "$0.no-alice" ]; exit ;;
  "early open sesame")
    [ -e "$0.late" ] && exit 0
    touch "$0.late"
    printf 'TEMP[backoff 1,advance no]:come later' > "$auth_failed_reason_file"
    exit 1 ;;
  "slow open sesame")
    touch "$0.waits"
    ( while [ -e "$0.waits" ]; do sleep 0.2; done; printf 1 > "$auth_control_file" ) \\
      < /dev/null > /dev/null 2>&1 &
    exit 2 ;;
  "erin open sesame")
    printf '60\\ncrtext\\nCR_TEXT:R,E:Which colour\\n' > "$auth_pending_file"
    exit 2 ;;
  *) printf 'no %s here' "$username" > "$auth_failed_reason_file"; exit 1 ;;
esac
`;

const answerJudge = `#!/bin/sh
[ "$(cat "$1")" = "${btoa("blue")}" ] && printf 1 > "$auth_control_file"
`;

await testWith(
  "a program decides, at once or later, and nobody waits for others",
  async (context) => {
    await using scenario = await Scenario.create("verify", { clients: 2 });
    const { directory } = scenario;
    const verify = `${directory}/verify.sh`;
    const judge = `${directory}/judge.sh`;
    await Deno.writeTextFile(verify, decider, { mode: 0o700 });
    await Deno.writeTextFile(judge, answerJudge, { mode: 0o700 });
    await using server = await scenario.startServer({
      implementation: "ours",
      extra: [
        "script-security 3",
        `auth-user-pass-verify ${verify} via-env`,
        `client-crresponse ${judge}`,
        "verify-client-cert optional",
        "auth-user-pass-optional",
        "username-as-common-name",
        "duplicate-cn",
      ],
      // What a program must not get to see.
      env: { SECRET_OF_THE_SERVER: "x" },
    });
    await server.ready({ timeoutMs });
    const environment = async (name: string) => {
      const text = await Deno.readTextFile(`${verify}.${name}.env`);
      return new Map(
        text.split("\n").map((line) => {
          const at = line.indexOf("=");
          return [line.slice(0, at), line.slice(at + 1)];
        }),
      );
    };

    await context.step("it may refuse, with a reason", async () => {
      const extra = [await passwordFile(scenario, "mallory", "x")];
      await using mallory = await scenario.startClient(client(extra));
      await mallory.process.waitForLine(/AUTH_FAILED,no mallory here/, { timeoutMs });
    });

    await context.step("a certificate is enough where it says so", async () => {
      await using device = await scenario.startClient({ implementation: "openvpn" });
      await device.ready({ timeoutMs });
      await server.process.waitForLine(/SENT CONTROL \[client\]/, { timeoutMs });
      assert.equal((await environment("")).get("username"), "");
    });

    await context.step("it may take its time, and others come in meanwhile", async () => {
      const slowly = [await passwordFile(scenario, "slow", "open sesame")];
      await using slow = await scenario.startClient(client(slowly), 0);
      await eventually("the program runs", () => Deno.stat(`${verify}.waits`).then(() => true));
      const extra = [await passwordFile(scenario, "alice", "open sesame")];
      await using alice = await scenario.startClient({ implementation: "openvpn", extra }, 1);
      await alice.ready({ timeoutMs });
      await pingSizes(scenario.clientHost(1).namespace, tunnelServerAddress, [56]);
      assert.doesNotMatch(slow.process.output, completed);
      await Deno.remove(`${verify}.waits`);
      await slow.ready({ timeoutMs });
      await pingSizes(scenario.clientHost(0).namespace, tunnelServerAddress, [56]);

      const variables = await environment("alice");
      assert.equal(variables.get("common_name"), "client");
      assert.equal(variables.get("script_type"), "user-pass-verify");
      assert.equal(variables.get("untrusted_ip"), scenario.clientHost(1).address);
      assert.match(variables.get("untrusted_port") ?? "", /^\d+$/);
      assert.match(variables.get("IV_VER") ?? "", /^2\.\d/);
      assert.equal(variables.get("SECRET_OF_THE_SERVER"), undefined);
      assert.equal((await environment("slow")).get("common_name"), "");
    });

    await context.step("it may send away for a moment", async () => {
      const extra = [await passwordFile(scenario, "early", "open sesame")];
      await using early = await scenario.startClient(client(extra));
      await early.process.waitForLine(/AUTH_FAILED,TEMP\[backoff 1,advance no\]:come later/, {
        timeoutMs,
      });
      await early.ready({ timeoutMs });
    });

    await context.step(
      "it is asked again when keys are renewed, and may change its mind",
      async () => {
        const extra = [await passwordFile(scenario, "alice", "open sesame"), "reneg-sec 3"];
        await using alice = await scenario.startClient(client(extra));
        const mark = server.process.lineCount;
        await alice.ready({ timeoutMs });
        const again = /alice.*Username\/Password authentication succeeded for username 'alice'/;
        await server.process.waitForLine(again, { timeoutMs, after: mark });
        await Deno.writeTextFile(`${verify}.no-alice`, "");
        await alice.process.waitForLine(/AUTH_FAILED/, { timeoutMs });
        // Told, rather than left alone and refused when it came again.
        assert.ok(!alice.process.output.includes("Inactivity timeout"));
        await server.process.waitForLine(/alice.*client-instance exiting/, {
          timeoutMs,
          after: mark,
        });
      },
    );

    await context.step("it may have the user asked meanwhile", async () => {
      const socket = `${directory}/erin`;
      const extra = ["setenv IV_SSO crtext", "push-peer-info"];
      await using erin = await scenario.startClient(managedClient(socket, extra));
      await using user = await ManagementClient.connect(socket);
      await user.waitForLine(/^>PASSWORD:Need 'Auth' username\/password/);
      await user.send(`username "Auth" erin`);
      await user.send(`password "Auth" "open sesame"`);
      await user.waitForLine(/^>INFOMSG:CR_TEXT:R,E:Which colour/);
      await user.send(`cr-response ${btoa("blue")}`);
      await erin.ready({ timeoutMs });
    });

    await context.step("one who can't be asked is told", async () => {
      const extra = [await passwordFile(scenario, "erin", "open sesame")];
      await using erin = await scenario.startClient(client(extra));
      await erin.process.waitForLine(/AUTH_FAILED,.*pending auth method 'crtext' not supported/, {
        timeoutMs,
      });
    });
  },
);
