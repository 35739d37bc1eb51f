import assert from "node:assert/strict";
import {
  AdmissionRefusal,
  type AdmissionStep,
  admitCandidate,
  type Candidate,
} from "../../../../lib/app/server/admission.ts";
import { PushList } from "../../../../lib/app/server/push_list.ts";
import { openLog } from "../../../../lib/base/log.ts";

function candidate(given: Partial<Candidate> = {}): Candidate {
  return {
    renegotiation: false,
    log: openLog(0, () => {}),
    signal: new AbortController().signal,
    message: { random1: new Uint8Array(32), random2: new Uint8Array(32), options: "" },
    ...given,
    // Only what it looks at.
  } as Candidate;
}

function step(name: string, taken: string[], more: Partial<AdmissionStep> = {}): AdmissionStep {
  return { name, take: () => void taken.push(name), ...more };
}

Deno.test("steps are taken in order, each after the one before", async () => {
  const taken: string[] = [];
  const slow = step("slow", taken, {
    take: async () => {
      await Promise.resolve();
      taken.push("slow");
    },
  });
  await admitCandidate([step("first", taken), slow, step("last", taken)], candidate());
  assert.deepEqual(taken, ["first", "slow", "last"]);
});

Deno.test("a renegotiation takes only the steps that are for it", async () => {
  const taken: string[] = [];
  const steps = [step("user", taken, { atRenegotiation: true }), step("lease", taken)];
  await admitCandidate(steps, candidate({ renegotiation: true }));
  assert.deepEqual(taken, ["user"]);
});

Deno.test("the password is there for the steps and not afterwards, whatever comes of them", async () => {
  for (const refuse of [false, true]) {
    const message = { random1: new Uint8Array(32), random2: new Uint8Array(32), options: "" };
    const client = candidate({ message: { ...message, username: "alice", password: "secret" } });
    const seen: (string | undefined)[] = [];
    const asking: AdmissionStep = {
      name: "users",
      take: ({ message }) => {
        seen.push(message.password);
        if (refuse) throw new AdmissionRefusal("no");
      },
    };
    await admitCandidate([asking], client).catch(() => {});
    assert.deepEqual(seen, ["secret"]);
    assert.equal(client.message.username, "alice");
    assert.equal("password" in client.message, false);
  }
});

Deno.test("nothing follows a refusal", async () => {
  const taken: string[] = [];
  const refusing = step("no", taken, {
    take: () => Promise.reject(new AdmissionRefusal("for the log", "for the client")),
  });
  const admission = admitCandidate([refusing, step("lease", taken)], candidate());
  await assert.rejects(admission, { name: "AdmissionRefusal", answer: "for the client" });
  assert.deepEqual(taken, []);
});

Deno.test("a client that left meanwhile gets no further", async () => {
  const taken: string[] = [];
  const gone = new AbortController();
  const leaving = step("slow", taken, { take: () => gone.abort() });
  const steps = [leaving, step("lease", taken)];
  await assert.rejects(admitCandidate(steps, candidate({ signal: gone.signal })), AdmissionRefusal);
  assert.deepEqual(taken, []);
});

Deno.test("push-reset and push-remove take out what came before them", () => {
  const push = new PushList(["route 10.0.0.0 255.0.0.0", "route-gateway 10.8.0.1", "ping 10"]);
  push.remove("route ");
  assert.deepEqual(push.options, ["route-gateway 10.8.0.1", "ping 10"]);
  push.reset();
  push.add("route 10.0.0.0 255.0.0.0");
  assert.deepEqual(push.options, ["route 10.0.0.0 255.0.0.0"]);
});
