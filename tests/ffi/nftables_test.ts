import assert from "node:assert/strict";
import {
  deleteNftTable,
  effectiveUserId,
  hasNftTable,
  networkNamespaceCookie,
  NftFamily,
} from "deno-tun";
import { run } from "../harness/command.ts";
import { isolatedTest } from "./isolated.ts";

effectiveUserId(); // loads libc before the sanitizers look

const here = import.meta.url;
const needs = { needs: ["nft"] as const };
const ruleset = () => run(["nft", "list", "ruleset"]);

await isolatedTest(
  here,
  "nftables: a table goes with all that is in it, and no other",
  async () => {
    const chain =
      "{ chain a { type filter hook input priority 0; tcp dport 1 jump b\n}\nchain b { }\n}";
    const script = ["inet x", "inet y", "ip x", "ip6 x"].map((name) => `table ${name} ${chain}\n`);
    await run(["nft", "-f", "-"], { input: script.join("") });
    const tables = async () => (await ruleset()).match(/^table .* (?={)/gm)?.map((t) => t.trim());
    assert.deepEqual(await tables(), ["table inet x", "table inet y", "table ip x", "table ip6 x"]);
    assert.equal(hasNftTable(NftFamily.INET, "x"), true);
    assert.equal(hasNftTable(NftFamily.IPV4, "y"), false);
    deleteNftTable(NftFamily.INET, "x");
    assert.equal(hasNftTable(NftFamily.INET, "x"), false);
    assert.deepEqual(await tables(), ["table inet y", "table ip x", "table ip6 x"]);
    deleteNftTable(NftFamily.IPV4, "x");
    deleteNftTable(NftFamily.IPV6, "x");
    assert.deepEqual(await tables(), ["table inet y"]);
    assert.throws(() => deleteNftTable(NftFamily.INET, "x"), /NFT_MSG_DELTABLE.*ENOENT/);
    assert.throws(() => deleteNftTable(NftFamily.IPV4, "y"), /ENOENT/);
  },
  needs,
);

await isolatedTest(here, "nftables: without CAP_NET_ADMIN it is EPERM", () => {
  assert.throws(() => deleteNftTable(NftFamily.INET, "x"), /EPERM/);
  assert.throws(() => hasNftTable(NftFamily.INET, "x"), /EPERM/);
}, { wrapper: ["setpriv", "--bounding-set=-net_admin"] });

await isolatedTest(here, "network namespace: its cookie is its own", async () => {
  const cookie = networkNamespaceCookie();
  assert.equal(networkNamespaceCookie(), cookie);
  const module = new URL("../../ffi/network_namespace.ts", here).href;
  const script = `import { networkNamespaceCookie } from ${JSON.stringify(module)};
    Deno.stdout.writeSync(new TextEncoder().encode(String(networkNamespaceCookie())));`;
  const evaluate = [Deno.execPath(), "eval", "--no-config", script];
  assert.equal(await run(evaluate), String(cookie));
  const other = await run(["unshare", "--net", ...evaluate]);
  // Linux before 5.14 has none.
  if (cookie === 0n) assert.equal(other, "0");
  else assert.notEqual(other, String(cookie));
});
