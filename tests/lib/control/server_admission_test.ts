import assert from "node:assert/strict";
import { admit } from "../../../lib/control/server_admission.ts";
import { server } from "../config/profile.ts";

/** The cipher that a server with these lines uses with such a client. */
function cipher(
  lines: readonly string[],
  client: { readonly peerInfo?: string; readonly options?: string },
): string {
  return admit(server(...lines), {
    options: client.options ?? "V4,dev-type tun",
    peerInfo: client.peerInfo,
    random1: new Uint8Array(32),
    random2: new Uint8Array(32),
  }).cipher;
}

const modern = { peerInfo: "IV_CIPHERS=AES-128-CBC:AES-256-GCM:AES-256-CBC:AES-128-GCM\n" };
/** OpenVPN 2.3, and one built without negotiation. */
const old = { options: "V4,dev-type tun,cipher AES-256-CBC" };
const silent = {};

Deno.test("data-ciphers, and ncp-ciphers, its older name: our first that the client has", () => {
  assert.equal(cipher([], modern), "AES-256-GCM");
  for (const option of ["data-ciphers", "ncp-ciphers"]) {
    assert.equal(cipher([`${option} AES-128-GCM:AES-256-GCM`], modern), "AES-128-GCM");
    assert.equal(cipher([`${option} ?CHACHA20-POLY1305:AES-256-CBC`], modern), "AES-256-CBC");
    assert.throws(() => cipher([`${option} AES-192-GCM`], modern), /no common data-channel cipher/);
  }
});

Deno.test("cipher stands for a client without negotiation where data-ciphers is not there", () => {
  assert.equal(cipher(["cipher AES-256-CBC"], old), "AES-256-CBC");
  assert.equal(cipher(["cipher AES-256-CBC"], silent), "AES-256-CBC");
  assert.throws(() => cipher(["data-ciphers AES-256-GCM", "cipher AES-256-CBC"], old));
});

Deno.test("data-ciphers-fallback is for clients that negotiate none, and no others", () => {
  const lines = ["data-ciphers AES-256-GCM", "data-ciphers-fallback AES-128-CBC"];
  assert.equal(cipher(lines, silent), "AES-128-CBC");
  assert.throws(() => cipher(lines.slice(0, 1), silent), /no common data-channel cipher/);
  assert.throws(() => cipher(lines, { peerInfo: "IV_CIPHERS=AES-128-CBC\n" }));
});
