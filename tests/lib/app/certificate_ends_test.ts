/** A server says from 30 days before that something of its own will end. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { CertificateEnds } from "../../../lib/app/certificate_ends.ts";
import { openLog } from "../../../lib/base/log.ts";
import { loadFiles, parseConfigFile } from "../../../lib/config/mod.ts";
import { generateStaticKey } from "../../../lib/crypto/static_key.ts";
import { DAY } from "../../../lib/pki/issue.ts";
import { openStateDirectory } from "../../../lib/pki/state_directory.ts";
import { TemporaryDirectory } from "../../harness/directory.ts";

Deno.test("certificate, list and authority: each is said 30 days before", async () => {
  await using directory = await TemporaryDirectory.create();
  const start = Date.now();
  const { files: { serverConfiguration } } = await openStateDirectory(
    join(directory.path, "state"),
    {
      createIfMissing: true,
      tlsAuthKey: generateStaticKey,
      remote: "192.0.2.1",
      keyType: "ec:p256",
      authorityKeyType: "ec:p256",
      now: start,
    },
  );
  const { config } = parseConfigFile(serverConfiguration);
  const lines: string[] = [];
  const log = openLog(3, ({ text }) => void lines.push(text));
  let now = start;
  using ends = new CertificateEnds(config.tls, loadFiles(config), log, () => now);
  const said = (days: number) => {
    lines.length = 0;
    now = start + days * DAY;
    ends.look();
    return lines.join("\n");
  };
  assert.equal(said(149), "");
  assert.match(said(151), /^WARNING: the revocation list .*crl\.pem\) ends on /);
  assert.match(said(181), /the revocation list .*crl\.pem\) ended on /);
  assert.doesNotMatch(said(794), /certificate/);
  assert.match(said(796), /this server's certificate .*server\.crt\) ends on /);
  assert.match(said(3621), /the authority's certificate .*ca\.crt\) ends on /);
});
