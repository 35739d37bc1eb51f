import assert from "node:assert/strict";
import type { CredentialPrompt } from "../../../../lib/app/client/credential_prompt.ts";
import { PendingLogin } from "../../../../lib/app/client/pending_login.ts";
import { openLog } from "../../../../lib/base/log.ts";
import type { TlsOptions } from "../../../../lib/config/mod.ts";

interface Setting {
  readonly login: PendingLogin;
  readonly sent: string[];
  readonly opened: string[];
  readonly asked: string[];
  readonly expired: Promise<number>;
  readonly answer: PromiseWithResolvers<string>;
  readonly stopped: AbortController;
}

function setting(tls: Partial<TlsOptions> = {}): Setting {
  const sent: string[] = [];
  const opened: string[] = [];
  const asked: string[] = [];
  const expired = Promise.withResolvers<number>();
  const answer = Promise.withResolvers<string>();
  const stopped = new AbortController();
  const login = new PendingLogin({
    tls: { handWindow: 60, renegSec: 3600, ...tls } as TlsOptions,
    log: openLog(0, () => {}),
    prompt: {
      challenge: (request: { text: string }) => {
        asked.push(request.text);
        return answer.promise;
      },
      openUrl: (url: string) => void opened.push(url),
    } as unknown as CredentialPrompt,
    stopped: stopped.signal,
    sendMessage: (text) => void sent.push(text),
    expired: (seconds) => expired.resolve(seconds),
  });
  return { login, sent, opened, asked, expired: expired.promise, answer, stopped };
}

Deno.test("a server that doesn't answer is left after hand-window", async () => {
  const { login, expired } = setting({ handWindow: 0 });
  login.start();
  assert.equal(await expired, 0);
});

Deno.test("AUTH_PENDING takes as long as the server says, within bounds", async () => {
  const { login, expired } = setting({ handWindow: 0, renegSec: 0 });
  // Before the key exchange as well as after it; more than half of reneg-sec is not waited.
  login.extend(1000);
  login.start();
  assert.equal(await expired, 0);
  const patient = setting({ handWindow: 0, renegSec: 3600 });
  patient.login.start();
  patient.login.extend(1000);
  const first = await Promise.race([
    patient.expired.then(() => "expired"),
    new Promise((resolve) => setTimeout(() => resolve("waits"), 50)),
  ]);
  assert.equal(first, "waits");
  patient.login.end();
});

Deno.test("an address is shown, a question answered in base64", async () => {
  const { login, sent, opened, asked, answer } = setting();
  await login.inform("WEB_AUTH:external:https://example.org/");
  assert.deepEqual(opened, ["https://example.org/"]);
  const informed = login.inform("CR_TEXT:R,E:Which colour");
  answer.resolve("blåu");
  await informed;
  assert.deepEqual(asked, ["Which colour"]);
  assert.deepEqual(sent, ["CR_RESPONSE,YmzDpXU="]);
  login.end();
});

Deno.test("an answer that comes too late goes nowhere", async () => {
  const { login, sent, answer } = setting();
  const informed = login.inform("CR_TEXT:R:Which");
  login.end();
  answer.resolve("blue");
  await informed;
  assert.deepEqual(sent, []);
});

Deno.test("nobody to ask is no error of the connection", async () => {
  const { login, sent, answer } = setting();
  const informed = login.inform("CR_TEXT:R:Which");
  answer.reject(new Error("there is no terminal"));
  await informed;
  assert.deepEqual(sent, []);
  login.end();
});
