import assert from "node:assert/strict";
import { parseConfigText } from "../../../../lib/config/mod.ts";
import { planDns, splitEndpoint } from "../../../../lib/net/dns/dns_settings.ts";

function plan(lines: string) {
  const text = `dev tun\nca ca\ncert c\nkey k\nremote 192.0.2.1\nclient\n${lines}\n`;
  return planDns(parseConfigText(text, "test.conf").config.network);
}

Deno.test("dhcp-option: servers, the domain first, other search domains, others noted", () => {
  const { candidates, notes } = plan(`dhcp-option DOMAIN-SEARCH b.test
    dhcp-option DNS 10.8.0.1
    dhcp-option DNS6 fd00:8::1
    dhcp-option DNS 10.8.0.2
    dhcp-option DOMAIN a.test
    dhcp-option ADAPTER_DOMAIN_SUFFIX c.test
    dhcp-option WINS 10.8.0.3`);
  assert.deepEqual(candidates, [{
    servers: [{ address: "10.8.0.1" }, { address: "fd00:8::1" }, { address: "10.8.0.2" }],
    searchDomains: ["a.test", "c.test", "b.test"],
    routedDomains: [],
    transport: "plain",
  }]);
  assert.deepEqual(notes, ["dhcp-option WINS changes nothing here"]);
  assert.deepEqual(plan("").candidates, []);
});

Deno.test("dhcp-option DOMAIN-ROUTE: some domains, or all", () => {
  const routed = (lines: string) => plan(`dhcp-option DNS 10.8.0.1\n${lines}`).candidates[0];
  assert.deepEqual(routed("dhcp-option DOMAIN-ROUTE corp.test").routedDomains, ["corp.test"]);
  assert.deepEqual(routed("dhcp-option DOMAIN-ROUTE ~corp.test").routedDomains, ["corp.test"]);
  assert.deepEqual(
    routed("dhcp-option DOMAIN-ROUTE corp.test\ndhcp-option DOMAIN-ROUTE ~.").routedDomains,
    [],
  );
});

Deno.test("dns server: by priority, in place of dhcp-option's; DoH and none are left out", () => {
  const { candidates, warnings } = plan(`dhcp-option DNS 10.9.0.1
    dhcp-option DOMAIN old.test
    dns search-domains corp.test
    dns server 2 address 10.8.0.2
    dns server 1 address 10.8.0.1:5353 [fd00:8::1]:5353 fd00:8::2
    dns server 1 resolve-domains corp.test lab.test
    dns server 1 dnssec optional
    dns server 1 transport DoT
    dns server 1 sni dns.corp.test
    dns server 0 address 10.8.0.9
    dns server 0 transport DoH
    dns server -3 sni nobody.test`);
  assert.deepEqual(candidates, [
    {
      servers: [
        { address: "10.8.0.1", port: 5353 },
        { address: "fd00:8::1", port: 5353 },
        { address: "fd00:8::2" },
      ],
      searchDomains: ["corp.test"],
      routedDomains: ["corp.test", "lab.test"],
      dnssec: "optional",
      transport: "DoT",
      serverName: "dns.corp.test",
    },
    {
      servers: [{ address: "10.8.0.2" }],
      searchDomains: ["corp.test"],
      routedDomains: [],
      dnssec: undefined,
      transport: "plain",
      serverName: undefined,
    },
  ]);
  assert.equal(warnings.length, 2);
  assert.match(warnings[0], /dns server -3 has no address/);
  assert.match(warnings[1], /dns server 0 wants DNS over HTTPS/);
});

Deno.test("domains that are none are refused, before they get into a file", () => {
  for (const type of ["DOMAIN", "DOMAIN-SEARCH", "ADAPTER_DOMAIN_SUFFIX", "DOMAIN-ROUTE"]) {
    for (const domain of [`"a;b"`, `"a b\tc;d"`, `"$(id)"`, "-x"]) {
      assert.throws(() => plan(`dhcp-option ${type} ${domain}`), /expects a host name/);
    }
  }
});

Deno.test("addresses with and without a port", () => {
  assert.deepEqual(splitEndpoint("10.8.0.1"), { address: "10.8.0.1" });
  assert.deepEqual(splitEndpoint("10.8.0.1:53"), { address: "10.8.0.1", port: 53 });
  assert.deepEqual(splitEndpoint("fd00::1"), { address: "fd00::1" });
  assert.deepEqual(splitEndpoint("[fd00::1]"), { address: "fd00::1" });
  assert.deepEqual(splitEndpoint("[fd00::1]:53"), { address: "fd00::1", port: 53 });
});
