import assert from "node:assert/strict";
import { VpnError } from "../../../lib/base/errors.ts";
import type { CryptoEngine } from "../../../lib/crypto/engine.ts";
import { EnginePreference } from "../../../lib/crypto/engine_preference.ts";
import { selectEngine } from "../../../lib/crypto/engines.ts";
import { IpsecMbEngine } from "../../../lib/crypto/ipsec_mb.ts";
import { apply, ipsecMb, material, plainPackets, someText } from "./engine_case.ts";

// Opened here and not in a test, since a loaded library stays loaded.
const auto = selectEngine("auto");
const hasIpsecMb = ipsecMb instanceof IpsecMbEngine;

Deno.test("auto takes what is there, the quickest first; a choice is kept", () => {
  assert.equal(auto.name, hasIpsecMb ? "ipsec-mb, openssl, webcrypto" : "openssl, webcrypto");
  assert.equal(selectEngine("openssl").name, "openssl");
  assert.equal(selectEngine("webcrypto").name, "webcrypto");
});

Deno.test({
  name: "ipsec-mb can be chosen",
  ignore: !hasIpsecMb, // Debian: libipsec-mb1, on x86-64
  fn: () => assert.equal(selectEngine("ipsec-mb").name, "ipsec-mb"),
});

Deno.test("auto does what the first engine lacks by the next one", async () => {
  for (const [cipher, auth] of [["AES-256-CBC", "SHA3-256"], ["AES-256-CBC", "SHA256"]]) {
    assert.ok(auto.supports(cipher, auth));
    const packets = plainPackets(cipher, auth, [someText(48)]);
    const sealer = await auto.createCipher("seal", material(cipher, auth));
    const opener = await auto.createCipher("open", material(cipher, auth));
    await apply(sealer, "seal", packets);
    await apply(opener, "open", packets);
    assert.equal(packets.authentic[0], 1);
    sealer.destroy();
    opener.destroy();
  }
  assert.equal(auto.supports("BF-CBC", "SHA1"), false);
  const keys = { ...material("AES-256-CBC", "SHA1"), cipher: "BF-CBC" };
  assert.throws(() => auto.createCipher("seal", keys), VpnError);
});

Deno.test("each key goes to the first engine that supports it, whatever is absent", () => {
  const asked: string[] = [];
  const fake = (name: string, cipher: string): CryptoEngine => ({
    name,
    supports: (wanted) => wanted === cipher,
    createCipher: (_, keys) => {
      asked.push(`${name} ${keys.cipher}`);
      return auto.createCipher("seal", keys);
    },
  });
  const engine = new EnginePreference([
    undefined,
    fake("a", "AES-128-GCM"),
    undefined,
    fake("b", "AES-256-GCM"),
    fake("c", "AES-256-GCM"),
  ]);
  assert.equal(engine.name, "a, b, c");
  const wanted = ["AES-256-GCM", "AES-128-GCM"].map((cipher) => material(cipher, "none"));
  for (const keys of wanted) void engine.createCipher("seal", keys);
  assert.deepEqual(asked, ["b AES-256-GCM", "a AES-128-GCM"]);
  assert.throws(() => engine.createCipher("seal", material("AES-192-GCM", "none")), VpnError);
});

/** What the choice gives in a process where libraries of these names cannot be loaded. */
async function withoutLibraries(choice: string, absent: RegExp): Promise<string> {
  const address = import.meta.resolve("../../../lib/crypto/engines.ts");
  const code = `import { selectEngine } from ${JSON.stringify(address)};
    const { dlopen } = Deno;
    Deno.dlopen = (name, symbols) => {
      if (${absent}.test(name)) throw new Error("Could not open library: " + name);
      return dlopen(name, symbols);
    };
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

Deno.test("without libraries auto takes webcrypto, and others are refused with a remedy", async () => {
  assert.equal(await withoutLibraries("auto", /./), "webcrypto");
  assert.equal(await withoutLibraries("webcrypto", /./), "webcrypto");
  assert.match(await withoutLibraries("openssl", /./), /^VpnError: .*libcrypto\.so\.3.*webcrypto/);
  assert.match(
    await withoutLibraries("ipsec-mb", /./),
    /^VpnError: .*libIPSec_MB\.so\.1.*libipsec-mb1.*--crypto auto/,
  );
});

Deno.test("without libipsec-mb auto takes openssl", async () => {
  assert.equal(await withoutLibraries("auto", /IPSec/), "openssl, webcrypto");
});
