/** OpenVPN with what our authority issues: every kind of key, every kind of profile. */
import assert from "node:assert/strict";
import { exportProfile } from "../../lib/app/authority/exporting.ts";
import { generateStaticKey } from "../../lib/crypto/static_key.ts";
import {
  formatTlsCryptV2ServerKey,
  TlsCryptV2ServerKey,
} from "../../lib/crypto/tls_crypt_v2_key.ts";
import { Authority } from "../../lib/pki/authority.ts";
import { profileFormats, profileSystems } from "../../lib/pki/client_profile.ts";
import { keyTypes } from "../../lib/pki/key_types.ts";
import { openStateDirectory } from "../../lib/pki/state_directory.ts";
import { run } from "../harness/command.ts";
import { tunnelServerAddress } from "../harness/configs.ts";
import { TemporaryDirectory } from "../harness/directory.ts";
import type { NetworkNamespace } from "../harness/namespace.ts";
import { Network } from "../harness/network.ts";
import { vpnCommand } from "../harness/program.ts";
import type { ManagedProcess } from "../harness/process.ts";
import { testWith } from "../harness/requirements.ts";
import { pingSizes } from "../harness/traffic.ts";

const completed = /Initialization Sequence Completed/;
const generous = { timeoutMs: 60_000 };
const passphrase = "a passphrase";

/** Writes a client's profile and says how `openvpn` is started with it. */
async function profileCommand(
  authority: Authority,
  directory: string,
  request: Parameters<typeof exportProfile>[1],
): Promise<string[]> {
  await Deno.mkdir(directory);
  const files = await exportProfile(authority, { ...request, passphrase });
  for (const { name, content } of files) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.writeFile(`${directory}/${name}`, bytes, { mode: 0o600 });
  }
  const command = ["openvpn", "--config", files[0].name, "--disable-dco"];
  if (request.format !== "p12") return command;
  await Deno.writeTextFile(`${directory}/passphrase`, `${passphrase}\n`, { mode: 0o600 });
  command.push("--askpass", "passphrase");
  // On a telephone it would be in the system's store.
  const inStore = request.system === "android" || request.system === "ios";
  return inStore ? [...command, "--pkcs12", files[1].name] : command;
}

async function connects(
  namespace: NetworkNamespace,
  command: readonly string[],
  directory: string,
): Promise<ManagedProcess> {
  const client = namespace.spawn(command, { cwd: directory, name: directory });
  await client.waitForLine(completed, generous);
  return client;
}

await testWith("OpenVPN connects with every exported profile, until it is revoked", async (t) => {
  await using directory = await TemporaryDirectory.create();
  await using network = await Network.create("authority");
  const [serverHost, { namespace }] = network.hosts;
  const state = `${directory.path}/state`;
  await openStateDirectory(state, {
    createIfMissing: true,
    tlsAuthKey: generateStaticKey,
    remote: serverHost.address,
  });
  // Three sessions of one client at a time.
  const config = `${state}/server.conf`;
  await Deno.writeTextFile(config, "duplicate-cn\n", { append: true });
  using authority = await Authority.open(state);
  await using server = serverHost.namespace.spawn([...vpnCommand, "serve", "--state", state]);
  await server.waitForLine(completed, generous);

  for (const [i, system] of profileSystems.entries()) {
    const keyType = keyTypes[i % keyTypes.length];
    await t.step(`${system}, ${keyType}: ${profileFormats.join(", ")}`, async () => {
      await authority.issue({ name: system, keyType });
      const clients = await Promise.all(profileFormats.map(async (format) => {
        const folder = `${directory.path}/${system}-${format}`;
        const request = { nameOrSerial: system, system, format };
        return await connects(
          namespace,
          await profileCommand(authority, folder, request),
          folder,
        );
      }));
      await Promise.all(clients.map((client) => client.stop()));
    });
  }

  await t.step("vpn pki revoke ends the session, others go on", async () => {
    await using leaving = await connects(
      namespace,
      ["openvpn", "--config", "linux.ovpn", "--disable-dco"],
      `${directory.path}/linux-inline`,
    );
    const { namespace: stays } = serverHost;
    await authority.issue({ name: "stays", keyType: "ec:p256" });
    const folder = `${directory.path}/stays`;
    const command = await profileCommand(authority, folder, { nameOrSerial: "stays" });
    await using staying = await connects(stays, command, folder);
    const after = server.lineCount;
    await run([...vpnCommand, "pki", "revoke", "linux", "--state", state]);
    await server.waitForLine(/linux\/.*VERIFY ERROR: .*is revoked/, { after, ...generous });
    await leaving.waitForLine(/AUTH_FAILED/, generous);
    await server.waitForLine(/linux\/.*SIGTERM/, { after, ...generous });
    assert.doesNotMatch(server.lines().slice(after).join("\n"), /stays.*(ERROR|SIGTERM)/);
    assert.doesNotMatch(staying.output, /AUTH_FAILED|process exiting/);
  });

  await t.step("OpenVPN serves what tls-crypt-v2 profiles connect to", async () => {
    await server.stop("SIGINT");
    const key = formatTlsCryptV2ServerKey(TlsCryptV2ServerKey.generate());
    await Deno.writeTextFile(`${state}/v2.key`, key, { mode: 0o600 });
    const text = await Deno.readTextFile(config);
    await Deno.writeTextFile(config, text.replace("tls-auth ta.key 0", "tls-crypt-v2 v2.key"));
    await using other = serverHost.namespace.spawn(["openvpn", "--config", config]);
    await other.waitForLine(completed, generous);
    for (const format of ["inline", "files"] as const) {
      const folder = `${directory.path}/v2-${format}`;
      const command = await profileCommand(authority, folder, { nameOrSerial: "client", format });
      await using _client = await connects(namespace, command, folder);
      await pingSizes(namespace, tunnelServerAddress, [56]);
    }
    // And our own client with what OpenVPN has taken above.
    const folder = `${directory.path}/v2-p12`;
    const request = { nameOrSerial: "client", format: "p12" } as const;
    await profileCommand(authority, folder, request);
    const command = [...vpnCommand, "connect", "client.ovpn", "--askpass", "passphrase"];
    await using _client = await connects(namespace, command, folder);
    await pingSizes(namespace, tunnelServerAddress, [56]);
  });
});
