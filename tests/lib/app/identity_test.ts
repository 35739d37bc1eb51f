import assert from "node:assert/strict";
import { loadIdentity } from "../../../lib/app/identity.ts";
import { loadFiles } from "../../../lib/config/mod.ts";
import { memoryHost, parseLines } from "../config/profile.ts";
import { testCertificates } from "../control/certificates.ts";

Deno.test("extra-certs go along with our own, in either form of it", async () => {
  const { ca, client } = testCertificates();
  const host = memoryHost({ ca, cert: client.certificate, key: client.key, more: ca });
  const certificate = async (...lines: string[]) => {
    const { config } = parseLines([
      ...["client", "dev tun", "remote 192.0.2.1", "ca ca", "cert cert", "key key", ...lines],
    ]);
    const files = loadFiles(config, host);
    const identity = await loadIdentity(config.tls, files, () => Promise.reject(new Error()));
    return identity.certificate!.match(/BEGIN CERTIFICATE/g)!.length;
  };
  const alone = await certificate();
  assert.equal(await certificate("extra-certs more"), alone + 1);
  assert.equal(await certificate(`<extra-certs>\n${ca}\n</extra-certs>`), alone + 1);
});
