/**
 * Certificates for tests, made by the `openssl` program: another implementation than ours decides
 * what a certificate looks like.
 *
 * @module
 */

import { run } from "./command.ts";

/** What a certificate is to be. */
export interface CertificateOptions {
  /** Extended key usage (RFC 5280, 4.2.1.12); `none`: the extension is absent. */
  readonly usage: "server" | "client" | "none";
  /** X.509 version; 3 by default. Version 1 has no extensions at all. */
  readonly version?: 1 | 3;
  /** Validity in ms since 1970; from yesterday to in ten years by default. */
  readonly notBefore?: number;
  readonly notAfter?: number;
}

/** Paths of a certificate and its key in PEM. */
export interface Certificate {
  readonly name: string;
  readonly certificate: string;
  readonly key: string;
}

const day = 86_400_000;

/** `YYYYMMDDHHMMSSZ`, as `openssl ca` takes times. */
function generalizedTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z/, "Z").replace(/[-:T]/g, "");
}

/** A certification authority in a directory of its own. RSA with 2,048 bits. */
export class TestAuthority {
  readonly directory: string;
  /** Path of the CA's certificate. */
  readonly certificate: string;
  /** Path of the CRL; `updateCrl` writes it. */
  readonly crl: string;

  private constructor(directory: string) {
    this.directory = directory;
    this.certificate = `${directory}/ca.crt`;
    this.crl = `${directory}/crl.pem`;
  }

  /** Makes a CA whose name is `commonName`, with an empty CRL, in a new directory. */
  static async create(directory: string, commonName = "Test CA"): Promise<TestAuthority> {
    const authority = new TestAuthority(directory);
    await Deno.mkdir(directory, { recursive: true });
    await Deno.writeTextFile(`${directory}/index.txt`, "");
    await Deno.writeTextFile(`${directory}/serial`, "1000\n");
    await Deno.writeTextFile(`${directory}/crlnumber`, "01\n");
    await Deno.writeTextFile(`${directory}/openssl.cnf`, authorityConfig(directory));
    await run([
      ...["openssl", "req", "-config", `${directory}/openssl.cnf`, "-x509", "-nodes"],
      ...["-newkey", "rsa:2048", "-keyout", `${directory}/ca.key`, "-out", authority.certificate],
      ...["-days", "3650", "-subj", `/CN=${commonName}`, "-extensions", "authority"],
    ]);
    await authority.updateCrl();
    return authority;
  }

  /** Issues a certificate with the common name `name`; the files are named after `file`. */
  async issue(name: string, options: CertificateOptions, file = name): Promise<Certificate> {
    const base = `${this.directory}/${file}`;
    const issued = { name, certificate: `${base}.crt`, key: `${base}.key` };
    await run([
      ...["openssl", "req", "-config", `${this.directory}/openssl.cnf`, "-new", "-nodes"],
      ...["-newkey", "rsa:2048", "-keyout", issued.key, "-out", `${base}.csr`],
      ...["-subj", `/CN=${name}`],
    ]);
    if (options.version === 1) {
      // "openssl x509 -req" without an extension file writes version 1.
      await run([
        ...["openssl", "x509", "-req", "-in", `${base}.csr`, "-out", issued.certificate],
        ...["-CA", this.certificate, "-CAkey", `${this.directory}/ca.key`],
        ...["-set_serial", String(Date.now()), "-days", "365"],
      ]);
    } else {
      await run([
        ...["openssl", "ca", "-batch", "-notext", "-config", `${this.directory}/openssl.cnf`],
        ...["-extensions", options.usage, "-in", `${base}.csr`, "-out", issued.certificate],
        ...["-startdate", generalizedTime(options.notBefore ?? Date.now() - day)],
        ...["-enddate", generalizedTime(options.notAfter ?? Date.now() + 3650 * day)],
      ]);
    }
    return issued;
  }

