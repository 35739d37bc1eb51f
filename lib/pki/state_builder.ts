/**
 * Makes, completes and checks the contents of a state directory, in the order of the files.
 *
 * @module
 */

import { basename } from "node:path";
import { randomBytes } from "../base/bytes.ts";
import { VpnError } from "../base/errors.ts";
import { fileError, readFileIfThere, writeFileAtomically } from "../base/atomic_file.ts";
import { type Certificate, certificatePem, parseCertificates } from "./certificate.ts";
import {
  parseRevocationLists,
  type RevocationList,
  revocationListPem,
  verifyRevocationList,
} from "./crl.ts";
import { hexadecimal } from "./der.ts";
import { CertificateError } from "./errors.ts";
import type { SigningAuthority } from "./issue.ts";
import {
  checkKeyPair,
  generateKeyPair,
  importKeyPair,
  type KeyType,
  privateKeyPem,
} from "./keys.ts";
import { clientProfile, serverConfiguration } from "./profile.ts";
import { secretFiles, type StateFiles } from "./state_files.ts";
import type { Purpose } from "./usage.ts";
import { verifyPeerCertificate } from "./verify_chain.ts";

/** What the builder needs to know. */
export interface StateBuilderOptions {
  /** See `StateDirectoryOptions`. */
  readonly tlsAuthKey: () => string;
  readonly remote: string;
  readonly port?: number;
  readonly exit?: { readonly resolvers: readonly string[] };
  readonly keyType?: KeyType;
  readonly authorityKeyType?: KeyType;
  readonly now?: number;
}

/** Mode of files that hold a secret. */
const SECRET = 0o600;
/** Mode of the others. */
const PUBLIC = 0o644;

const DAY = 86_400_000;
/** A revocation list with less left is issued again, in milliseconds. */
const RENEW_LIST = 90 * DAY;
/** A certificate with less left is spoken of, in milliseconds. */
const WARN_CERTIFICATE = 30 * DAY;

const restore = "restore it from a backup of the state directory";

/** See the module's page. Used once, under the directory's lock. */
export class StateBuilder {
  readonly #now: number;

  /**
   * @param complete Whether the directory was finished by an earlier start.
   * @param notices Where lines for the log are added.
   */
  constructor(
    readonly directory: string,
    readonly files: StateFiles,
    readonly complete: boolean,
    readonly options: StateBuilderOptions,
    readonly notices: string[],
  ) {
    this.#now = options.now ?? Date.now();
  }

  /** @throws {VpnError} naming the file and the remedy. */
  async build(): Promise<{ authority: Certificate; server: Certificate }> {
    await this.#closeSecrets();
    const keys = this.#startKeys();
    try {
      const authority = await this.#authority(keys);
      const server = await this.#pair("server", authority, keys);
      await this.#revocationList(authority);
      const tlsAuthKey = await this.#tlsAuthKey();
      if (!this.complete) await this.#finish(authority, tlsAuthKey, keys);
      else await this.#checkConfiguredDirectory();
      return { authority, server };
    } finally {
      await keys.settled();
    }
  }

  /** Issues the revocation list again if it is due. */
  async renewRevocationList(): Promise<void> {
    await this.#revocationList(await this.#authority(this.#startKeys()));
  }

