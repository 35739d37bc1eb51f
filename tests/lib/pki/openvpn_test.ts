/** OpenVPN itself runs on the files that a first start makes, at both ends. */
import { join } from "node:path";
import { generateStaticKey } from "../../../lib/crypto/static_key.ts";
import { openStateDirectory } from "../../../lib/pki/state_directory.ts";
import { NetworkNamespace } from "../../harness/namespace.ts";
import { testWith } from "../../harness/requirements.ts";
import { inTemporaryDirectory } from "./temporary.ts";

await testWith("OpenVPN takes server.conf and client.ovpn as they are", async () => {
  await inTemporaryDirectory(async (parent) => {
    const { files } = await openStateDirectory(join(parent, "a state"), {
      createIfMissing: true,
      tlsAuthKey: generateStaticKey,
      remote: "127.0.0.1",
    });
    await using namespace = await NetworkNamespace.create("pki");
    const start = (file: string) => namespace.spawn(["openvpn", "--config", file], { name: file });
    await using server = start(files.serverConfiguration);
    await server.waitForLine(/Initialization Sequence Completed/);
    await using client = start(files.clientProfile);
    await client.waitForLine(/VERIFY EKU OK/);
    await server.waitForLine(/VERIFY EKU OK/);
    await client.waitForLine(/Initialization Sequence Completed/);
  });
}, ["openvpn", "netns", "root", "tun"]);
