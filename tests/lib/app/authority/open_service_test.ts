import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:tls";
import type { AuthorityService } from "../../../../lib/app/authority/authority_service.ts";
import { openAuthorityService } from "../../../../lib/app/authority/open_service.ts";
import { loadFiles } from "../../../../lib/config/mod.ts";
import { certificatePem } from "../../../../lib/pki/certificate.ts";
import { createStateAuthority } from "../../../../lib/pki/authority_maker.ts";
import { TemporaryDirectory } from "../../../harness/directory.ts";
import { testWith } from "../../../harness/requirements.ts";
import { parseLines, serverLines } from "../../config/profile.ts";
import { RecordedLog } from "../../net/machine.ts";

/** The name in the certificate that a server on this machine shows. */
async function nameShownAt(port: number): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false });
  try {
    await once(socket, "secureConnect");
    return socket.getPeerCertificate().subject.CN;
  } finally {
    socket.destroy();
  }
}

await testWith(
  "https shows the server's certificate, or that of https-cert and https-key",
  async () => {
    await using stack = new AsyncDisposableStack();
    const directory = stack.use(await TemporaryDirectory.create()).path;
    const state = `${directory}/state`;
    const authority = stack.use(await createStateAuthority(state, { keyType: "ec:p256" }));
    const { files } = authority;
    for (
      const [name, certificate, key] of [
        ["server", files.serverCertificate, files.serverKey],
        ["web", `${directory}/web.crt`, `${directory}/web.key`],
      ]
    ) {
      const entry = await authority.issue({ name, purpose: "server", keyType: "ec:p256" });
      await Deno.writeTextFile(certificate, certificatePem(await authority.certificateOf(entry)));
      await Deno.writeTextFile(key, await authority.privateKeyOf(entry) ?? "", { mode: 0o600 });
    }
    const shown = async (...more: string[]) => {
      const identity = [`ca ${files.caCertificate}`, `cert ${files.serverCertificate}`];
      const { config } = parseLines([
        ...serverLines.filter((line) => !/^(ca|cert|key) /.test(line)),
        ...[...identity, `key ${files.serverKey}`, `state ${state}`, "https 127.0.0.1:0", ...more],
      ]);
      assert.ok(config.role === "server");
      const log = new RecordedLog();
      await using service = await openAuthorityService(config, loadFiles(config), log);
      return await nameShownAt((service as AuthorityService).ports.https!);
    };
    assert.equal(await shown(), "server");
    const own = [`https-cert ${directory}/web.crt`, `https-key ${directory}/web.key`];
    assert.equal(await shown(...own), "web");
  },
);