  /**
   * A certificate that somebody took without its key: the key file names the certificate's modulus
   * but holds the secrets of another key. OpenSSL compares moduli only, so OpenVPN starts with it
   * and signs what no check of a signature lets pass.
   */
  async steal(certificate: Certificate, file: string): Promise<Certificate> {
    const base = `${this.directory}/${file}`;
    await run(["openssl", "genrsa", "-traditional", "-out", `${base}.other.key`, "2048"]);
    const other = await run(["openssl", "rsa", "-in", `${base}.other.key`, "-noout", "-text"]);
    const number = (name: string) => {
      const match = other.match(new RegExp(`^${name}:\\s+((?:[0-9a-f]{2}[:\\s]*)+)`, "m"));
      if (!match) throw new Error(`openssl printed no ${name}`);
      return `0x${match[1].replace(/[:\s]/g, "")}`;
    };
    const modulus = await run([
      ...["openssl", "x509", "-in", certificate.certificate, "-noout", "-modulus"],
    ]);
    // RSAPrivateKey of RFC 8017, A.1.2.
    const fields = [
      ...["version=INTEGER:0", `n=INTEGER:0x${modulus.trim().replace("Modulus=", "")}`],
      ...["e=INTEGER:65537", `d=INTEGER:${number("privateExponent")}`],
      ...[`p=INTEGER:${number("prime1")}`, `q=INTEGER:${number("prime2")}`],
      ...[`dp=INTEGER:${number("exponent1")}`, `dq=INTEGER:${number("exponent2")}`],
      `qinv=INTEGER:${number("coefficient")}`,
    ];
    const description = ["asn1=SEQUENCE:key", "[key]", ...fields].join("\n") + "\n";
    await Deno.writeTextFile(`${base}.asn1`, description);
    await run([
      ...["openssl", "asn1parse", "-noout", "-genconf", `${base}.asn1`, "-out", `${base}.der`],
    ]);
    const stolen = { ...certificate, key: `${base}.key` };
    await run(["openssl", "rsa", "-inform", "DER", "-in", `${base}.der`, "-out", stolen.key]);
    return stolen;
  }

  /** Revokes a certificate and writes the CRL anew. */
  async revoke(certificate: Certificate): Promise<void> {
    await run([
      ...["openssl", "ca", "-config", `${this.directory}/openssl.cnf`],
      ...["-revoke", certificate.certificate],
    ]);
    await this.updateCrl();
  }

  /** Writes the CRL, in one step: a server may read it at any moment. */
  async updateCrl(): Promise<void> {
    await run([
      ...["openssl", "ca", "-config", `${this.directory}/openssl.cnf`, "-gencrl"],
      ...["-out", `${this.crl}.new`],
    ]);
    await Deno.rename(`${this.crl}.new`, this.crl);
  }
}

function authorityConfig(directory: string): string {
  return `
[ca]
default_ca = test
[test]
database = ${directory}/index.txt
serial = ${directory}/serial
crlnumber = ${directory}/crlnumber
new_certs_dir = ${directory}
certificate = ${directory}/ca.crt
private_key = ${directory}/ca.key
default_md = sha256
default_days = 3650
default_crl_days = 3650
policy = anything
unique_subject = no
[anything]
commonName = supplied
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = CA:false
keyUsage = digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[client]
basicConstraints = CA:false
keyUsage = digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[none]
basicConstraints = CA:false
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
`;
}

/** What most tests need: an authority, a server, a client, a tls-auth key. */
export interface Credentials {
  readonly authority: TestAuthority;
  readonly server: Certificate;
  readonly client: Certificate;
  /** Path of a static key for `tls-auth`, made by the openvpn program. */
  readonly tlsAuth: string;
}

/** Makes credentials in `directory`. */
export async function makeCredentials(directory: string): Promise<Credentials> {
  const authority = await TestAuthority.create(directory);
  const tlsAuth = `${directory}/ta.key`;
  const [server, client] = [
    await authority.issue("server", { usage: "server" }),
    await authority.issue("client", { usage: "client" }),
  ];
  await run(["openvpn", "--genkey", "secret", tlsAuth]);
  return { authority, server, client, tlsAuth };
}
