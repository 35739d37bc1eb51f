import assert from "node:assert/strict";
import type { CredentialPrompt } from "../../../../lib/app/client/credential_prompt.ts";
import { UserCredentialSource } from "../../../../lib/app/client/user_credentials.ts";
import {
  type ClientConfig,
  LoadedFiles,
  loadFiles,
  parseConfigText,
} from "../../../../lib/config/mod.ts";
import { staticResponse } from "../../../../lib/users/challenge.ts";

/** Answers from a list, and writes down what was asked. */
class ScriptedPrompt implements CredentialPrompt {
  readonly asked: string[] = [];
  constructor(readonly answers: string[]) {}

  #answer(question: string): string {
    this.asked.push(question);
    const answer = this.answers.shift();
    if (answer === undefined) throw new Error(`no answer to ${question}`);
    return answer;
  }

  userPass(request: Parameters<CredentialPrompt["userPass"]>[0]) {
    const username = request.username ?? this.#answer("username");
    const password = this.#answer("password");
    const { staticChallenge } = request;
    return Promise.resolve({
      username,
      password,
      ...(staticChallenge && { response: this.#answer(staticChallenge.text) }),
    });
  }
  challenge(request: Parameters<CredentialPrompt["challenge"]>[0]) {
    return Promise.resolve(this.#answer(request.text));
  }
  passphrase() {
    return Promise.resolve(this.#answer("passphrase"));
  }
  refused(): void {}
  openUrl(): void {}
}

function setting(lines: readonly string[], answers: string[], file = "alice\nopen sesame\n") {
  const { config } = parseConfigText(
    ["client", "dev tun", "remote 192.0.2.1", "<ca>", "x", "</ca>", ...lines].join("\n"),
    "test.ovpn",
  );
  const client = config as ClientConfig;
  const { authUserPass } = client;
  const files = new LoadedFiles(
    new Map(
      authUserPass === undefined || authUserPass.source === "prompt"
        ? []
        : [[authUserPass, new TextEncoder().encode(file)]],
    ),
    [],
    [],
  );
  const prompt = new ScriptedPrompt(answers);
  return { source: new UserCredentialSource(client, files, prompt), prompt };
}

const { signal } = new AbortController();

Deno.test("name and password come from a file, and only what is missing is asked for", async () => {
  const whole = setting(["auth-user-pass file"], []);
  assert.deepEqual(await whole.source.get(signal), {
    username: "alice",
    password: "open sesame",
  });
  const half = setting(["auth-user-pass file"], ["sesame"], "alice\n");
  assert.deepEqual(await half.source.get(signal), { username: "alice", password: "sesame" });
  assert.deepEqual(half.prompt.asked, ["password"]);
});

Deno.test("what was asked for is remembered, unless auth-nocache", async () => {
  const answers = () => ["alice", "one", "alice", "two"];
  const cached = setting(["auth-user-pass"], answers());
  await cached.source.prepare(signal);
  await cached.source.get(signal);
  assert.equal((await cached.source.get(signal))?.password, "one");
  const uncached = setting(["auth-user-pass", "auth-nocache"], answers());
  await uncached.source.prepare(signal);
  assert.equal((await uncached.source.get(signal))?.password, "one");
  assert.equal((await uncached.source.get(signal))?.password, "two");
});

Deno.test("it is asked before the connection, once", async () => {
  const { source, prompt } = setting(["auth-user-pass"], ["alice", "one"]);
  await source.prepare(signal);
  await source.prepare(signal);
  assert.equal((await source.get(signal))?.password, "one");
  assert.deepEqual(prompt.asked, ["username", "password"]);
});

Deno.test("auth-retry says what a refusal means", async () => {
  const none = setting(["auth-user-pass"], ["alice", "one"]);
  await none.source.get(signal);
  assert.equal(none.source.refused("no"), "end");
  const again = setting(["auth-user-pass", "auth-retry nointeract"], ["alice", "one"]);
  await again.source.get(signal);
  assert.equal(again.source.refused(undefined), "retry");
  assert.equal((await again.source.get(signal))?.password, "one");
  const other = setting(["auth-user-pass", "auth-retry interact"], ["alice", "one", "alice", "2"]);
  await other.source.get(signal);
  assert.equal(other.source.refused("no"), "retry");
  assert.equal((await other.source.get(signal))?.password, "2");
});

Deno.test("a token stands for the password until the server refuses it", async () => {
  const { source } = setting(["auth-user-pass"], ["alice", "one"]);
  await source.get(signal);
  source.tokenPushed("SESS_ID_AT_x", undefined);
  assert.deepEqual(await source.get(signal), { username: "alice", password: "SESS_ID_AT_x" });
  source.tokenPushed("SESS_ID_AT_y", "bob");
  assert.deepEqual(await source.get(signal), { username: "bob", password: "SESS_ID_AT_y" });
  assert.equal(source.refused("SESSION: token expired"), "retry");
  assert.equal((await source.get(signal))?.password, "one");
  assert.equal(source.refused("no"), "end");
});

Deno.test("a static challenge is asked each time, the password once", async () => {
  const lines = ['static-challenge "Code" 1'];
  const asked = setting(["auth-user-pass", ...lines], ["alice", "one", "111", "222"]);
  assert.equal((await asked.source.get(signal))?.password, staticResponse("one", "111"));
  assert.equal((await asked.source.get(signal))?.password, staticResponse("one", "222"));
  const file = setting(["auth-user-pass file", ...lines], ["333"]);
  assert.equal((await file.source.get(signal))?.password, staticResponse("open sesame", "333"));
  const joined = setting(
    ["auth-user-pass", 'static-challenge "Code" 0 concat'],
    ["alice", "one", "111"],
  );
  assert.equal((await joined.source.get(signal))?.password, "one111");
});

Deno.test("a dynamic challenge is answered once, and is no failure", async () => {
  const { source, prompt } = setting(["auth-user-pass file"], ["123456"]);
  await source.get(signal);
  assert.equal(source.refused("CRV1:R,E:state:YWxpY2U=:Which code"), "retry");
  await source.prepare(signal);
  assert.deepEqual(await source.get(signal), {
    username: "alice",
    password: "CRV1::state::123456",
  });
  assert.deepEqual(prompt.asked, ["Which code"]);
  assert.equal((await source.get(signal))?.password, "open sesame");
  assert.equal(source.refused("wrong code"), "end");
});

Deno.test("without auth-user-pass there is nothing to say", async () => {
  const { source } = setting(["cert c", "key k"], []);
  await source.prepare(signal);
  assert.equal(await source.get(signal), undefined);
});

Deno.test("name and password may stand in the profile", async () => {
  const lines = ["<auth-user-pass>", "alice", "open sesame", "</auth-user-pass>"];
  const { config } = parseConfigText(
    ["client", "dev tun", "remote 192.0.2.1", "<ca>", "x", "</ca>", ...lines].join("\n"),
    "test.ovpn",
  );
  const client = config as ClientConfig;
  const source = new UserCredentialSource(client, loadFiles(client), new ScriptedPrompt([]));
  assert.deepEqual(await source.get(signal), { username: "alice", password: "open sesame" });
});
