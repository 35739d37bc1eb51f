import assert from "node:assert/strict";
import fc from "fast-check";
import { alertForError, decodeAlert, encodeAlert } from "../../../lib/control/tls_alert.ts";

Deno.test("an alert is the record of RFC 8446, section 6", () => {
  assert.deepEqual(encodeAlert("unknown_ca"), Uint8Array.of(21, 3, 3, 0, 2, 2, 48));
  assert.equal(decodeAlert(encodeAlert("certificate_revoked")), "certificate revoked");
});

Deno.test("nothing but a fatal alert in plain text is taken for one", () => {
  for (
    const record of [
      [21, 3, 3, 0, 2, 1, 0], // close_notify, a warning
      [22, 3, 3, 0, 2, 2, 48], // handshake
      [21, 3, 3, 0, 3, 2, 48, 0],
      [21, 3, 3, 0, 2, 2],
      [],
    ]
  ) assert.equal(decodeAlert(Uint8Array.from(record)), undefined);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (record) => {
    if (decodeAlert(record) !== undefined) assert.equal(record.length, 7);
  }));
});

Deno.test("the TLS stack's reasons become the alerts that name them", () => {
  assert.equal(alertForError("peer sent no certificates"), "certificate_required");
  assert.equal(alertForError("certificate has expired"), "certificate_expired");
  assert.equal(alertForError("self-signed certificate in certificate chain"), "unknown_ca");
  assert.equal(alertForError("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), "unknown_ca");
  assert.equal(alertForError("wrong handshake signature"), "decrypt_error");
  assert.equal(alertForError("something else"), "handshake_failure");
});
