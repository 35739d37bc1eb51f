import assert from "node:assert/strict";
import {
  acceptCipher,
  chooseCipher,
  CipherNegotiationError,
} from "../../../lib/control/cipher_negotiation.ts";

const ours = ["AES-256-GCM", "AES-128-GCM", "CHACHA20-POLY1305"];

Deno.test("the server's first that the client announces", () => {
  assert.equal(
    chooseCipher(ours, { announced: ["CHACHA20-POLY1305", "AES-128-GCM"] }),
    "AES-128-GCM",
  );
  assert.equal(chooseCipher(ours, { announced: ["chacha20-poly1305"] }), "CHACHA20-POLY1305");
});

Deno.test("IV_NCP=2 stands for the two GCM ciphers", () => {
  assert.equal(chooseCipher(["AES-256-CBC", "AES-128-GCM"], { ncpVersion: 2 }), "AES-128-GCM");
});

Deno.test("a client without negotiation is taken at the cipher of its options string", () => {
  const peer = { inOptions: "AES-256-CBC" };
  assert.equal(chooseCipher(["AES-256-GCM", "AES-256-CBC"], peer), "AES-256-CBC");
  assert.equal(chooseCipher(ours, peer, "AES-256-CBC"), "AES-256-CBC");
  assert.throws(() => chooseCipher(ours, peer), CipherNegotiationError);
});

Deno.test("who announces ciphers is held to them: neither options string nor fallback counts", () => {
  const peer = { announced: ["AES-192-GCM"], inOptions: "AES-256-GCM" };
  assert.throws(() => chooseCipher(ours, peer, "AES-256-CBC"), /can do AES-192-GCM, we allow/);
});

Deno.test("a client takes what is pushed, if it allows it", () => {
  assert.equal(acceptCipher(ours, "aes-128-gcm", {}), "AES-128-GCM");
  assert.throws(() => acceptCipher(ours, "AES-256-CBC", {}), /does not allow/);
  // A fallback is not for servers that negotiate.
  assert.throws(() => acceptCipher(ours, "AES-256-CBC", {}, "AES-256-CBC"), /does not allow/);
});

Deno.test("without a push the server's options string decides, then the fallback", () => {
  assert.equal(
    acceptCipher(["AES-256-CBC"], undefined, { inOptions: "AES-256-CBC" }),
    "AES-256-CBC",
  );
  assert.equal(
    acceptCipher(ours, undefined, { inOptions: "AES-256-CBC" }, "AES-256-CBC"),
    "AES-256-CBC",
  );
  assert.throws(
    () => acceptCipher(ours, undefined, { inOptions: "BF-CBC" }),
    CipherNegotiationError,
  );
});