  async #closeSecrets(): Promise<void> {
    for (const path of secretFiles(this.files)) {
      try {
        const { mode } = await Deno.stat(path);
        if (((mode ?? 0) & 0o077) === 0) continue;
        await Deno.chmod(path, SECRET);
        this.notices.push(`${path} could be read by other users: now it cannot (mode 0600)`);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw fileError(error, `cannot use ${path}`);
      }
    }
  }

  /** On a first start every key pair is begun at once, since each takes its time. */
  #startKeys(): PendingKeys {
    const { keyType = "rsa:2048", authorityKeyType = "rsa:3072" } = this.options;
    const pending = new PendingKeys({ ca: authorityKeyType, server: keyType, client: keyType });
    const { caKey, serverKey, clientKey } = this.files;
    if (!exists(caKey) && !this.complete) pending.start("ca");
    if (!exists(serverKey) && !this.complete) pending.start("server");
    if (!exists(clientKey) && !this.complete) pending.start("client");
    return pending;
  }

  async #authority(keys: PendingKeys): Promise<Certificate> {
    const { files } = this;
    let key = await readFileIfThere(files.caKey);
    const text = await readFileIfThere(files.caCertificate);
    if (text !== undefined) {
      const [certificate] = this.#read(files.caCertificate, () => parseCertificates(text));
      // The authority's key may be kept elsewhere once everything is made.
      if (key === undefined && !this.complete) throw missing(files.caKey, restore);
      if (key !== undefined) {
        this.#read(files.caKey, () => checkKeyPair(certificate, key as string));
      }
      this.#warnOfEnd(files.caCertificate, certificate);
      return certificate;
    }
    // A key without a certificate is where a first start was cut off, unless something was
    // already issued.
    const { serverCertificate, clientCertificate, revocationList } = files;
    if (this.complete || [serverCertificate, clientCertificate, revocationList].some(exists)) {
      throw missing(files.caCertificate, restore);
    }
    if (key === undefined) {
      key = await privateKeyPem((await keys.get("ca")).privateKey);
      await writeFileAtomically(files.caKey, key, SECRET);
    }
    const { createAuthority } = await import("./issue.ts");
    const { certificate } = await createAuthority({
      // A name of its own, so that two installations are never taken for each other.
      commonName: `VPN CA ${hexadecimal(randomBytes(4)).toLowerCase()}`,
      keys: await this.#keyPair(files.caKey, key),
      now: this.#now,
    });
    await writeFileAtomically(files.caCertificate, certificatePem(certificate), PUBLIC);
    return certificate;
  }

  /** The authority with its key. */
  async #signer(certificate: Certificate, file: string): Promise<SigningAuthority> {
    const key = await readFileIfThere(this.files.caKey);
    if (key === undefined) {
      throw missing(this.files.caKey, `bring the authority's key back: ${basename(file)} needs it`);
    }
    return { certificate, key: (await this.#keyPair(this.files.caKey, key)).privateKey };
  }

  /** A key and the certificate for it, made as far as they are missing. */
  async #pair(
    role: Purpose,
    authority: Certificate,
    keys: PendingKeys,
  ): Promise<Certificate> {
    const { files } = this;
    const [keyFile, file] = role === "server"
      ? [files.serverKey, files.serverCertificate]
      : [files.clientKey, files.clientCertificate];
    let key = await readFileIfThere(keyFile);
    const text = await readFileIfThere(file);
    if (key === undefined && text !== undefined) {
      throw missing(keyFile, `restore it, or delete ${file} to have both made again`);
    }
    const again = "restore it, or delete it to have it issued again";
    if (text !== undefined) {
      const [certificate] = this.#read(file, () => parseCertificates(text), again);
      this.#read(keyFile, () => checkKeyPair(certificate, key ?? ""), restore);
      try {
        await verifyPeerCertificate([certificate.raw], {
          authorities: [authority],
          purpose: role,
          now: this.#now,
        });
      } catch (error) {
        throw damaged(error, file, again);
      }
      this.#warnOfEnd(file, certificate);
      return certificate;
    }
    if (this.complete) this.notices.push(`${file} was missing: issued again`);
    const signer = await this.#signer(authority, file);
    if (key === undefined) {
      key = await privateKeyPem((await keys.get(role)).privateKey);
      await writeFileAtomically(keyFile, key, SECRET);
    }
    const { issueCertificate } = await import("./issue.ts");
    const certificate = await issueCertificate(signer, {
      commonName: role,
      purpose: role,
      publicKey: (await this.#keyPair(keyFile, key)).publicKey,
      alternativeNames: role === "server" ? [this.options.remote] : [],
      now: this.#now,
    });
    await writeFileAtomically(file, certificatePem(certificate), PUBLIC);
    return certificate;
  }

  async #revocationList(authority: Certificate): Promise<void> {
    const file = this.files.revocationList;
    const text = await readFileIfThere(file);
    if (text === undefined) {
      // A list made anew would let the revoked ones in again.
      if (this.complete) throw missing(file, restore);
      await this.#issueRevocationList(authority, undefined);
      return;
    }
    const [list] = this.#read(file, () => parseRevocationLists(text));
    try {
      await verifyRevocationList(list, authority);
    } catch (error) {
      throw damaged(error, file, restore);
    }
    const { nextUpdate = Infinity } = list;
    if (nextUpdate - this.#now > RENEW_LIST) return;
    const end = new Date(nextUpdate).toISOString().slice(0, 10);
    if (exists(this.files.caKey)) {
      await this.#issueRevocationList(authority, list);
      this.notices.push(`${file} would have ended on ${end}: issued again`);
    } else {
      this.notices.push(
        `WARNING: ${file} ends on ${end}, then no client can connect: bring ca.key back and restart`,
      );
    }
  }

  async #issueRevocationList(authority: Certificate, former?: RevocationList): Promise<void> {
    const file = this.files.revocationList;
    const { issueRevocationList } = await import("./issue.ts");
    const list = await issueRevocationList(await this.#signer(authority, file), {
      revoked: former?.revoked ?? new Map(),
      number: former?.number === undefined ? 1n : BigInt(`0x${former.number}`) + 1n,
      now: this.#now,
    });
    await writeFileAtomically(file, revocationListPem(list), PUBLIC);
  }

  async #tlsAuthKey(): Promise<string> {
    const file = this.files.tlsAuthKey;
    let text = await readFileIfThere(file);
    if (text === undefined) {
      // Every client has a copy of it: another one would lock them all out.
      if (this.complete) throw missing(file, `${restore}, or copy it out of a client's profile`);
      text = this.options.tlsAuthKey();
      await writeFileAtomically(file, text, SECRET);
    }
    const key = /-----BEGIN OpenVPN Static key V1-----([\s0-9a-fA-F]*)-----END/.exec(text)?.[1];
    if (key?.replace(/\s/g, "").length !== 512) {
      throw new VpnError(
        `${file} is damaged: it is no static key of 2048 bits`,
        `${restore}, or copy it out of a client's profile`,
      );
    }
    return text;
  }

  /** The first client, and the configuration that says all is there. */
  async #finish(authority: Certificate, tlsAuthKey: string, keys: PendingKeys): Promise<void> {
    const { files, options } = this;
    const client = await this.#pair("client", authority, keys);
    const profile = clientProfile({
      remote: options.remote,
      port: options.port,
      ca: certificatePem(authority),
      cert: certificatePem(client),
      key: await readFileIfThere(files.clientKey) ?? "",
      tlsAuthKey,
    });
    await writeFileAtomically(files.clientProfile, profile, SECRET);
    const configuration = serverConfiguration({
      directory: this.directory,
      port: options.port,
      exit: options.exit,
    });
    await writeFileAtomically(files.serverConfiguration, configuration, PUBLIC);
  }

  /** A directory that was moved still names its former place. */
  async #checkConfiguredDirectory(): Promise<void> {
    const text = await readFileIfThere(this.files.serverConfiguration) ?? "";
    const configured = /^cd\s+"((?:[^"\\]|\\.)*)"/m.exec(text)?.[1].replace(/\\(.)/g, "$1");
    if (configured === undefined || configured === this.directory) return;
    this.notices.push(
      `WARNING: ${this.files.serverConfiguration} takes its files from ${configured}, ` +
        `not from ${this.directory}: change its line cd if you moved the directory`,
    );
  }

  #warnOfEnd(file: string, { notAfter }: Certificate): void {
    const left = notAfter - this.#now;
    if (left >= WARN_CERTIFICATE) return;
    const end = new Date(notAfter).toISOString().slice(0, 10);
    this.notices.push(`WARNING: ${file} ${left < 0 ? "ended" : "ends"} on ${end}`);
  }

  #read<T>(file: string, parse: () => T, remedy = restore): T {
    try {
      return parse();
    } catch (error) {
      throw damaged(error, file, remedy);
    }
  }

  async #keyPair(file: string, pem: string): Promise<CryptoKeyPair> {
    try {
      return await importKeyPair(pem);
    } catch (error) {
      throw damaged(error, file, restore);
    }
  }
}

