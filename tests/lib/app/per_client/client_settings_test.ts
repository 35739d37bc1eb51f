import assert from "node:assert/strict";
import { withoutOwnNetworks } from "../../../../lib/app/per_client/client_settings.ts";

Deno.test("a client is pushed no route to its own networks", () => {
  const networks = [
    { network: "192.168.4.7", prefixLength: 24 },
    { network: "fd01:0::", prefixLength: 48 },
    { network: "10.1.1.1", prefixLength: 32 },
  ];
  assert.deepEqual(
    withoutOwnNetworks([
      "route 192.168.4.0 255.255.255.0",
      "route 192.168.4.0 255.255.0.0",
      "route 10.1.1.1",
      "route 10.1.1.2",
      "route-ipv6 fd01::/48",
      "route-ipv6 fd01::/64",
      "route-gateway 10.8.0.1",
      "route vpn.example 255.255.255.255",
      "ping 10",
    ], networks),
    [
      "route 192.168.4.0 255.255.0.0",
      "route 10.1.1.2",
      "route-ipv6 fd01::/64",
      "route-gateway 10.8.0.1",
      "route vpn.example 255.255.255.255",
      "ping 10",
    ],
  );
});
