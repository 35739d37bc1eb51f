import assert from "node:assert/strict";
import fc from "fast-check";
import { Fixture, tell } from "./fixture.ts";

const welcome = ">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info";

// What OpenVPN 2.6.14 answered to these commands, in this order.
const conversation: [string, string[]][] = [
  ["state", ["1796017914,CONNECTED,SUCCESS,10.8.0.1,,,,", "END"]],
  ["state on all", [
    "SUCCESS: real-time state notification set to ON",
    "1796017914,CONNECTING,,,,,,",
    "1796017914,ASSIGN_IP,,10.8.0.1,,,,",
    "1796017914,CONNECTED,SUCCESS,10.8.0.1,,,,",
    "END",
  ]],
  ["state 3", [
    "1796017914,CONNECTING,,,,,,",
    "1796017914,ASSIGN_IP,,10.8.0.1,,,,",
    "1796017914,CONNECTED,SUCCESS,10.8.0.1,,,,",
    "END",
  ]],
  ["state foo", ["ERROR: state parameter must be 'on' or 'off' or some number n or 'all'"]],
  ["status 9", ["ERROR: bad status format version number"]],
  ["bytecount x", ["SUCCESS: bytecount interval changed"]],
  ["log off", ["SUCCESS: real-time log notification set to OFF"]],
  ["echo on all", ["SUCCESS: real-time echo notification set to ON", "END"]],
  ["echo", ["ERROR: the 'echo' command requires at least 1 parameter"]],
  ["verb", ["SUCCESS: verb=4"]],
  ["verb 4", ["SUCCESS: verb level changed"]],
  ["verb 99", ["ERROR: verb level is out of range"]],
  ["mute", ["SUCCESS: mute=0"]],
  ["mute 5", ["SUCCESS: mute level changed"]],
  ["hold", ["SUCCESS: hold=0"]],
  ["hold on", ["SUCCESS: hold flag set to ON"]],
  ["hold off", ["SUCCESS: hold flag set to OFF"]],
  ["hold release", ["SUCCESS: hold release succeeded"]],
  ["hold x", ["ERROR: bad hold command parameter"]],
  ["kill nobody", ["ERROR: common name 'nobody' not found"]],
  ["kill 1.2.3.4:5", ["ERROR: client at address 1.2.3.4:5 not found"]],
  ["kill", ["ERROR: the 'kill' command requires 1 parameter"]],
  ["signal SIGFOO", ["ERROR: signal 'SIGFOO' is not a known signal type"]],
  ["net", ["ERROR: Sorry, this command is currently only implemented on Windows"]],
  ["test 1", ["[0] The purpose of this command is to generate large amounts of output."]],
  ["needok x", ["ERROR: the 'needok' command requires 2 parameters"]],
  ["needok x ok", ["ERROR: no needok-confirmation is currently needed at this time"]],
  ["password", ["ERROR: the 'password' command requires 2 parameters"]],
  ["password Auth x", ["ERROR: no password is currently needed at this time"]],
  ["username Auth x", ["ERROR: no username is currently needed at this time"]],
  ["auth-retry", ["SUCCESS: auth-retry=none"]],
  ["auth-retry none", ["SUCCESS: auth-retry parameter changed"]],
  ["auth-retry foo", ["ERROR: bad auth-retry parameter"]],
  ["forget-passwords", ["SUCCESS: Passwords were forgotten"]],
  ["client-auth", ["ERROR: the 'client-auth' command requires 2 parameters"]],
  ["client-kill 99", ["ERROR: client-kill command failed"]],
  ["client-kill x", ["ERROR: cannot parse CID"]],
  ["client-pending-auth 0 0 x 10", [
    "ERROR: client-pending-auth command failed. Extra parameter might be too long",
  ]],
  ["remote ACCEPT", ["ERROR: The 'remote' command is not supported by the current daemon mode"]],
  ["env-filter", ["SUCCESS: env_filter_level=0"]],
  ["env-filter 1", ["SUCCESS: env_filter_level=1"]],
  ["foo bar", ["ERROR: unknown command, enter 'help' for more options"]],
  ["  ", []],
  ["bytecount 0", ["SUCCESS: bytecount interval changed"]],
  ["kill client", ["SUCCESS: common name 'client' found, 1 client(s) killed"]],
];

