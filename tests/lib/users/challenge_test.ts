import assert from "node:assert/strict";
import fc from "fast-check";
import {
  dynamicResponse,
  formatChallenge,
  parseChallenge,
  parsePasswordField,
  staticResponse,
} from "../../../lib/users/challenge.ts";

// The examples of OpenVPN's management-notes.txt.
const example = "CRV1:R,E:Om01u7Fh4LrGBS7uh0SWmzwabUiGiW6l:Y3Ix:Please enter token PIN";

Deno.test("a challenge is read as OpenVPN's manual has it", () => {
  assert.deepEqual(parseChallenge(example), {
    state: "Om01u7Fh4LrGBS7uh0SWmzwabUiGiW6l",
    username: "cr1",
    text: "Please enter token PIN",
    echo: true,
    responseRequired: true,
  });
  assert.equal(formatChallenge(parseChallenge(example)!), example);
  assert.equal(
    dynamicResponse("Om01u7Fh4LrGBS7uh0SWmzwabUiGiW6l", "8675309"),
    "CRV1::Om01u7Fh4LrGBS7uh0SWmzwabUiGiW6l::8675309",
  );
});

Deno.test("static answers are read", () => {
  assert.deepEqual(parsePasswordField("SCRV1:Zm9v:YmFy"), {
    kind: "static",
    password: "foo",
    response: "bar",
  });
});

Deno.test("what only looks like a challenge is a password", () => {
  for (
    const text of ["", "SCRV1", "SCRV1:", "SCRV1:a:b", "SCRV1:Zm9v", "CRV1:a::b", "scrv1:Zm9v:"]
  ) {
    assert.deepEqual(parsePasswordField(text), { kind: "plain", password: text });
  }
  for (const text of ["", "CRV1", "CRV1:R", "CRV1:R:s:!:t", "CRV1:R:s:a:t", "SESSION:x"]) {
    assert.equal(parseChallenge(text), undefined, text);
  }
});

const text = fc.string({ unit: "grapheme" });

Deno.test("answers go there and back", () => {
  fc.assert(fc.property(text, text, (password, response) => {
    assert.deepEqual(parsePasswordField(staticResponse(password, response)), {
      kind: "static",
      password,
      response,
    });
    assert.deepEqual(parsePasswordField(dynamicResponse("state", response)), {
      kind: "dynamic",
      state: "state",
      response,
    });
  }));
});

Deno.test("challenges go there and back", () => {
  fc.assert(fc.property(text, text, fc.boolean(), fc.boolean(), (username, question, echo, r) => {
    const challenge = { state: "s", username, text: question, echo, responseRequired: r };
    assert.deepEqual(parseChallenge(formatChallenge(challenge)), challenge);
  }));
});
