/**
 * Makes, completes and checks the contents of a state directory, in the order of the files.
 *
 * @module
 */

import { fileError, readFileIfThere, writeFileAtomically } from "../base/atomic_file.ts";
import { VpnError } from "../base/errors.ts";
import { Authority } from "./authority.ts";
import { readAuthorityCertificate } from "./authority_entries.ts";
import { openIndex } from "./authority_index.ts";
import type { PassphraseSource } from "./authority_key.ts";
import { makeAuthority } from "./authority_maker.ts";
import { type Certificate, certificatePem, parseCertificates } from "./certificate.ts";
import type { IndexEntry } from "./certificate_index.ts";
import { fileExists } from "./directory_access.ts";
import { CertificateError } from "./errors.ts";
import {
  checkKeyPair,
  generateKeyPair,
  importKeyPair,
  isEncryptedKey,
  type KeyType,
} from "./keys.ts";
import { clientProfile } from "./client_profile.ts";
import { serverConfiguration, type ServerExitConfiguration } from "./server_configuration.ts";
import { newestServerEntry, writeServerFiles } from "./server_files.ts";
import { PUBLIC, SECRET, secretFiles, type StateFiles } from "./state_files.ts";
import type { Purpose } from "./usage.ts";
import { verifyPeerCertificate } from "./verify_chain.ts";

/** What the builder needs to know. */
export interface StateBuilderOptions {
  /** Makes the tls-auth key's text (OpenVPN static key file); called only when it is needed. */
  readonly tlsAuthKey: () => string;
  /** The address clients should use, for `client.ovpn` and the server certificate. */
  readonly remote: string;
  /** UDP port. Default 1194. */
  readonly port?: number;
  /** The new server takes the Internet traffic of its clients, and these are their resolvers. */
  readonly exit?: ServerExitConfiguration;
  /** Key type of server and client certificates. Default `rsa:2048`. */
  readonly keyType?: KeyType;
  /** Key type of the authority. Default `rsa:3072`: it has to last ten years. */
  readonly authorityKeyType?: KeyType;
  /** Gives the passphrase of `ca.key` where it has one. */
  readonly passphrase?: PassphraseSource;
  /** The present, milliseconds since 1970. Default: the clock. */
  readonly now?: number;
}

