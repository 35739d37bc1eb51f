import assert from "node:assert/strict";
import { formatAddress } from "deno-tun";
import { insideNetworks } from "../../../../lib/app/exit/inside_networks.ts";
import { server } from "../../config/profile.ts";

function found(...lines: string[]): string[] {
  return insideNetworks(server(...lines))
    .map(({ network, prefixLength }) => `${formatAddress(network)}/${prefixLength}`);
}

Deno.test("inside networks: the tunnel's, the routes, and what is pushed", () => {
  assert.deepEqual(found(), ["10.8.0.1/24"]);
  assert.deepEqual(
    found(
      "ifconfig-ipv6 fd00:8::1/64 fd00:8::2",
      "route 192.168.5.0 255.255.255.0",
      "route-ipv6 fd00:5::/48",
      'push "route 192.168.10.0 255.255.255.0"',
      'push "route 192.0.2.7"',
      'push "route-ipv6 fd00:10::/48"',
      'push "route intranet.example 255.255.0.0"',
      'push "redirect-gateway def1"',
      'push "route 192.0.2.9 255.255.255.255 net_gateway"',
      'push "dhcp-option DNS 192.168.1.53"',
      'push "dhcp-option DNS 9.9.9.9"',
      'push "dhcp-option DOMAIN 10.1.1.1"',
      'push "dns server 1 address 10.9.9.9 2001:db8::53 [fd00:9::53]"',
      // All of the Internet is not inside.
      'push "route 0.0.0.0 0.0.0.0"',
    ),
    [
      "10.8.0.1/24",
      "fd00:8::1/64",
      "192.168.5.0/24",
      "fd00:5::/48",
      "192.168.10.0/24",
      "192.0.2.7/32",
      "fd00:10::/48",
      "192.168.1.53/32",
      "10.9.9.9/32",
      "fd00:9::53/128",
    ],
  );
});
