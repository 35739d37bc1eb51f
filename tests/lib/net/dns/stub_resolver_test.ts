import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import fc from "fast-check";
import { effectiveUserId } from "deno-tun";
import { VpnError } from "../../../../lib/base/errors.ts";
import {
  outerNameServers,
  parseResolvConf,
  resolverFileText,
} from "../../../../lib/net/dns/resolv_conf.ts";
import { hostsAddresses, resolveBeside } from "../../../../lib/net/dns/stub_resolver.ts";

effectiveUserId(); // loads libc before the sanitizers look

/** A name server on the loopback that answers A with 192.0.2.7 and AAAA with nothing. */
async function nameServer(responseCode = 0): Promise<{ port: number; close: () => void }> {
  const socket = createSocket("udp4");
  socket.on("message", (message, remote) => {
    const type = message.readUInt16BE(message.length - 11 - 4);
    const reply = new Uint8Array(message.subarray(0, message.length - 11));
    const view = new DataView(reply.buffer);
    view.setUint16(2, 0x8180 | responseCode);
    view.setUint16(6, type === 1 && responseCode === 0 ? 1 : 0);
    view.setUint16(10, 0);
    const record = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7];
    const answer = type === 1 && responseCode === 0 ? [...reply, ...record] : [...reply];
    socket.send(new Uint8Array(answer), remote.port, remote.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return { port: socket.address().port, close: () => socket.close() };
}

Deno.test("our resolver asks one name server after the other", async () => {
  const server = await nameServer();
  // Nobody answers at the first address of the loopback's network.
  const options = { servers: ["127.0.0.9", "127.0.0.1"], port: server.port, timeout: 200 };
  assert.deepEqual(await resolveBeside("vpn.example.test", [4, 6], options), ["192.0.2.7"]);
  assert.deepEqual(await resolveBeside("198.51.100.7", [4], options), ["198.51.100.7"]);
  assert.deepEqual(await resolveBeside("198.51.100.7", [6], options), []);
  const hosts = "198.51.100.8 other vpn.example.test # comment\n";
  assert.deepEqual(await resolveBeside("VPN.example.test", [4], { ...options, hosts }), [
    "198.51.100.8",
  ]);
  server.close();
});

Deno.test("our resolver says why there is no address", async () => {
  const server = await nameServer(3);
  const refused = (options: { servers: string[] }, reason: RegExp) =>
    assert.rejects(
      resolveBeside("vpn.example.test", [4, 6], { port: server.port, timeout: 50, ...options }),
      (error) => error instanceof VpnError && reason.test(error.line),
    );
  await refused({ servers: ["127.0.0.1"] }, /127\.0\.0\.1 knows no address of vpn\.example\.test/);
  await refused({ servers: [] }, /there is no name server to ask/);
  await refused({ servers: ["127.0.0.9"] }, /127\.0\.0\.9 does not answer/);
  server.close();
});

Deno.test("hosts files: names in any case, of the families asked for", () => {
  const hosts = "127.0.0.1 localhost\n\n192.0.2.1 a A.example # b\n2001:db8::1 a\nnonsense a\n";
  assert.deepEqual(hostsAddresses(hosts, "a.EXAMPLE", [4, 6]), ["192.0.2.1"]);
  assert.deepEqual(hostsAddresses(hosts, "a", [6]), ["2001:db8::1"]);
  assert.deepEqual(hostsAddresses(hosts, "b", [4, 6]), []);
});

Deno.test("resolv.conf: name servers, search domains, the rest", () => {
  const text = "# made by hand\nnameserver 192.0.2.53\nnameserver fe80::1%eth0\nnameserver x\n" +
    "domain old.test\nsearch a.test b.test\noptions edns0 trust-ad\n";
  assert.deepEqual(parseResolvConf(text), {
    nameServers: ["192.0.2.53", "fe80::1%eth0"],
    searchDomains: ["a.test", "b.test"],
    otherLines: ["options edns0 trust-ad"],
  });
});

Deno.test("resolv.conf: behind systemd-resolved are others", () => {
  const files: Record<string, string> = {
    "/etc/resolv.conf": "nameserver 127.0.0.53\n",
    "/run/systemd/resolve/resolv.conf": "nameserver 192.0.2.53\nnameserver 192.0.2.54\n",
  };
  assert.deepEqual(outerNameServers((path) => files[path]), ["192.0.2.53", "192.0.2.54"]);
  files["/etc/resolv.conf"] = "nameserver 127.0.0.1\nnameserver 192.0.2.1\n";
  assert.deepEqual(outerNameServers((path) => files[path]), ["192.0.2.1"]);
  assert.deepEqual(outerNameServers(() => undefined), []);
});

Deno.test("resolv.conf: what we write is what we read, whatever was there before", () => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6());
  const domains = fc.uniqueArray(fc.domain(), { maxLength: 4 });
  fc.assert(fc.property(
    fc.uniqueArray(address, { maxLength: 5 }),
    domains,
    fc.string({ unit: "binary", maxLength: 200 }),
    (servers, searchDomains, former) => {
      const settings = {
        servers: servers.map((text) => ({ address: text })),
        searchDomains,
        routedDomains: [],
        transport: "plain",
      } as const;
      const before = parseResolvConf(former);
      const read = parseResolvConf(resolverFileText(settings, former, "tun0"));
      const expected = servers.length > 0 ? servers : before.nameServers;
      assert.deepEqual(read.nameServers, expected.slice(0, 3));
      assert.deepEqual(read.searchDomains, [
        ...new Set([...searchDomains, ...before.searchDomains]),
      ]);
      assert.deepEqual(read.otherLines, before.otherLines);
    },
  ));
});

Deno.test("hosts files and resolv.conf: any text is read to an end", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.string(), (text, name) => {
    hostsAddresses(text, name, [4, 6]);
    parseResolvConf(text);
  }));
});
