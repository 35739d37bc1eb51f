import assert from "node:assert/strict";
import { clientLines, parseLines, refusal, server, serverLines } from "./profile.ts";

Deno.test("users are checked by a file, a program, or both", () => {
  assert.equal(server().login.users, undefined);
  assert.equal(server().login.optional, false);
  const { login } = server(
    "script-security 2",
    "cd /etc/vpn",
    "vpn-users users.json",
    `auth-user-pass-verify "/bin/check -x" via-file`,
    "auth-user-pass-optional",
  );
  assert.ok(login.users?.source === "file");
  assert.equal(login.users.path, "/etc/vpn/users.json");
  assert.deepEqual(login.verify, { command: "/bin/check -x", method: "via-file" });
  assert.equal(login.optional, true);
});

Deno.test("tokens last and are renewed as is said", () => {
  const token = (...lines: string[]) => server("vpn-users u", ...lines).login.token;
  assert.equal(token(), undefined);
  assert.deepEqual(token("auth-gen-token"), { lifetime: 0, renewal: 3600, externalAuth: false });
  assert.deepEqual(token("auth-gen-token 7200", "reneg-sec 600"), {
    lifetime: 7200,
    renewal: 600,
    externalAuth: false,
  });
  assert.deepEqual(token("auth-gen-token 7200 300 external-auth"), {
    lifetime: 7200,
    renewal: 300,
    externalAuth: true,
  });
  assert.equal(token("auth-gen-token 0 external-auth")?.externalAuth, true);
  // Long enough for two handshakes.
  assert.equal(token("auth-gen-token", "reneg-sec 5")?.renewal, 120);
  const secret = token("auth-gen-token", "auth-gen-token-secret s")?.secret;
  assert.ok(secret?.source === "file" && secret.path === "s");
});

const refusals: [string, RegExp][] = [
  [
    "verify-client-cert none",
    /"verify-client-cert" needs something that checks passwords: add "vpn/,
  ],
  ["verify-client-cert optional", /needs something that checks passwords/],
  ["username-as-common-name", /needs something that checks passwords/],
  ["auth-user-pass-optional", /needs something that checks passwords/],
  ["auth-user-pass-verify /x via-file", /without "script-security 2"/],
  ["script-security 2\nauth-user-pass-verify /x via-env", /without "script-security 3"/],
  ["script-security 2\nauth-user-pass-verify /x", /parameter/],
  ["script-security 2\nauth-user-pass-verify /x via-fiel", /did you mean "via-file"/],
  ["auth-gen-token-secret s", /"auth-gen-token-secret" without "auth-gen-token"/],
  ["auth-gen-token\nreneg-sec 0", /"reneg-sec 0": tokens could not be renewed/],
  ["auth-gen-token 0 100", /less than twice "hand-window": write at least 120/],
  ["auth-gen-token 0 600 600", /expects "external-auth", not "600"/],
  ["auth-gen-token soon", /expects a number of seconds/],
];

for (const [lines, expected] of refusals) {
  Deno.test(`refused: ${lines.replaceAll("\n", " / ")}`, () => {
    const problem = refusal(() => parseLines([...serverLines, ...lines.split("\n")]));
    assert.match(problem ?? "nothing was refused", expected);
  });
}

Deno.test("what checks users is for servers", () => {
  for (const line of ["vpn-users u", "auth-gen-token", "verify-client-cert none"]) {
    assert.match(refusal(() => parseLines([...clientLines, line])) ?? "", /is for servers/);
  }
});

Deno.test("that a password is enough is said", () => {
  const { notices } = parseLines([...serverLines, "verify-client-cert none", "vpn-users u"]);
  assert.ok(
    notices.some(({ level, message }) =>
      level === "warning" && message.includes("a password alone lets clients in")
    ),
  );
});
