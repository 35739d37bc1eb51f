import assert from "node:assert/strict";
import { selectEngine } from "../../../lib/crypto/engines.ts";

// Opened here and not in a test, since a loaded library stays loaded.
const auto = selectEngine("auto");

Deno.test("auto takes openssl where it is; a choice is kept", () => {
  assert.equal(auto.name, "openssl");
  assert.equal(selectEngine("openssl").name, "openssl");
  assert.equal(selectEngine("webcrypto").name, "webcrypto");
});

/** What the choice gives in a process where no library can be loaded. */
async function withoutLibraries(choice: string): Promise<string> {
  const address = import.meta.resolve("../../../lib/crypto/engines.ts");
  const code = `import { selectEngine } from ${JSON.stringify(address)};
    Deno.dlopen = (name) => { throw new Error("Could not open library: " + name); };
    const say = (text) => Deno.stdout.writeSync(new TextEncoder().encode(text));
    try { say(selectEngine(${JSON.stringify(choice)}).name); }
    catch (error) { say(error.name + ": " + error.line); }`;
  const config = new URL(import.meta.resolve("../../../deno.json")).pathname;
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--config", config, "data:text/javascript," + encodeURIComponent(code)],
  });
  const { stdout, stderr } = await command.output();
  return new TextDecoder().decode(stdout) || new TextDecoder().decode(stderr);
}

Deno.test("without libcrypto auto takes webcrypto, and openssl is refused with a remedy", async () => {
  assert.equal(await withoutLibraries("auto"), "webcrypto");
  assert.equal(await withoutLibraries("webcrypto"), "webcrypto");
  assert.match(await withoutLibraries("openssl"), /^VpnError: .*libcrypto\.so\.3.*webcrypto/);
});
