import assert from "node:assert/strict";
import { addressText, reachableText, reachableUrl } from "../../../lib/app/listen_address.ts";

Deno.test("an address that a listener was told stands in its URL, IPv6 in brackets", () => {
  assert.equal(reachableText("http", { host: "192.0.2.7", port: 80 }), "http://192.0.2.7:80");
  assert.equal(
    reachableText("https", { host: "2001:db8::1", port: 443 }, "/metrics"),
    "https://[2001:db8::1]:443/metrics",
  );
  assert.equal(addressText({ host: "::", port: 1 }), "[::]:1");
});

Deno.test("a listener at every address is said to be where others reach it", () => {
  for (const host of [undefined, "", "0.0.0.0", "::"]) {
    assert.equal(
      reachableText("http", { host, port: 8080 }, "", "vpn.example.com"),
      "http://vpn.example.com:8080 (port 8080 of every address)",
    );
    assert.equal(
      reachableUrl("http", { host, port: 8080 }, "2001:db8::1"),
      "http://[2001:db8::1]:8080",
    );
    const { hostname } = new URL(reachableUrl("https", { host, port: 8443 }));
    assert.ok(!["", "0.0.0.0", "[::]", "127.0.0.1", "[::1]"].includes(hostname), hostname);
  }
});
