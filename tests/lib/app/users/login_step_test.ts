import assert from "node:assert/strict";
import { AdmissionRefusal, type Candidate } from "../../../../lib/app/server/admission.ts";
import type { Login, LoginDecider } from "../../../../lib/app/users/login_decider.ts";
import { LoginStep } from "../../../../lib/app/users/login_step.ts";
import { LoginTokens } from "../../../../lib/app/users/login_tokens.ts";
import { LoadedFiles, type LoginOptions } from "../../../../lib/config/mod.ts";
import { type TestCandidate, testCandidate } from "./candidate.ts";

const noFiles = new LoadedFiles(new Map(), [], []);

/** Lets those in that say "right", and writes down what it was asked. */
class TestDecider implements LoginDecider {
  readonly name = "test";
  readonly asked: Login[] = [];
  constructor(
    readonly once = false,
    readonly stillValid?: (username: string, since: number) => boolean,
  ) {}
  decide(login: Login): Promise<{ once: boolean }> {
    this.asked.push(login);
    if (login.password === "right") return Promise.resolve({ once: this.once });
    return Promise.reject(new AdmissionRefusal("wrong", "for the client"));
  }
}

interface StepOptions {
  readonly login?: Partial<LoginOptions>;
  readonly usernameAsCommonName?: boolean;
  readonly deciders?: readonly LoginDecider[];
}

const tokenOptions = { lifetime: 0, renewal: 3600, externalAuth: false };

function makeStep({ login = {}, usernameAsCommonName = true, deciders }: StepOptions = {}) {
  const options = { optional: false, ...login };
  return new LoginStep({
    login: options,
    usernameAsCommonName,
    deciders: deciders ?? [new TestDecider()],
    tokens: new LoginTokens(options.token, noFiles, 3600),
  });
}

async function refusal(step: LoginStep, candidate: Candidate): Promise<string | undefined> {
  try {
    await step.take(candidate);
  } catch (error) {
    assert.ok(error instanceof AdmissionRefusal);
    return error.answer ?? "";
  }
  return undefined;
}

/** The token that a client was given. */
function tokenOf(candidate: TestCandidate): string | undefined {
  const options = [...candidate.push.session, ...candidate.toldWithKeys];
  return options.map((option) => /^(?:PUSH_REPLY,)?auth-token (\S+)$/.exec(option)?.[1]).at(-1);
}

/** The same client at its next renegotiation. */
function again(candidate: Candidate, password: string, username = "alice"): TestCandidate {
  return testCandidate(username, password, { id: candidate.id, renegotiation: true });
}

Deno.test("whoever gives the right password is named by the user", async () => {
  const candidate = testCandidate("alice", "right");
  await makeStep().take(candidate);
  assert.equal(candidate.commonName, "alice");
  assert.equal(tokenOf(candidate), undefined);
  const other = testCandidate("alice", "right", { commonName: "device" });
  await makeStep({ usernameAsCommonName: false }).take(other);
  assert.equal(other.commonName, "device");
  assert.equal(other.variables.username, "alice");
});

Deno.test("a wrong password, or none, is refused", async () => {
  const step = makeStep();
  assert.equal(await refusal(step, testCandidate("alice", "wrong")), "for the client");
  for (const [name, password] of [[undefined, undefined], ["alice", ""], ["", "right"]]) {
    const answer = await refusal(step, testCandidate(name, password));
    assert.equal(answer, "user name and password are needed");
  }
});

Deno.test("all that decide must agree", async () => {
  const no: LoginDecider = {
    name: "no",
    decide: () => Promise.reject(new AdmissionRefusal("no", "not you")),
  };
  const yes = new TestDecider();
  assert.equal(
    await refusal(makeStep({ deciders: [yes, no] }), testCandidate("alice", "right")),
    "not you",
  );
  assert.equal(yes.asked.length, 1);
});

Deno.test("where a user name may be missing, the deciders say so", async () => {
  const decider = new TestDecider();
  const step = makeStep({ login: { optional: true }, deciders: [decider] });
  const candidate = testCandidate(undefined, undefined);
  assert.equal(await refusal(step, candidate), "for the client");
  assert.deepEqual(decider.asked.map(({ username, password }) => [username, password]), [["", ""]]);
  assert.equal(candidate.commonName, "UNDEF");
});

