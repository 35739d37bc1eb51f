/**
 * Certificates that must be refused, made by the `openssl` command, with the reason that our check
 * gives and whether `openssl verify` refuses them too.
 *
 * @module
 */

import { join } from "node:path";
import type { CertificateReason } from "../../../lib/pki/errors.ts";

/** A certificate, its key, and the certificates presented with it: paths of PEM files. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
  /** Intermediates, in one file; absent when there are none. */
  readonly chain?: string;
}

/** Somebody who must not get in. */
export interface Impostor extends Identity {
  readonly name: string;
  /** The reason our check gives (`key-mismatch`: `checkKeyPair`; the other side: TLS). */
  readonly reason: CertificateReason;
  /** Whether `openssl verify -purpose … -crl_check` refuses it too. */
  readonly opensslRefuses: boolean;
}

/** An authority, somebody who gets in, and all who don't. */
export interface ImpostorSet {
  /** The authority that both ends trust, PEM file. */
  readonly ca: string;
  /** Revocation lists of the authority and its intermediates, PEM file. */
  readonly crl: string;
  /** A revocation list of the authority that has expired, PEM file. */
  readonly expiredCrl: string;
  /** Peers that must get in. */
  readonly genuine: readonly (Identity & { readonly name: string })[];
  readonly impostors: readonly Impostor[];
}

type Role = "server" | "client";

/** Times for `openssl ca`. */
const past = ["20200101000000Z", "20200201000000Z"] as const;
const future = ["20990101000000Z", "20990201000000Z"] as const;

/**
 * Makes them in `directory` for peers of one role. Takes about a second.
 *
 * @throws {Error} with openssl's words when it fails.
 */
