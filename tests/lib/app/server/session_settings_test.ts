import assert from "node:assert/strict";
import type { ServerContext } from "../../../../lib/app/server/server_context.ts";
import { sessionSettings } from "../../../../lib/app/server/session_settings.ts";
import { NoWrap } from "../../../../lib/crypto/control_wrap.ts";
import { server } from "../../config/profile.ts";

function settings(...lines: string[]) {
  const context = { config: server(...lines), credentials: {}, wrap: new NoWrap() };
  return sessionSettings(context as unknown as ServerContext, undefined);
}

Deno.test("tran-window, hand-window, tls-timeout and reneg-sec are the session's, in ms", () => {
  const own = settings("tran-window 1800", "hand-window 30", "tls-timeout 4", "reneg-sec 600 500");
  assert.equal(own.transitionWindow, 1_800_000);
  assert.equal(own.handshakeWindow, 30_000);
  assert.equal(own.retransmitTimeout, 4000);
  assert.ok(own.renegotiateAfter >= 500_000 && own.renegotiateAfter <= 600_000);
  const usual = settings();
  assert.equal(usual.transitionWindow, 3_600_000);
  assert.equal(usual.handshakeWindow, 60_000);
  assert.equal(settings("reneg-sec 0").renegotiateAfter, 0);
});
