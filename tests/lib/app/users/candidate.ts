/** Clients that want to come in, for tests of what decides about them. */

import { encodeSockaddr } from "deno-tun";
import type { Candidate } from "../../../../lib/app/server/admission.ts";
import { PushList } from "../../../../lib/app/server/push_list.ts";
import { openLog } from "../../../../lib/base/log.ts";
import type { ControlMessage } from "../../../../lib/wire/control_message.ts";

/** A candidate, and what happened to it. */
export interface TestCandidate extends Candidate {
  readonly told: string[];
  readonly toldWithKeys: string[];
  readonly dismissals: string[];
  /** Has the client leave. */
  leave(): void;
}

let lastId = 0;

/** A client without certificate that says this. */
export function testCandidate(
  username: string | undefined,
  password: string | undefined,
  given: Partial<Candidate> = {},
): TestCandidate {
  const told: string[] = [];
  const toldWithKeys: string[] = [];
  const dismissals: string[] = [];
  const gone = new AbortController();
  const endings: (() => void)[] = [];
  const candidate = {
    id: ++lastId,
    endpoint: "192.0.2.1:5000",
    address: encodeSockaddr("192.0.2.1", 5000),
    certificate: undefined,
    message: {
      random1: new Uint8Array(32),
      random2: new Uint8Array(32),
      options: "",
      username,
      password,
    },
    peerInfo: new Map([["IV_PROTO", "1023"], ["IV_SSO", "webauth,crtext"]]),
    renegotiation: false,
    log: openLog(0, () => {}),
    commonName: "UNDEF",
    variables: {},
    push: new PushList([]),
    signal: gone.signal,
    tell: (text: string) => void told.push(text),
    tellWithKeys: (text: string) => void toldWithKeys.push(text),
    dismiss: (answer: string) => void dismissals.push(answer),
    onMessage: undefined as ((message: ControlMessage) => void) | undefined,
    allow: () => {},
    atEnd: (action: () => void) => gone.signal.aborted ? action() : void endings.push(action),
    ...given,
    told,
    toldWithKeys,
    dismissals,
    leave: () => {
      gone.abort();
      for (const action of endings) action();
    },
  };
  // Its settings are for later steps.
  return candidate as unknown as TestCandidate;
}
