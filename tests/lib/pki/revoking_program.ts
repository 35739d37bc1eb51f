/**
 * Issues and revokes without end, and says what is confirmed, a line each: to be killed.
 *
 * Arguments: the state directory, a word that makes names unique.
 */
import { Authority } from "../../../lib/pki/authority.ts";

const [directory, word] = Deno.args;
using authority = await Authority.open(directory);
const say = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
say("ready");
for (let i = 0;; i++) {
  const name = `${word}-${i}`;
  const { serial } = await authority.issue({ name, keyType: "ec:p256" });
  say(`issued ${serial}`);
  if (i % 2 === 1) {
    await authority.revoke(name, "superseded");
    say(`revoked ${serial}`);
  }
}