export async function makeImpostors(directory: string, role: Role): Promise<ImpostorSet> {
  const other = role === "server" ? "client" : "server";
  const workshop = new Workshop(directory);
  const peer = (purpose: Role, ...more: string[]) => [
    "basicConstraints = critical, CA:FALSE",
    "keyUsage = critical, digitalSignature",
    `extendedKeyUsage = ${purpose}Auth`,
    "subjectKeyIdentifier = hash",
    "authorityKeyIdentifier = keyid",
    ...more,
  ];
  const good = peer(role);
  const intermediate = [
    "basicConstraints = critical, CA:TRUE",
    "keyUsage = critical, keyCertSign, cRLSign",
    "subjectKeyIdentifier = hash",
    "authorityKeyIdentifier = keyid",
  ];
  // OpenSSL adds key identifiers unless told not to.
  const anonymous = good.map((line) => line.replace(/(KeyIdentifier) = .*/, "$1 = none"));

  const key = await workshop.key("peer");
  // RSA, since ECDSA knows no MD5.
  const certifies = ["basicConstraints = critical, CA:TRUE"];
  const root = await workshop.root("ca", "/CN=Test CA", certifies, "rsa:2048");
  const stranger = await workshop.root("stranger-ca", "/CN=Other CA", intermediate.slice(0, 2));
  const double = await workshop.root("double-ca", "/CN=Test CA", intermediate.slice(0, 2));
  const sub = await workshop.authority("sub", root, intermediate);
  const subRevoked = await workshop.authority("sub-revoked", root, intermediate);
  const subExpired = await workshop.authority("sub-expired", root, intermediate, { dates: past });
  const subClosed = await workshop.authority("sub-closed", root, [
    "basicConstraints = critical, CA:TRUE, pathlen:0",
    ...intermediate.slice(1),
  ]);
  const tooDeep = await workshop.authority("too-deep", subClosed, intermediate);
  const subNoSign = await workshop.authority("sub-no-sign", root, [
    intermediate[0],
    "keyUsage = critical, digitalSignature, cRLSign",
    ...intermediate.slice(2),
  ]);
  const subNoAuthority = await workshop.authority("sub-no-authority", root, [
    "basicConstraints = critical, CA:FALSE",
    ...intermediate.slice(2),
  ]);
  const subWeak = await workshop.authority("sub-weak", root, intermediate, { keyType: "rsa:1024" });
  // By the name and the age of a root, but not one that anybody named as trusted.
  const subOld = await workshop.oldAuthority("sub-old", root, "/CN=Test CA");
  const subNamed = await workshop.authority("sub-named", root, [
    ...intermediate,
    "nameConstraints = critical, permitted;DNS:good.example",
  ]);
  const subOtherPurpose = await workshop.authority("sub-other-purpose", root, [
    ...intermediate,
    `extendedKeyUsage = ${other}Auth`,
  ]);

  const peerCertificate = (name: string, issuer: Authority, extensions = good, more = {}) =>
    workshop.certificate(name, issuer, extensions, { key, ...more });
  const identity = async (name: string, issuer: Authority, extensions = good, more = {}) => ({
    name,
    ...await peerCertificate(name, issuer, extensions, more),
  });
  const impostors: Impostor[] = [];
  const refuse = async (
    reason: CertificateReason,
    name: string,
    made: Identity | Promise<Identity>,
    opensslRefuses = true,
  ) => void impostors.push({ ...await made, name, reason, opensslRefuses });

  const genuine = [
    await identity("genuine", root),
    await identity("below-intermediate", sub),
    await identity("named-within-constraint", subNamed, [
      ...good,
      "subjectAltName = DNS:vpn.good.example",
    ]),
  ];
  await refuse("unknown-authority", "other-authority", peerCertificate("stranger", stranger));
  // Same issuer name, another key: told apart by the signature alone, or by key identifier.
  await refuse("bad-signature", "double-plain", peerCertificate("double-plain", double, anonymous));
  await refuse("unknown-authority", "double", peerCertificate("double", double));
  await refuse("bad-signature", "double-with-its-authority", {
    ...await peerCertificate("double-chain", double, anonymous),
    chain: double.certificate,
  });
  await refuse(
    "unknown-authority",
    "self-signed",
    workshop.selfSigned("self", "/CN=genuine", good),
  );
  await refuse("unknown-authority", "intermediate-not-presented", {
    ...await peerCertificate("bare", sub),
    chain: undefined,
  });
  await refuse("expired", "expired", peerCertificate("expired", root, good, { dates: past }));
  await refuse("not-yet-valid", "early", peerCertificate("early", root, good, { dates: future }));
  await refuse("expired", "below-expired", peerCertificate("below-expired", subExpired));
  const revoked = await peerCertificate("revoked", root);
  await workshop.revoke(root, revoked.certificate);
  await refuse("revoked", "revoked", revoked);
  const revokedBelow = await peerCertificate("revoked-below", sub);
  await workshop.revoke(sub, revokedBelow.certificate);
  await refuse("revoked", "revoked-below-intermediate", revokedBelow);
  await workshop.revoke(root, subRevoked.certificate);
  // openssl's -crl_check looks at the peer alone; -crl_check_all is what OpenVPN and we do.
  await refuse("revoked", "below-revoked", peerCertificate("below-revoked", subRevoked));
  await refuse("usage", "wrong-purpose", peerCertificate("wrong-purpose", root, peer(other)));
  await refuse("usage", "below-wrong-purpose", peerCertificate("below-purpose", subOtherPurpose));
  await refuse(
    "usage",
    "key-usage-of-an-authority",
    peerCertificate("ku", root, [good[0], "keyUsage = critical, cRLSign", ...good.slice(2)]),
  );
  // What only remote-cert-tls asks for.
  const without = (word: string) => good.filter((line) => !line.startsWith(word));
  await refuse("usage", "no-eku", peerCertificate("no-eku", root, without("extended")), false);
  await refuse("usage", "no-ku", peerCertificate("no-ku", root, without("keyUsage")), false);
  await refuse("version", "version-1", workshop.versionOne("v1", root, key), false);
  await refuse(
    "weak-signature",
    "sha1",
    peerCertificate("sha1", root, good, { digest: "sha1" }),
  );
  await refuse("weak-signature", "md5", peerCertificate("md5", root, good, { digest: "md5" }));
  const weak = await workshop.key("weak", "rsa:1024");
  await refuse("weak-key", "rsa-1024", peerCertificate("weak", root, good, { key: weak }));
  const peerAsAuthority = { ...genuine[0], directory: root.directory, serial: 0 };
  await refuse(
    "not-an-authority",
    "issued-by-a-peer",
    peerCertificate("by-peer", peerAsAuthority, anonymous),
  );
  await refuse(
    "not-an-authority",
    "below-no-authority",
    peerCertificate("below-no-authority", subNoAuthority),
  );
  // Our check speaks of the trusted authority of that name first.
  await refuse("bad-signature", "below-version-1", peerCertificate("below-v1", subOld, anonymous));
  await refuse("weak-key", "below-weak-key", peerCertificate("below-weak", subWeak));
  await refuse("not-an-authority", "no-key-cert-sign", peerCertificate("no-sign", subNoSign));
  await refuse("path-length", "too-deep", peerCertificate("deep", tooDeep));
  await refuse(
    "name-constraint",
    "name-outside",
    peerCertificate("outside", subNamed, [...good, "subjectAltName = DNS:vpn.evil.example"]),
  );
  await refuse(
    "critical-extension",
    "unknown-critical",
    peerCertificate("critical", root, [...good, "1.2.3.4 = critical, ASN1:NULL"]),
  );
  await refuse("bad-signature", "altered", workshop.altered("altered", genuine[0]));
  await refuse(
    "key-mismatch",
    "foreign-key",
    { ...genuine[0], key: await workshop.key("foreign") },
    false,
  );
  return {
    ca: root.certificate,
    crl: await workshop.revocationLists("crl", [root, sub, subRevoked, subClosed, subNamed], "+30"),
    expiredCrl: await workshop.revocationLists("crl-expired", [root, sub, subNamed], "past"),
    genuine,
    impostors,
  };
}

