/** Ways to configure a tunnel that the matrix does not cross: each in both roles, and a ping. */
import { serverPort, tunnelServerAddress } from "../harness/configs.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario, type StartOptions } from "../harness/scenario.ts";
import { pingSizes, transfer } from "../harness/traffic.ts";

/** Options of both ends, or of one. */
interface Variant {
  readonly name: string;
  readonly both?: Partial<StartOptions>;
  readonly server?: Partial<StartOptions>;
  readonly client?: Partial<StartOptions>;
  /** A line that the OpenVPN end logs when the variant is in force. */
  readonly sign?: RegExp;
}

function variants(tlsAuth: string, server6: string): Variant[] {
  const withoutDirection = { tlsAuth: false, extra: [`tls-auth ${tlsAuth}`] };
  return [
    {
      name: "SHA1, OpenVPN's default digest",
      both: { auth: "SHA1", cipher: "AES-256-CBC" },
      sign: /Using 160 bit message hash 'SHA1'/,
    },
    {
      name: "SHA512",
      both: { auth: "SHA512", cipher: "AES-128-CBC" },
      sign: /Using 512 bit message hash 'SHA512'/,
    },
    { name: "AES-192-CBC", both: { cipher: "AES-192-CBC" }, sign: /cipher 'AES-192-CBC'/ },
    { name: "AES-192-GCM", both: { cipher: "AES-192-GCM" }, sign: /cipher 'AES-192-GCM'/ },
    { name: "AES-128-GCM", both: { cipher: "AES-128-GCM" }, sign: /cipher 'AES-128-GCM'/ },
    { name: "tls-auth without a direction", both: withoutDirection },
    { name: "no tls-auth", both: { tlsAuth: false } },
    {
      name: "TLS 1.2",
      both: { extra: ["tls-version-max 1.2"] },
      sign: /Control Channel: TLSv1\.2/,
    },
    { name: "compress stub-v2", both: { extra: ["compress stub-v2"] } },
    { name: "comp-lzo no", both: { extra: ["comp-lzo no"] } },
    {
      name: "the second cipher, when the client hasn't the first",
      server: { cipher: "AES-256-GCM:AES-128-CBC" },
      client: { cipher: "AES-128-CBC" },
      sign: /cipher 'AES-128-CBC'/,
    },
    {
      name: "IPv6 between the ends",
      server: { extra: ["proto udp6"] },
      client: { remote: `${server6} ${serverPort} udp6` },
      sign: /\[AF_INET6\]2001:db8::/,
    },
    { name: "a smaller tun-mtu", both: { extra: ["tun-mtu 1400"] } },
  ];
}

await testWith("what can be configured at both ends works with OpenVPN at one", async (context) => {
  await using scenario = await Scenario.create("variant");
  const host = scenario.clientHost().namespace;
  const all = variants(scenario.credentials.tlsAuth, scenario.serverHost.address6);
  for (const variant of all) {
    for (const [server, client] of [["ours", "openvpn"], ["openvpn", "ours"]] as const) {
      await context.step(`${variant.name}: ${server} serves ${client}`, async () => {
        await using serverPeer = await scenario.startServer({
          ...{ implementation: server, ...variant.both, ...variant.server },
        });
        await serverPeer.ready();
        await using clientPeer = await scenario.startClient({
          ...{ implementation: client, ...variant.both, ...variant.client },
        });
        await clientPeer.ready();
        const openvpn = server === "openvpn" ? serverPeer : clientPeer;
        if (variant.sign) await openvpn.process.waitForLine(variant.sign);
        await pingSizes(host, tunnelServerAddress, [0, 56, 1372, 1472, 3000]);
        await transfer(
          ...[host, scenario.serverHost.namespace, tunnelServerAddress, 500_000] as const,
        );
      });
    }
  }
});