Deno.test("a server's answers are OpenVPN's", async () => {
  const fixture = new Fixture("server");
  fixture.management.states.add("1796017914,CONNECTING,,,,,,");
  fixture.management.states.add("1796017914,ASSIGN_IP,,10.8.0.1,,,,");
  fixture.management.states.add("1796017914,CONNECTED,SUCCESS,10.8.0.1,,,,");
  const session = fixture.session();
  assert.deepEqual(fixture.take(), [welcome]);
  for (const [command, answer] of conversation) {
    assert.deepEqual(await tell(fixture, session, `${command}\n`), answer, command);
  }
  assert.deepEqual(await tell(fixture, session, "pid\r\n"), ["SUCCESS: pid=42"]);
  assert.deepEqual(await tell(fixture, session, "status 3\n"), ["status 3", "END"]);
  assert.deepEqual(await tell(fixture, session, "load-stats\n"), [
    "SUCCESS: nclients=1,bytesin=1,bytesout=2",
  ]);
  assert.equal(
    (await tell(fixture, session, "signal SIGUSR1\n"))[0],
    "SUCCESS: signal SIGUSR1 thrown",
  );
  assert.ok(fixture.asked.includes("SIGUSR1"));
  await tell(fixture, session, "quit\n");
  assert.ok(fixture.ended);
});

Deno.test("states go out as they come, in OpenVPN's nine fields", async () => {
  const fixture = new Fixture("client");
  const session = fixture.session();
  await tell(fixture, session, "state on\n");
  fixture.management.recordState({
    name: "CONNECTED",
    detail: "SUCCESS",
    ipv4: "10.8.0.6",
    ipv6: "fd00::6",
    remote: { hostname: "198.18.0.1", port: 1194 },
    local: { hostname: "198.18.0.2", port: 5000 },
  });
  assert.match(
    fixture.take()[0],
    /^>STATE:\d+,CONNECTED,SUCCESS,10\.8\.0\.6,198\.18\.0\.1,1194,198\.18\.0\.2,5000,fd00::6$/,
  );
  session.close();
});

Deno.test("what a peer says makes no lines and no fields", () => {
  const fixture = new Fixture("client");
  const session = fixture.session();
  fixture.take();
  session.wants.state = true;
  fixture.management.recordState({ name: "EXITING", detail: "a\r\n>FATAL:b,c" });
  fixture.management.verificationFailed("Auth", "x'\n>PASSWORD:y");
  const lines = fixture.take();
  assert.equal(lines.length, 2);
  assert.match(lines[0], /^>STATE:\d+,EXITING,a__>FATAL:b;c,,,,,$/);
  session.close();
});

Deno.test("without the password nothing is answered, and few are tried", async () => {
  const fixture = new Fixture("server");
  const session = fixture.session("right");
  assert.equal(fixture.written, "ENTER PASSWORD:");
  fixture.take();
  fixture.management.recordFatal("nobody is to see this");
  assert.deepEqual(await tell(fixture, session, "pid\n"), [
    "ERROR: bad password",
    "ENTER PASSWORD:",
  ]);
  assert.deepEqual(await tell(fixture, session, "\n"), ["ERROR: bad password", "ENTER PASSWORD:"]);
  assert.deepEqual(await tell(fixture, session, "wrong\nright\npid\n"), ["ERROR: bad password"]);
  assert.ok(fixture.ended);
});

Deno.test("with the password everything is as without one", async () => {
  const fixture = new Fixture("server");
  const session = fixture.session("right");
  fixture.take();
  assert.deepEqual(await tell(fixture, session, "right\npid\n"), [
    "SUCCESS: password is correct",
    welcome,
    "SUCCESS: pid=42",
  ]);
  session.close();
});

Deno.test("an endless line before the password ends the session", async () => {
  const fixture = new Fixture("server");
  const session = fixture.session("right");
  await tell(fixture, session, "x".repeat(5000) + "\n");
  assert.ok(fixture.ended);
});

Deno.test("credentials are asked for, entered and handed on", async () => {
  const fixture = new Fixture("client");
  const { queries } = fixture.management;
  const entered = queries.credentials({
    type: "Auth",
    passwordOnly: false,
    challenge: { text: "PIN, please", echo: true },
  });
  await Promise.resolve();
  const session = fixture.session();
  assert.deepEqual(fixture.take(), [
    welcome,
    ">PASSWORD:Need 'Auth' username/password SC:1,PIN, please",
  ]);
  assert.deepEqual(await tell(fixture, session, 'username "Private Key" x\n'), [
    "ERROR: username of type 'Private Key' entered, but we need one of type 'Auth'",
  ]);
  assert.deepEqual(
    await tell(fixture, session, 'username Auth "al ice"\npassword Auth "a\\"b"\n'),
    [
      "SUCCESS: 'Auth' username entered, but not yet verified",
      "SUCCESS: 'Auth' password entered, but not yet verified",
    ],
  );
  assert.deepEqual(await entered, { username: "al ice", password: 'a"b' });
  session.close();
});