/** An authority: certificate and key, the chain above it, and where its `openssl ca` database is. */
export interface Authority extends Identity {
  readonly directory: string;
}

interface IssueOptions {
  readonly key?: string;
  readonly dates?: readonly [string, string];
  readonly digest?: string;
}

/** Makes keys and certificates in one directory by the `openssl` command. */
export class Workshop {
  constructor(readonly directory: string) {}

  #path(name: string): string {
    return join(this.directory, name);
  }

  async key(name: string, type = "ec"): Promise<string> {
    const path = this.#path(`${name}.key`);
    const [algorithm, option] = type === "ec"
      ? ["EC", "ec_paramgen_curve:P-256"]
      : ["RSA", `rsa_keygen_bits:${type.slice(4)}`];
    await openssl("genpkey", "-algorithm", algorithm, "-pkeyopt", option, "-out", path);
    return path;
  }

  /** A self-signed authority. */
  async root(
    name: string,
    subject: string,
    extensions: string[],
    keyType?: string,
  ): Promise<Authority> {
    const key = await this.key(name, keyType);
    const made = await this.selfSigned(name, subject, [
      ...extensions,
      "subjectKeyIdentifier = hash",
    ], key);
    return { ...made, directory: await this.#database(name) };
  }

  async authority(
    name: string,
    issuer: Authority,
    extensions: readonly string[],
    { dates, keyType }: { dates?: readonly [string, string]; keyType?: string } = {},
  ): Promise<Authority> {
    const key = await this.key(name, keyType);
    const made = await this.certificate(name, issuer, extensions, { key, dates });
    return { ...made, directory: await this.#database(name) };
  }

  /** An authority of version 1; self-signed without an issuer. */
  async oldAuthority(
    name: string,
    issuer: Authority | undefined,
    subject: string,
  ): Promise<Authority> {
    const key = await this.key(name);
    const made = await this.versionOne(name, issuer, key, subject);
    const chain = issuer === undefined ? undefined : made.certificate;
    return { ...made, chain, directory: await this.#database(name) };
  }

  async selfSigned(
    name: string,
    subject: string,
    extensions: readonly string[],
    key?: string,
  ): Promise<Identity> {
    key ??= await this.key(name);
    const certificate = this.#path(`${name}.crt`);
    const config = this.#path(`${name}.cnf`);
    const lines = ["[req]", "distinguished_name = dn", "[dn]", "[ext]", ...extensions];
    await Deno.writeTextFile(config, lines.join("\n"));
    // deno-fmt-ignore -- one option per word
    await openssl("req", "-x509", "-new", "-key", key, "-subj", subject, "-days", "3650",
      "-config", config, "-extensions", "ext", "-out", certificate);
    return { certificate, key };
  }

  /** A certificate named after itself, with what its issuer has to present above it. */
  async certificate(
    name: string,
    issuer: Authority,
    extensions: readonly string[],
    { key, dates, digest = "sha256" }: IssueOptions,
  ): Promise<Identity> {
    key ??= await this.key(name);
    const certificate = this.#path(`${name}.crt`);
    const request = await this.#request(name, key);
    const extensionFile = this.#path(`${name}.ext`);
    await Deno.writeTextFile(extensionFile, ["[ext]", ...extensions].join("\n"));
    const period = dates === undefined
      ? ["-days", "365"]
      : ["-startdate", dates[0], "-enddate", dates[1]];
    // deno-fmt-ignore -- one option per word
    await openssl("ca", "-batch", "-notext", "-config", join(issuer.directory, "ca.cnf"),
      "-cert", issuer.certificate, "-keyfile", issuer.key, "-md", digest,
      "-extfile", extensionFile, "-extensions", "ext", ...period,
      "-in", request, "-out", certificate);
    return { certificate, key, chain: await this.#chain(name, issuer) };
  }

  /** A certificate of version 1; self-signed without an issuer. */
  async versionOne(
    name: string,
    issuer: Authority | undefined,
    key: string,
    subject?: string,
  ): Promise<Identity> {
    const certificate = this.#path(`${name}.crt`);
    const signer = issuer === undefined
      ? ["-signkey", key]
      : ["-CA", issuer.certificate, "-CAkey", issuer.key, "-set_serial", "4711"];
    const request = await this.#request(name, key, subject);
    // Without an extension file OpenSSL 3.0 writes version 1.
    await openssl("x509", "-req", "-in", request, ...signer, "-days", "365", "-out", certificate);
    return { certificate, key };
  }

  /** The same certificate with one bit of its subject changed. */
  async altered(name: string, { certificate, key }: Identity): Promise<Identity> {
    const der = this.#path(`${name}.der`);
    const path = this.#path(`${name}.crt`);
    await openssl("x509", "-in", certificate, "-outform", "DER", "-out", der);
    const bytes = await Deno.readFile(der);
    const at = new TextDecoder("latin1").decode(bytes).lastIndexOf("genuine");
    if (at < 0) throw new Error("the certificate does not hold its own name");
    bytes[at] ^= 1;
    await Deno.writeFile(der, bytes);
    await openssl("x509", "-inform", "DER", "-in", der, "-out", path);
    return { certificate: path, key };
  }

  async revoke(issuer: Authority, certificate: string): Promise<void> {
    // deno-fmt-ignore -- one option per word
    await openssl("ca", "-batch", "-config", join(issuer.directory, "ca.cnf"), "-cert",
      issuer.certificate, "-keyfile", issuer.key, "-md", "sha256", "-revoke", certificate);
  }

  /** The lists of these authorities in one file. */
  async revocationLists(
    name: string,
    issuers: readonly Authority[],
    until: "+30" | "past",
  ): Promise<string> {
    const texts: string[] = [];
    for (const [i, issuer] of issuers.entries()) {
      const path = this.#path(`${name}-${i}.pem`);
      const period = until === "past"
        ? ["-crl_lastupdate", past[0], "-crl_nextupdate", past[1]]
        : ["-crldays", "30"];
      // deno-fmt-ignore -- one option per word
      await openssl("ca", "-gencrl", "-config", join(issuer.directory, "ca.cnf"), "-cert",
        issuer.certificate, "-keyfile", issuer.key, "-md", "sha256", ...period, "-out", path);
      texts.push(await Deno.readTextFile(path));
    }
    const path = this.#path(`${name}.pem`);
    await Deno.writeTextFile(path, texts.join(""));
    return path;
  }

  async #request(
    name: string,
    key: string,
    subject = `/O=Tests/CN=${name}`,
  ): Promise<string> {
    const path = this.#path(`${name}.csr`);
    await openssl("req", "-new", "-key", key, "-subj", subject, "-out", path);
    return path;
  }

  async #chain(name: string, issuer: Authority): Promise<string | undefined> {
    const texts = issuer.chain === undefined ? [] : [await Deno.readTextFile(issuer.chain)];
    const own = await Deno.readTextFile(issuer.certificate);
    if (issuer.chain !== issuer.certificate && !await isSelfSigned(issuer.certificate)) {
      texts.unshift(own);
    }
    if (texts.length === 0) return undefined;
    const path = this.#path(`${name}.chain.crt`);
    await Deno.writeTextFile(path, texts.join(""));
    return path;
  }

  async #database(name: string): Promise<string> {
    const directory = this.#path(`${name}.db`);
    await Deno.mkdir(directory);
    await Deno.writeTextFile(join(directory, "index.txt"), "");
    await Deno.writeTextFile(join(directory, "crlnumber"), "01\n");
    await Deno.writeTextFile(
      join(directory, "ca.cnf"),
      [
        "[ca]",
        "default_ca = own",
        "[own]",
        `database = ${join(directory, "index.txt")}`,
        `new_certs_dir = ${directory}`,
        `crlnumber = ${join(directory, "crlnumber")}`,
        "rand_serial = yes",
        "unique_subject = no",
        "policy = any",
        "[any]",
        "organizationName = optional",
        "commonName = supplied",
      ].join("\n"),
    );
    return directory;
  }
}

async function isSelfSigned(certificate: string): Promise<boolean> {
  const text = await openssl("x509", "-in", certificate, "-noout", "-subject", "-issuer");
  const [subject, issuer] = text.trim().split("\n");
  return subject.replace(/^subject=/, "") === issuer.replace(/^issuer=/, "");
}

/**
 * Runs `openssl` and returns what it printed.
 *
 * @throws {Error} with its words when it fails.
 */
export async function openssl(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await tryOpenssl(...args);
  if (!success) throw new Error(`openssl ${args.join(" ")}: ${stderr}`);
  return stdout;
}

/** Runs `openssl`, whatever comes of it. */
export async function tryOpenssl(
  ...args: string[]
): Promise<{ success: boolean; stdout: string; stderr: string }> {
  const output = await new Deno.Command("openssl", { args, stdin: "null" }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { success: output.success, stdout: text(output.stdout), stderr: text(output.stderr) };
}
