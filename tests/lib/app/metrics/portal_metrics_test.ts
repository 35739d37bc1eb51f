import assert from "node:assert/strict";
import { AllowedAddresses } from "../../../../lib/app/metrics/allowed_addresses.ts";
import { portalMetrics } from "../../../../lib/app/metrics/portal_metrics.ts";
import { serverMetrics } from "../../../../lib/app/metrics/server_metrics.ts";
import type { AllowedNetwork } from "../../../../lib/config/config.ts";
import { TestPortal } from "../../portal/portal_fixture.ts";
import { readExposition } from "./exposition.ts";
import { countedServer } from "./figures.ts";

function portal(allowed: readonly AllowedNetwork[]): Promise<TestPortal> {
  const registry = serverMetrics({ figures: countedServer().figures, ends: () => [] });
  return TestPortal.open({ routes: [portalMetrics(registry, new AllowedAddresses(allowed))] });
}

Deno.test("a token with the scope, an administrator and nobody else read the metrics", async () => {
  await using opened = await portal([]);
  const bearer = async (name: string, scope: "metrics" | "read") => {
    const { text } = await opened.tokens.add({ name, scopes: [scope] });
    return { authorization: `Bearer ${text}` };
  };
  const status = async (headers: Record<string, string>) => {
    const answer = await opened.fetch("/metrics", { headers });
    const text = await answer.text();
    if (answer.status === 200) assert.ok(readExposition(text).has("vpn_clients"));
    else assert.doesNotMatch(text, /vpn_clients/);
    return answer.status;
  };
  assert.equal(await status(await bearer("scraper", "metrics")), 200);
  assert.equal(await status(await bearer("reader", "read")), 403);
  assert.equal(await status({ authorization: `Bearer vpnt_${"A".repeat(43)}` }), 401);
  assert.equal(await status({}), 401);
  assert.equal(await status(await opened.loggedIn("root")), 200);
  assert.equal(await status(await opened.loggedIn("alice")), 403);
});

Deno.test("who comes from an allowed address needs no token", async () => {
  await using near = await portal([{ network: "192.0.2.0", prefixLength: 24, family: "ipv4" }]);
  assert.equal((await near.fetch("/metrics")).status, 200);
  await using far = await portal([{ network: "198.51.100.0", prefixLength: 24, family: "ipv4" }]);
  assert.equal((await far.fetch("/metrics")).status, 401);
});
