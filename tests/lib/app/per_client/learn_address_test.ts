import assert from "node:assert/strict";
import { encodeSockaddr } from "deno-tun";
import { learnAddressStep } from "../../../../lib/app/per_client/learn_address.ts";
import { noSettings } from "../../../../lib/app/per_client/client_settings.ts";
import { Programs } from "../../../../lib/app/programs/programs.ts";
import type { Candidate } from "../../../../lib/app/server/admission.ts";
import { openLog } from "../../../../lib/base/log.ts";

/** A client with an address of its own, and what is done at its end. */
function candidate(commonName: string, address: string) {
  const endings: (() => void)[] = [];
  const client = {
    commonName,
    endpoint: "192.0.2.1:1194",
    address: encodeSockaddr("192.0.2.1", 1194),
    variables: {},
    peerInfo: new Map(),
    signal: new AbortController().signal,
    log: openLog(0, () => {}),
    settings: {
      ...noSettings({ sessionTimeout: 0, access: [] }),
      addresses: { ipv4: { address, netmask: "255.255.255.0" } },
    },
    atEnd: (action: () => void) => void endings.push(action),
    // Only what the step looks at.
  } as unknown as Candidate;
  return { client, leave: () => endings.forEach((action) => action()) };
}

Deno.test("an address that moves to another client is updated, and deleted with the last", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const program = `${directory}/learn`;
    const told = `${directory}/told`;
    await Deno.writeTextFile(program, `#!/bin/sh\necho "$@" >> ${told}\n`, { mode: 0o700 });
    const log = openLog(0, () => {});
    const programs = new Programs({ security: 2, environment: {}, log });
    const step = learnAddressStep(programs, program);
    const [alice, bob, carol] = ["alice", "bob", "carol"].map((name) =>
      candidate(name, "10.8.0.9")
    );
    await step.take(alice.client);
    await step.take(bob.client);
    alice.leave();
    await programs.idle(60_000);
    bob.leave();
    await programs.idle(60_000);
    await step.take(carol.client);
    assert.deepEqual((await Deno.readTextFile(told)).trim().split("\n"), [
      "add 10.8.0.9 alice",
      "update 10.8.0.9 bob",
      "delete 10.8.0.9",
      "add 10.8.0.9 carol",
    ]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