Deno.test("a token stands for the password, and is renewed with the keys", async () => {
  const decider = new TestDecider();
  const step = makeStep({ login: { token: tokenOptions }, deciders: [decider] });
  const candidate = testCandidate("alice", "right");
  await step.take(candidate);
  const token = tokenOf(candidate)!;
  assert.match(token, /^SESS_ID_AT_/);
  const renewal = again(candidate, token);
  await step.take(renewal);
  assert.deepEqual([...renewal.push.session], []);
  assert.equal(renewal.toldWithKeys.length, 1);
  // A new connection of the same user, as after a change of networks.
  const back = testCandidate("alice", tokenOf(renewal));
  await step.take(back);
  assert.equal(back.commonName, "alice");
  assert.ok(tokenOf(back));
  assert.equal(decider.asked.length, 1);
});

Deno.test("a token is no good for others, in another log-in, or at another server", async () => {
  const step = makeStep({ login: { token: tokenOptions } });
  const candidate = testCandidate("alice", "right");
  await step.take(candidate);
  const token = tokenOf(candidate)!;
  const expired = "SESSION: token expired";
  assert.equal(await refusal(step, testCandidate("bob", token)), expired);
  const other = testCandidate("alice", "right");
  await step.take(other);
  assert.equal(await refusal(step, again(candidate, tokenOf(other)!)), expired);
  const stranger = makeStep({ login: { token: tokenOptions } });
  assert.equal(await refusal(stranger, testCandidate("alice", token)), expired);
  // It never reaches what checks passwords, even where no tokens are given.
  const decider = new TestDecider();
  await refusal(makeStep({ deciders: [decider] }), testCandidate("alice", token));
  assert.equal(decider.asked.length, 0);
});

Deno.test("a token ends with its lifetime", async () => {
  const step = makeStep({ login: { token: { lifetime: 1, renewal: 3600, externalAuth: false } } });
  const candidate = testCandidate("alice", "right");
  const now = Date.now;
  try {
    await step.take(candidate);
    const start = now();
    Date.now = () => start + 3000;
    const answer = await refusal(step, testCandidate("alice", tokenOf(candidate)));
    assert.equal(answer, "SESSION: token expired");
  } finally {
    Date.now = now;
  }
});

Deno.test("a token is no good for a user who may not come in any more", async () => {
  let present = true;
  const since: number[] = [];
  const decider = new TestDecider(false, (_name, moment) => {
    since.push(moment);
    return present;
  });
  const step = makeStep({ login: { token: tokenOptions }, deciders: [decider] });
  const candidate = testCandidate("alice", "right");
  await step.take(candidate);
  const renewal = again(candidate, tokenOf(candidate)!);
  await step.take(renewal);
  present = false;
  assert.equal(await refusal(step, again(candidate, tokenOf(renewal)!)), "");
  assert.ok(since.every((moment) => Math.abs(moment - Date.now() / 1000) < 60));
});

Deno.test("who can't say the password twice gets a token without configuration", async () => {
  const step = makeStep({ deciders: [new TestDecider(true)] });
  const candidate = testCandidate("alice", "right");
  await step.take(candidate);
  const renewal = again(candidate, tokenOf(candidate)!);
  await step.take(renewal);
  assert.ok(tokenOf(renewal));
});

Deno.test("external-auth asks those that decide about tokens too", async () => {
  const decider = new TestDecider();
  const token = { ...tokenOptions, externalAuth: true };
  const step = makeStep({ login: { token }, deciders: [decider] });
  const candidate = testCandidate("alice", "right");
  await step.take(candidate);
  const given = tokenOf(candidate)!;
  await refusal(step, again(candidate, given));
  await refusal(step, testCandidate("alice", given.replace(/.$/, "_")));
  assert.deepEqual(
    decider.asked.map(({ variables }) => variables.session_state),
    ["Initial", "Authenticated", "Invalid"],
  );
  assert.equal(decider.asked[1].password, given);
  assert.equal(decider.asked[1].variables.session_id, decider.asked[0].variables.session_id);
  assert.equal(given.slice(11, 27), decider.asked[0].variables.session_id);
});

Deno.test("a client can't become another user", async () => {
  const step = makeStep();
  const candidate = testCandidate("alice", "right");
  await step.take(candidate);
  assert.equal(await refusal(step, again(candidate, "right", "bob")), "");
  await step.take(again(candidate, "right"));
  candidate.leave();
  // Its number is free then.
  await step.take(again(candidate, "right", "bob"));
});

Deno.test("control characters of a name reach no log", async () => {
  const candidate = testCandidate("a\nb\x1b", "right");
  await makeStep().take(candidate);
  assert.equal(candidate.commonName, "a_b_");
});