const DAY = 86_400_000;
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
      const certificate = await this.#authorityCertificate(keys);
      using authority = await this.#authority(certificate);
      const server = await this.#server(authority, keys);
      this.notices.push(...await authority.revocations.maintain(this.#now));
      const tlsAuthKey = await this.#tlsAuthKey();
      if (!this.complete) await this.#finish(authority, tlsAuthKey, keys);
      else await this.#checkConfiguredDirectory();
      return { authority: certificate, server };
    } finally {
      await keys.settled();
    }
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
    const { caKey, index, serverKey, clientProfile } = this.files;
    if (this.complete) return pending;
    if (!fileExists(caKey)) pending.start("ca");
    if (!fileExists(serverKey)) pending.start("server");
    if (!fileExists(clientProfile) && !fileExists(index)) pending.start("client");
    return pending;
  }

  async #authorityCertificate(keys: PendingKeys): Promise<Certificate> {
    const { caCertificate, caKey, index, serverCertificate, revocationList } = this.files;
    const text = await readFileIfThere(caCertificate);
    if (text === undefined) {
      // A key without a certificate is where a first start was cut off, unless something was
      // already issued.
      if (this.complete || [index, serverCertificate, revocationList].some(fileExists)) {
        throw missing(caCertificate, restore);
      }
      return await makeAuthority(this.files, { now: this.#now, keys: () => keys.get("ca") });
    }
    const certificate = readAuthorityCertificate(text, caCertificate);
    const key = await readFileIfThere(caKey);
    // The authority's key may be kept elsewhere once everything is made.
    if (key === undefined && !this.complete) throw missing(caKey, restore);
    if (key !== undefined && !isEncryptedKey(key)) {
      this.#read(caKey, () => checkKeyPair(certificate, key));
    }
    this.#warnOfEnd(caCertificate, certificate);
    return certificate;
  }

  async #authority(certificate: Certificate): Promise<Authority> {
    const { files, options } = this;
    const { index, adopted } = await openIndex(files, certificate, this.#now);
    if (adopted !== undefined && this.complete) {
      this.notices.push(
        `${files.index} was not there: it was made anew from the files of this directory; what ` +
          "is revoked stays revoked, certificates issued elsewhere are not in its list",
      );
    }
    const { passphrase } = options;
    return new Authority(this.directory, files, certificate, index, {
      passphrase,
      now: () => this.#now,
    });
  }

  /** The server's key and certificate, made as far as they are missing. */
  async #server(authority: Authority, keys: PendingKeys): Promise<Certificate> {
    const { serverCertificate: file, serverKey: keyFile } = this.files;
    const text = await readFileIfThere(file);
    const key = await readFileIfThere(keyFile);
    const indexed = await newestServerEntry(authority);
    if (text === undefined) {
      if (this.complete) this.notices.push(`${file} was missing: written again`);
      const entry = indexed ?? await authority.issue({
        name: "server",
        purpose: "server",
        keyPair: key === undefined ? await keys.get("server") : await this.#keyPair(keyFile, key),
        alternativeNames: [this.options.remote],
      });
      return await writeServerFiles(authority, entry);
    }
    const again = "restore it, or delete it to have it issued again";
    const [certificate] = this.#read(file, () => parseCertificates(text), again);
    if (indexed !== undefined && indexed.notBefore > certificate.notBefore) {
      this.notices.push(`${file} was not the newest certificate of the server: written again`);
      return await writeServerFiles(authority, indexed);
    }
    if (key === undefined) {
      throw missing(keyFile, `restore it, or delete ${file} to have both made again`);
    }
    this.#read(keyFile, () => checkKeyPair(certificate, key));
    try {
      await verifyPeerCertificate([certificate.raw], {
        authorities: [authority.certificate],
        purpose: "server",
        now: this.#now,
      });
    } catch (error) {
      throw damaged(error, file, again);
    }
    this.#warnOfEnd(file, certificate);
    return certificate;
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
  async #finish(authority: Authority, tlsAuthKey: string, keys: PendingKeys): Promise<void> {
    const { files, options } = this;
    const { remote, port } = options;
    const client = await this.#firstClient(authority, keys);
    const profile = clientProfile({
      remote,
      port,
      ca: certificatePem(authority.certificate),
      cert: certificatePem(await authority.certificateOf(client)),
      key: await authority.privateKeyOf(client) ?? "",
      controlKey: { kind: "tls-auth", text: tlsAuthKey },
    });
    await writeFileAtomically(files.clientProfile, profile, SECRET);
    await authority.index.setSetting("remote", remote);
    if (port !== undefined) await authority.index.setSetting("port", String(port));
    const configuration = serverConfiguration({
      directory: this.directory,
      port,
      exit: options.exit,
    });
    await writeFileAtomically(files.serverConfiguration, configuration, PUBLIC);
  }

  async #firstClient(authority: Authority, keys: PendingKeys): Promise<IndexEntry> {
    const [issued] = (await authority.index.byName("client"))
      .filter(({ revocation, holdsKey }) => revocation === undefined && holdsKey);
    return issued ??
      await authority.issue({ name: "client", keyPair: await keys.get("client") });
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

function missing(path: string, remedy: string): VpnError {
  return new VpnError(`${path} is missing`, remedy);
}

/** The error with the file's name in front. */
function damaged(error: unknown, path: string, remedy: string): unknown {
  if (!(error instanceof CertificateError)) return error;
  return new CertificateError(error.reason, `${path}: ${error.message}`, remedy, { cause: error });
}
