/** Killed at any moment, the authority loses nothing that it has confirmed. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Authority } from "../../../lib/pki/authority.ts";
import { createStateAuthority } from "../../../lib/pki/authority_maker.ts";
import { parseRevocationLists } from "../../../lib/pki/crl.ts";
import { openssl } from "./impostors.ts";
import { inTemporaryDirectory } from "./temporary.ts";

const kills = 200;
/** Programs that work at the same time, each with a life of its own. */
const lanes = 4;
const program = new URL("revoking_program.ts", import.meta.url).pathname;

/**
 * Starts the program, and kills it a random moment after it has confirmed some things; what it had
 * confirmed.
 */
async function killedRun(directory: string, word: string, confirmed: number): Promise<string[]> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", program, directory, word],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let text = "";
  const decoder = new TextDecoder();
  let timer: ReturnType<typeof setTimeout> | undefined;
  for await (const part of child.stdout) {
    text += decoder.decode(part, { stream: true });
    // A certificate takes some ms: the kill may come anywhere in the work on the next one or two.
    if (text.split("\n").length - 2 < confirmed) continue;
    timer ??= setTimeout(() => child.kill("SIGKILL"), Math.random() * 15);
  }
  const { signal } = await child.status;
  assert.equal(signal, "SIGKILL", text);
  // The last line may be cut off.
  return text.split("\n").slice(0, -1);
}

Deno.test("200 times kill -9: what was confirmed is there, and the directory is whole", async () => {
  await inTemporaryDirectory(async (parent) => {
    const directory = join(parent, "state");
    using authority = await createStateAuthority(directory, { keyType: "ec:p256" });
    const confirmed: string[] = [];
    let started = 0;
    await Promise.all(Array.from({ length: lanes }, async () => {
      while (started < kills) {
        const run = started++;
        confirmed.push(...await killedRun(directory, `run-${run}`, 1 + run % 4));
      }
    }));
    assert.equal(confirmed.filter((line) => line === "ready").length, kills);

    // What the next command finds, in a state that nothing had mended.
    using next = await Authority.open(directory);
    await next.revocations.maintain(next.now);
    const entries = new Map((await next.list()).map((entry) => [entry.serial, entry]));
    const [list] = parseRevocationLists(await Deno.readTextFile(next.files.revocationList));
    let issued = 0, revoked = 0;
    for (const line of confirmed) {
      const [what, serial] = line.split(" ");
      if (what === "issued") {
        issued++;
        const entry = entries.get(serial);
        assert.ok(entry?.holdsKey, line);
        assert.equal((await next.certificateOf(entry)).serial, serial);
      } else if (what === "revoked") {
        revoked++;
        assert.ok(entries.get(serial)?.revocation, line);
        assert.ok(list.revoked.has(serial), line);
      }
    }
    // A run that waited for three or four confirmations has revoked one.
    assert.ok(issued >= kills && revoked >= kills / 2, `${issued} issued, ${revoked} revoked`);
    // Nothing half: each revoked one is in the list and the other way round.
    assert.deepEqual(
      [...list.revoked.keys()].sort(),
      [...entries.values()].filter(({ revocation }) => revocation).map(({ serial }) => serial)
        .sort(),
    );
    const { caCertificate, revocationList } = authority.files;
    await openssl("crl", "-in", revocationList, "-CAfile", caCertificate, "-noout", "-verify");
  });
});
