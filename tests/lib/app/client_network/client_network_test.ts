import assert from "node:assert/strict";
import { effectiveUserId } from "deno-tun";
import { VpnError } from "../../../../lib/base/errors.ts";
import { ClientNetwork } from "../../../../lib/app/client_network/client_network.ts";
import { type ClientConfig, parseConfigText } from "../../../../lib/config/mod.ts";
import { TunnelInterface } from "../../../../lib/net/tunnel_interface.ts";
import { isolatedTest } from "../../../ffi/isolated.ts";
import { connectMachine, RecordedLog } from "../../net/machine.ts";

effectiveUserId(); // loads libc before the sanitizers look

function config(...lines: string[]): ClientConfig {
  const text = `client\ndev tun\nca ca\ncert c\nkey k\nremote 192.0.2.1\n${lines.join("\n")}\n`;
  return parseConfigText(text, "client.ovpn").config as ClientConfig;
}

await isolatedTest(
  import.meta.url,
  "the server's name is found past the tunnel's name servers, and by the system where that fails",
  async () => {
    await connectMachine();
    const former = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n";
    const etc = await Deno.makeTempDir();
    await Deno.writeTextFile(`${etc}/resolv.conf`, former);
    await Deno.writeTextFile(
      `${etc}/hosts`,
      "127.0.0.1 localhost\n198.51.100.7 vpn.example.test\n",
    );
    for (const name of ["resolv.conf", "hosts"]) {
      const mount = ["--bind", `${etc}/${name}`, `/etc/${name}`];
      assert.ok((await new Deno.Command("mount", { args: mount }).output()).success);
    }
    const log = new RecordedLog();
    const own = config("dhcp-option DNS 10.8.0.1");
    const network = ClientNetwork.start(own, log);
    const tunnel = await TunnelInterface.open({
      name: "tun",
      mtu: 1500,
      ipv4: { address: "10.8.0.2", prefixLength: 24 },
    }, log);
    network.deviceOpened(tunnel);
    network.applyDns(tunnel, own.network);
    assert.match(await Deno.readTextFile("/etc/resolv.conf"), /^nameserver 10\.8\.0\.1$/m);
    assert.deepEqual(await network.resolve("vpn.example.test", 4), ["198.51.100.7"]);
    // The former name server is this machine's: our own resolver has nobody to ask.
    assert.deepEqual(network.nameServers(), []);
    await assert.rejects(
      network.resolve("nowhere.example.test", 4),
      // The system's word, which has been asked too.
      (error) => !(error instanceof VpnError),
    );
    assert.match(log.lines.at(-1)!, /there is no name server to ask/);
    await network.deviceClosing();
    assert.equal(await Deno.readTextFile("/etc/resolv.conf"), former);
    await tunnel.close();
    network.end(true);
    await Deno.remove(etc, { recursive: true }).catch(() => {});
  },
  { wrapper: ["unshare", "--mount", "--propagation", "private"] },
);
