import assert from "node:assert/strict";
import { redactedAddress } from "../../../../lib/app/telemetry/redacted_addresses.ts";

Deno.test("what is secret in an address is left out, the rest stays", () => {
  const cases: Readonly<Record<string, string>> = {
    "/get/0123456789abcdefABCDEF": "/get/REDACTED",
    "https://vpn.example:8444/get/TOKEN?x": "https://vpn.example:8444/get/REDACTED?REDACTED",
    "no answer from http://h/get/TOKEN for 10 s": "no answer from http://h/get/REDACTED for 10 s",
    "https://user:password@crl.example/list": "https://REDACTED@crl.example/list",
    "/api/v1/subscribers/alice/profile?system=linux": "/api/v1/subscribers/alice/profile?REDACTED",
    "/ocsp/MFYwVKADAgEAME0": "/ocsp/MFYwVKADAgEAME0",
    "/subscribers/me@example.org": "/subscribers/me@example.org",
    "http://[2001:db8::1]:8080/crl.der": "http://[2001:db8::1]:8080/crl.der",
  };
  for (const [given, expected] of Object.entries(cases)) {
    assert.equal(redactedAddress(given), expected);
  }
});
