import assert from "node:assert/strict";
import fc from "fast-check";
import { parsePendingAuth } from "../../../lib/users/pending_auth.ts";

Deno.test("what a server wants of the user is read", () => {
  assert.deepEqual(parsePendingAuth("WEB_AUTH:hidden,external:https://example.org/a?b=1:2"), {
    kind: "url",
    url: "https://example.org/a?b=1:2",
    flags: ["hidden", "external"],
  });
  assert.deepEqual(parsePendingAuth("WEB_AUTH::https://example.org/"), {
    kind: "url",
    url: "https://example.org/",
    flags: [],
  });
  assert.deepEqual(parsePendingAuth("OPEN_URL:https://example.org/"), {
    kind: "url",
    url: "https://example.org/",
    flags: [],
  });
  assert.deepEqual(parsePendingAuth("CR_TEXT:R,E:Code: please"), {
    kind: "challenge",
    text: "Code: please",
    echo: true,
    responseRequired: true,
  });
});

Deno.test("an address that nobody should open is only a text", () => {
  for (
    const url of ["http://example.org/", "javascript:alert(1)", "file:///etc/passwd", "https://a b"]
  ) {
    assert.equal(parsePendingAuth(`WEB_AUTH::${url}`).kind, "text", url);
    assert.equal(parsePendingAuth(`OPEN_URL:${url}`).kind, "text", url);
  }
});

Deno.test("any text is read", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    assert.ok(["url", "challenge", "text"].includes(parsePendingAuth(text).kind));
  }));
});
