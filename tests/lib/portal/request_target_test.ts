import assert from "node:assert/strict";
import fc from "fast-check";
import { HostNames } from "../../../lib/portal/host_names.ts";
import { isPlainTarget } from "../../../lib/portal/request_target.ts";

Deno.test("targets that mean another path elsewhere are refused", () => {
  for (
    const good of ["/", "/api/v1/sessions?x=../y", "/a/b%20c", "/get/A-_9", "/a/...", "/.hidden"]
  ) {
    assert.ok(isPlainTarget(good), good);
  }
  for (
    const bad of [
      "",
      "*",
      "http://evil.example/",
      "//evil.example/",
      "/a//b",
      "/../etc/passwd",
      "/a/./b",
      "/a/%2e%2E/b",
      "/a/.%2e",
      "/a%2fb",
      "/a%5Cb",
      "/a\\b",
      "/a%00",
      "/a%0d%0aX: y",
      "/a%zz",
      "/a b",
      "/ü",
      "/a#b",
      "/" + "a".repeat(3000),
    ]
  ) assert.ok(!isPlainTarget(bad), bad);
});

Deno.test("a plain target is what URL makes of it", () => {
  const piece = fc.constantFrom(
    "/",
    ".",
    "..",
    "%2e",
    "%2f",
    "%5c",
    "\\",
    "a",
    "'",
    "%41",
    "?",
    "#",
  );
  fc.assert(fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
    const target = `/${pieces.join("")}`;
    if (!isPlainTarget(target)) return;
    const { pathname, host } = new URL(`https://portal.example${target}`);
    assert.equal(host, "portal.example");
    assert.equal(decodeURIComponent(pathname), decodeURIComponent(target.split("?")[0]));
  }));
});

Deno.test("the portal goes by its own names, on any port", () => {
  const hosts = new HostNames(["Portal.Example", "192.0.2.1", "2001:DB8:0::1"]);
  for (
    const good of ["portal.example", "PORTAL.example:8443", "portal.example.", "192.0.2.1:1"]
      .concat(
        "[2001:db8::1]:8443",
      )
  ) assert.ok(hosts.includes(good), good);
  for (
    const bad of [undefined, "", "evil.example", "portal.example.evil.example", "192.0.2.2"].concat(
      "[2001:db8::2]",
      "portal.example:x",
      "user@portal.example",
      "portal.example/x",
    )
  ) assert.ok(!hosts.includes(bad), String(bad));
});