Deno.test("questions wait for each other, and can be taken back", async () => {
  const fixture = new Fixture("client");
  const session = fixture.session();
  fixture.take();
  const { queries } = fixture.management;
  const abort = new AbortController();
  const first = queries.credentials({ type: "Private Key", passwordOnly: true }, abort.signal);
  const second = queries.confirmation("token", "insert it");
  const third = queries.remote("vpn.example.com,1194,udp");
  await Promise.resolve();
  assert.deepEqual(fixture.take(), [">PASSWORD:Need 'Private Key' password"]);
  abort.abort(new Error("not needed any more"));
  await assert.rejects(first, /not needed/);
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(fixture.take(), [">NEED-OK:Need 'token' confirmation MSG:insert it"]);
  assert.deepEqual(await tell(fixture, session, "needok token ok\n"), [
    "SUCCESS: 'token' needok-confirmation entered, but not yet verified",
  ]);
  assert.equal(await second, true);
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(fixture.take(), [">REMOTE:vpn.example.com,1194,udp"]);
  await tell(fixture, session, "remote MOD other.example.com 443\n");
  assert.deepEqual(await third, { kind: "modify", hostname: "other.example.com", port: "443" });
  session.close();
});

Deno.test("a start is held until it is released, once", async () => {
  const fixture = new Fixture("client", { hold: true });
  const { management } = fixture;
  const { signal } = new AbortController();
  const session = fixture.session();
  fixture.take();
  const released = management.waitForRelease(5, signal);
  assert.deepEqual(fixture.take(), [">HOLD:Waiting for hold release:5"]);
  await tell(fixture, session, "hold release\n");
  await released;
  const abort = new AbortController();
  const again = management.waitForRelease(0, abort.signal);
  assert.deepEqual(fixture.take(), [">HOLD:Waiting for hold release:0"]);
  abort.abort(new Error("the end"));
  await assert.rejects(again, /the end/);
  session.close();
});

Deno.test("a client is let in with options, kept out, told to wait", async () => {
  const fixture = new Fixture("server");
  const session = fixture.session();
  fixture.take();
  const told: string[] = [];
  const ask = (keyId: number, signal = new AbortController().signal) =>
    fixture.management.decisions.ask({
      clientId: 3,
      keyId,
      renewal: keyId > 0,
      environment: { common_name: "cl\nient", username: "alice" },
      pending: (extra, timeout) => (told.push(`${extra} ${timeout}`), true),
    }, signal);
  const first = ask(0);
  assert.deepEqual(fixture.take(), [
    ">CLIENT:CONNECT,3,0",
    ">CLIENT:ENV,common_name=cl_ient",
    ">CLIENT:ENV,username=alice",
    ">CLIENT:ENV,END",
  ]);
  await tell(fixture, session, 'client-pending-auth 3 0 "WEB_AUTH::https://x" 30\n');
  assert.deepEqual(told, ["WEB_AUTH::https://x 30"]);
  assert.deepEqual(
    await tell(
      fixture,
      session,
      'client-auth 3 0\npush "route 10.0.0.0 255.0.0.0"\npid\nEND\npid\n',
    ),
    ["SUCCESS: client-auth command succeeded", "SUCCESS: pid=42"],
  );
  assert.deepEqual(await first, {
    kind: "accept",
    options: ['push "route 10.0.0.0 255.0.0.0"', "pid"],
  });
  assert.deepEqual(await tell(fixture, session, "client-auth-nt 3 0\n"), [
    "ERROR: client-auth command failed",
  ]);
  const second = ask(1);
  assert.equal(fixture.take()[0], ">CLIENT:REAUTH,3,1");
  await tell(fixture, session, 'client-deny 3 1 "for the log" "for you"\n');
  assert.deepEqual(await second, {
    kind: "deny",
    reason: "for the log",
    clientReason: "for you",
  });
  session.close();
});

Deno.test("lines without END end the session before they fill the memory", async () => {
  const fixture = new Fixture("server");
  const session = fixture.session();
  await tell(fixture, session, "client-auth 0 0\n");
  for (let i = 0; i < 2000 && !fixture.ended; i++) {
    await tell(fixture, session, "x".repeat(100) + "\n");
  }
  assert.ok(fixture.ended);
});

Deno.test("when a management client goes, passwords and session go as configured", () => {
  const fixture = new Fixture("client", { signalOnDisconnect: true, forgetOnDisconnect: true });
  fixture.session().close();
  assert.deepEqual(fixture.asked, ["forget", "SIGUSR1"]);
});

Deno.test("whatever is sent, the session answers or ends, and every answer is a line", async () => {
  const word = fc.oneof(
    fc.constantFrom(...conversation.map(([command]) => command), "client-auth 0 0", "END", "help"),
    fc.string({ unit: "binary", maxLength: 30 }),
  );
  await fc.assert(fc.asyncProperty(fc.array(word, { maxLength: 15 }), async (words) => {
    const fixture = new Fixture("server");
    const session = fixture.session();
    await session.receive(new TextEncoder().encode(words.join("\n") + "\n"));
    session.close();
    for (const line of fixture.take()) assert.doesNotMatch(line, /[\r\n]/);
  }));
});
