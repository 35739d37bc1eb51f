/** Certificates for tests of the control channel, made by the openssl command line. */

import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** PEM of an authority and of the certificates that it issued. */
export interface TestCertificates {
  readonly ca: string;
  readonly server: { readonly certificate: string; readonly key: string };
  readonly client: { readonly certificate: string; readonly key: string };
}

let made: TestCertificates | undefined;

/** One authority with a server's and a client's certificate, the same at each call. */
export function testCertificates(): TestCertificates {
  return made ??= make();
}

function make(): TestCertificates {
  const directory = Deno.makeTempDirSync();
  const openssl = (...args: string[]) =>
    execFileSync("openssl", args, { cwd: directory, stdio: "pipe" });
  const read = (name: string) => Deno.readTextFileSync(join(directory, name));
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  try {
    openssl(
      "req",
      "-x509",
      ...ec,
      "-keyout",
      "ca.key",
      "-out",
      "ca.crt",
      "-subj",
      "/CN=Test CA",
      "-days",
      "2",
      "-addext",
      "keyUsage=critical,keyCertSign,cRLSign",
    );
    for (const [name, usage] of [["server", "serverAuth"], ["client", "clientAuth"]]) {
      openssl(
        "req",
        ...ec,
        "-keyout",
        `${name}.key`,
        "-out",
        `${name}.csr`,
        "-subj",
        `/CN=${name}`,
      );
      Deno.writeTextFileSync(
        join(directory, "ext"),
        `basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=${usage}\n`,
      );
      openssl(
        "x509",
        "-req",
        "-in",
        `${name}.csr`,
        "-CA",
        "ca.crt",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-out",
        `${name}.crt`,
        "-days",
        "2",
        "-extfile",
        "ext",
      );
    }
    return {
      ca: read("ca.crt"),
      server: { certificate: read("server.crt"), key: read("server.key") },
      client: { certificate: read("client.crt"), key: read("client.key") },
    };
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}
