/** Configurations as installation scripts write them, with OpenVPN at the other end. */
import { serverPort, tunnelServerAddress } from "../harness/configs.ts";
import { type Implementation, Peer } from "../harness/peers.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";
import { pingSizes } from "../harness/traffic.ts";

const patience = { timeoutMs: 60_000 };
const fixtures = new URL("../fixtures/config/", import.meta.url);

/**
 * The lines of a fixture without its inline blocks, and with what is this machine's own replaced or,
 * where it is an empty list, left out.
 */
async function shapeOf(
  file: string,
  replaced: Readonly<Record<string, readonly string[]>>,
): Promise<string[]> {
  const text = await Deno.readTextFile(new URL(file, fixtures));
  const lines = text.replaceAll(/<([a-z-]+)>[\s\S]*?<\/\1>\n/g, "").split("\n");
  const kept = lines.filter((line) => !Object.hasOwn(replaced, line.split(" ")[0]));
  return [...kept, ...Object.values(replaced).flat(), "verb 4"];
}

const pairs: readonly (readonly [server: Implementation, client: Implementation])[] = [
  ["ours", "openvpn"],
  ["openvpn", "ours"],
];

await testWith("what installation scripts write connects, in either role", async (context) => {
  await using scenario = await Scenario.create("installer");
  const { directory, credentials: { authority, server, client, tlsAuth } } = scenario;
  const { address } = scenario.serverHost;
  const own = {
    // Whom a test runs as, where it writes, and the names of this machine are its own.
    ...{ user: [], group: [], status: [], "client-config-dir": [], "ifconfig-pool-persist": [] },
    ...{ syslog: [], "status-version": [], dh: ["dh none"] },
    local: [`local ${address}`],
    ca: [`ca ${authority.certificate}`],
    "crl-verify": [`crl-verify ${authority.crl}`],
    "tls-crypt": [`tls-crypt ${tlsAuth}`],
  };
  for (const [serverProgram, clientProgram] of pairs) {
    for (
      const [file, auth] of [
        ["server_script_rsa.conf", "SHA512"],
        ["server_home_box.conf", "SHA256"],
      ]
    ) {
      await context.step(`${file}: ${serverProgram} serves ${clientProgram}`, async () => {
        const serverConfig = await shapeOf(file, {
          ...own,
          cert: [`cert ${server.certificate}`],
          key: [`key ${server.key}`],
          server: ["server 10.8.0.0 255.255.255.0"],
          // The curve of the script's is one that our TLS library chooses by itself.
          ...(serverProgram === "ours" ? {} : { "ecdh-curve": [] }),
        });
        const clientConfig = await shapeOf("client_script.ovpn", {
          ca: own.ca,
          cert: [`cert ${client.certificate}`],
          key: [`key ${client.key}`],
          "tls-crypt": own["tls-crypt"],
          auth: [`auth ${auth}`],
          remote: [`remote ${address} ${serverPort}`],
          // A test must not change how this machine resolves names.
          "pull-filter": [`pull-filter ignore "dhcp-option"`],
        });
        const start = (
          role: "server" | "client",
          implementation: Implementation,
          config: readonly string[],
        ) =>
          Peer.start({
            ...{
              role,
              implementation,
              config,
              directory,
              name: `${role}-${file}-${serverProgram}`,
            },
            namespace: (role === "server" ? scenario.serverHost : scenario.clientHost()).namespace,
          });
        await using serverPeer = await start("server", serverProgram, serverConfig);
        await serverPeer.ready(patience);
        await using clientPeer = await start("client", clientProgram, clientConfig);
        await clientPeer.ready(patience);
        await pingSizes(scenario.clientHost().namespace, tunnelServerAddress, [56, 1400]);
      });
    }
  }
});
