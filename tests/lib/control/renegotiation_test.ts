import assert from "node:assert/strict";
import { drawRenegotiation } from "../../../lib/control/renegotiation.ts";

Deno.test("a client renegotiates after reneg-sec, a server up to a tenth earlier, 0 is never", () => {
  for (const random of [() => 0, () => 0.5, () => 0.999]) {
    assert.equal(drawRenegotiation("client", 3600, undefined, random), 3_600_000);
    assert.equal(drawRenegotiation("server", 0, undefined, random), 0);
  }
  assert.equal(drawRenegotiation("server", 3600, undefined, () => 0), 3_240_000);
  assert.equal(drawRenegotiation("server", 3600, 600, () => 0), 600_000);
  assert.equal(drawRenegotiation("client", 3600, 600, () => 1), 3_600_000);
});
