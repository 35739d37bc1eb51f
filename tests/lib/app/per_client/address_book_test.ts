import assert from "node:assert/strict";
import { AddressBook } from "../../../../lib/app/per_client/address_book.ts";
import { parseConfigText, type ServerConfig } from "../../../../lib/config/mod.ts";
import { server } from "../../config/profile.ts";
import { RecordedLog } from "../../net/machine.ts";

function book(...lines: string[]): AddressBook {
  return new AddressBook(server(...lines), new RecordedLog());
}

Deno.test("ifconfig-pool: its addresses, with its netmask, and no others", () => {
  const lines = ["mode server", "tls-server", "topology subnet", "dev tun"];
  const text = [
    ...[...lines, "ca ca", "cert c", "key k", "ifconfig 10.9.0.1 255.255.0.0"],
    "ifconfig-pool 10.9.7.5 10.9.7.6 255.255.0.0",
  ].join("\n");
  const config = parseConfigText(text, "test.conf").config as ServerConfig;
  const addresses = new AddressBook(config, new RecordedLog());
  const taken = ["a", "b"].map((name) => addresses.take(name, {}).addresses.ipv4);
  assert.deepEqual(taken, [
    { address: "10.9.7.5", netmask: "255.255.0.0" },
    { address: "10.9.7.6", netmask: "255.255.0.0" },
  ]);
  assert.throws(() => addresses.take("c", {}), /no free address in the pool/);
});

Deno.test("server: the addresses behind its own; nopool: none", () => {
  assert.equal(book().take("a", {}).addresses.ipv4?.address, "10.8.0.2");
  assert.deepEqual(book("server 10.8.0.0 255.255.255.0 nopool").take("a", {}).addresses, {});
});

Deno.test("ifconfig-ipv6-pool: addresses from there, beside those of IPv4", () => {
  const lines = ["ifconfig-ipv6 fd00:8::1/64 fd00:8::2", "ifconfig-ipv6-pool fd00:8::4000/112"];
  const { ipv4, ipv6 } = book(...lines).take("a", {}).addresses;
  assert.equal(ipv4?.address, "10.8.0.2");
  assert.match(ipv6!.address, /^fd00:8::4/);
  assert.equal(ipv6!.remote, "fd00:8::1");
});

Deno.test("duplicate-cn: who comes again gets another address", () => {
  for (const [lines, same] of [[[], true], [["duplicate-cn"], false]] as const) {
    const addresses = book(...lines);
    const first = addresses.take("a", {});
    first.release();
    const again = addresses.take("a", {}).addresses.ipv4?.address;
    assert.equal(again === first.addresses.ipv4?.address, same);
  }
});

Deno.test("ifconfig-push-constraint: no address of a client's own outside of that network", () => {
  const push = (local: string) => ({ ifconfigPush: { local, netmask: "255.255.255.0" } });
  const free = book();
  const bound = book("ifconfig-push-constraint 10.8.0.0 255.255.255.128");
  assert.equal(free.take("a", push("10.8.0.200")).addresses.ipv4?.address, "10.8.0.200");
  assert.equal(bound.take("a", push("10.8.0.100")).addresses.ipv4?.address, "10.8.0.100");
  assert.throws(() => bound.take("a", push("10.8.0.200")), /ifconfig-push-constraint/);
});