/** Key pairs that are being made. */
class PendingKeys {
  readonly #pending = new Map<string, Promise<CryptoKeyPair>>();
  constructor(readonly types: Readonly<Record<"ca" | Purpose, KeyType>>) {}

  /** Begins a key pair. */
  start(role: "ca" | Purpose): void {
    const pair = generateKeyPair(this.types[role]);
    pair.catch(() => {}); // Whoever asks for it gets the error.
    this.#pending.set(role, pair);
  }

  /** The key pair, begun now unless it was before. */
  async get(role: "ca" | Purpose): Promise<CryptoKeyPair> {
    if (!this.#pending.has(role)) this.start(role);
    return await (this.#pending.get(role) as Promise<CryptoKeyPair>);
  }

  /** Waits until nothing works in the background any more. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#pending.values());
  }
}

function exists(path: string): boolean {
  try {
    return Deno.lstatSync(path).isFile;
  } catch {
    return false;
  }
}

function missing(path: string, remedy: string): VpnError {
  return new VpnError(`${path} is missing`, remedy);
}

/** The error with the file's name in front. */
function damaged(error: unknown, path: string, remedy: string): unknown {
  if (!(error instanceof CertificateError)) return error;
  return new CertificateError(error.reason, `${path}: ${error.message}`, remedy, { cause: error });
}
