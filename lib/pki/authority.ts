/**
 * The certification authority of a state directory: what the commands of `vpn pki`, the server and
 * its portal do with it.
 *
 * ```text
 * issue, renew, sign ─► ca.key signs ─► index
 * revoke             ─► ca.key signs a new list ─► index ─► crl.pem
 * ```
 *
 * Nothing is confirmed before the index has it on the disk.
 *
 * @module
 */

import { resolve } from "node:path";
import { readFileIfThere } from "../base/atomic_file.ts";
import { VpnError } from "../base/errors.ts";
import { traced } from "../base/tracing.ts";
import { AuthorityKey, type PassphraseSource } from "./authority_key.ts";
import { AuthorityRevocations } from "./authority_revocations.ts";
import { nameTaken, newEntry, published, readAuthorityCertificate } from "./authority_entries.ts";
import { openIndex } from "./authority_index.ts";
import { type Certificate, parseCertificate } from "./certificate.ts";
import type { CertificateIndex, IndexEntry, IssuedPurpose } from "./certificate_index.ts";
import type { Revocation, RevocationList } from "./crl.ts";
import { prepareDirectory } from "./directory_access.ts";
import { generateKeyPair, importPublicKey, type KeyType, privateKeyPem } from "./keys.ts";
import { reasonNumber, type RevocationReason } from "./revocation_reason.ts";
import { type StateFiles, stateFiles } from "./state_files.ts";
import type { Purpose } from "./usage.ts";

/** How an authority is opened. */
export interface AuthorityOptions {
  /** Gives the passphrase of `ca.key` where it has one. */
  readonly passphrase?: PassphraseSource;
  /** The present, milliseconds since 1970. Default: the clock. */
  readonly now?: () => number;
}

/** What a certificate is issued for. */
export interface IssueRequest {
  /** Common name, 1 to 64 bytes. */
  readonly name: string;
  /** The role in TLS. Default `client`. */
  readonly purpose?: Purpose;
  /** The kind of key that is made. Default `rsa:2048`. */
  readonly keyType?: KeyType;
  /** A key pair in place of a new one. */
  readonly keyPair?: CryptoKeyPair;
  /** Life in days. Default 825; never longer than the authority's. */
  readonly days?: number;
  /** Host names and addresses for the subject alternative name. */
  readonly alternativeNames?: readonly string[];
}

/** See the module's page. */
export class Authority implements Disposable {
  /** Its revocation list. */
  readonly revocations: AuthorityRevocations;
  /** Its key. */
  readonly key: AuthorityKey;

  /** @param certificate The authority's. */
  constructor(
    readonly directory: string,
    readonly files: StateFiles,
    readonly certificate: Certificate,
    readonly index: CertificateIndex,
    readonly options: AuthorityOptions = {},
  ) {
    this.key = new AuthorityKey(files.caKey, certificate, options.passphrase);
    this.revocations = new AuthorityRevocations(directory, files, certificate, index, this.key);
  }

  /**
   * Opens the authority of a state directory.
   *
   * @throws {VpnError} naming the file and the remedy.
   */
  static async open(path: string, options: AuthorityOptions = {}): Promise<Authority> {
    const directory = resolve(path);
    await prepareDirectory(directory, false);
    const files = stateFiles(directory);
    const text = await readFileIfThere(files.caCertificate);
    if (text === undefined) {
      throw new VpnError(
        `${directory} has no certification authority (ca.crt is missing)`,
        "make one with vpn pki init, or restore it from a backup",
      );
    }
    const certificate = readAuthorityCertificate(text, files.caCertificate);
    const { index } = await openIndex(files, certificate, now(options));
    return new Authority(directory, files, certificate, index, options);
  }

  /** The present, milliseconds since 1970. */
  get now(): number {
    return now(this.options);
  }

  /** Every certificate that was issued, the oldest first. */
  async list(): Promise<IndexEntry[]> {
    return await this.index.list();
  }

  /**
   * The newest certificate of that name, or the one with that serial number.
   *
   * @throws {VpnError} when there is none.
   */
  async find(nameOrSerial: string): Promise<IndexEntry> {
    const entries = await this.#all(nameOrSerial);
    const [newest] = [
      ...entries.filter((entry) => entry.revocation === undefined).slice(-1),
      ...entries.slice(-1),
    ];
    return newest;
  }

  /** The certificate of an entry. */
  async certificateOf({ serial }: IndexEntry): Promise<Certificate> {
    const der = await this.index.certificate(serial);
    if (der === undefined) throw new VpnError(`no certificate has the serial number ${serial}`);
    return parseCertificate(der);
  }

  /** The private key of an entry, PKCS#8 PEM; undefined where it never was here. */
  async privateKeyOf({ serial }: IndexEntry): Promise<string | undefined> {
    return await this.index.privateKey(serial);
  }

  /**
   * Makes a key and issues a certificate for it.
   *
   * @throws {VpnError} when the name has a valid certificate or cannot stand in one.
   */
  async issue(request: IssueRequest): Promise<IndexEntry> {
    const { name, purpose = "client", keyType = "rsa:2048" } = request;
    await this.#refuseTakenName(name);
    await this.key.signer(); // Its passphrase is asked for before a key takes its time.
    const keys = request.keyPair ?? await generateKeyPair(keyType);
    const certificate = await this.#certify(request, purpose, keys.publicKey);
    const privateKey = await privateKeyPem(keys.privateKey);
    const entry = newEntry(certificate, purpose, this.now, privateKey);
    if (!await this.index.add([entry], { name, now: this.now })) throw nameTaken(name);
    return published(entry);
  }

  /**
   * Issues a certificate for a key that stays on its device.
   *
   * @param csr PKCS#10, PEM or DER.
   * @param request What the request does not say; `name` in place of the one that it asks for.
   * @throws {VpnError} when the request is damaged, its signature is wrong, or its name is taken.
   */
  async sign(
    csr: Uint8Array,
    request: Omit<IssueRequest, "name" | "keyType" | "keyPair"> & { readonly name?: string } = {},
  ): Promise<IndexEntry> {
    const { readCertificationRequest } = await import("./certification_request.ts");
    const asked = await readCertificationRequest(csr);
    const name = request.name ?? asked.commonName;
    if (name === undefined) {
      throw new VpnError("the request names nobody", "give the name with --name");
    }
    const { purpose = "client" } = request;
    await this.#refuseTakenName(name);
    const certificate = await this.#certify({ ...request, name }, purpose, asked.publicKey);
    const entry = newEntry(certificate, purpose, this.now, undefined);
    if (!await this.index.add([entry], { name, now: this.now })) throw nameTaken(name);
    return published(entry);
  }

  /**
   * Issues a certificate anew: for the same name, role, alternative names and key. The former one
   * stays good until it ends or is revoked.
   *
   * @param request `keyType`: makes a new key, of that kind.
   * @throws {VpnError} when the certificate is revoked.
   */
  async renew(
    nameOrSerial: string,
    request: { readonly days?: number; readonly keyType?: KeyType } = {},
  ): Promise<IndexEntry> {
    const former = await this.find(nameOrSerial);
    const { name, purpose } = former;
    if (purpose === "ocsp") {
      throw new VpnError("the OCSP responder's certificate renews itself", "leave it alone");
    }
    if (former.revocation !== undefined) {
      throw new VpnError(`the certificate of ${name} is revoked`, `use vpn pki issue ${name}`);
    }
    await this.key.signer();
    const old = await this.certificateOf(former);
    const keys = request.keyType && await generateKeyPair(request.keyType);
    const privateKey = keys
      ? await privateKeyPem(keys.privateKey)
      : await this.privateKeyOf(former);
    const publicKey = keys?.publicKey ?? await importPublicKey(old.publicKey);
    const alternativeNames = (old.subjectAltNames ?? [])
      .filter(({ kind }) => kind === "dns" || kind === "ip")
      .map(({ value }) => value);
    const certificate = await this.#certify(
      { name, days: request.days, alternativeNames },
      purpose,
      publicKey,
    );
    const entry = newEntry(certificate, purpose, this.now, privateKey);
    await this.index.add([entry]);
    return published(entry);
  }

  /**
   * Revokes every certificate of a name, or the one with a serial number, and publishes the list.
   *
   * @returns What was revoked.
   * @throws {VpnError} when there is none that is not revoked yet.
   */
  async revoke(
    nameOrSerial: string,
    reason: RevocationReason = "unspecified",
  ): Promise<IndexEntry[]> {
    const about = { "vpn.certificate": nameOrSerial, "vpn.reason": reason };
    return await traced("vpn.authority.revoke", about, () => this.#revoke(nameOrSerial, reason));
  }

  async #revoke(nameOrSerial: string, reason: RevocationReason): Promise<IndexEntry[]> {
    const entries = (await this.#all(nameOrSerial))
      .filter(({ revocation }) => revocation === undefined);
    if (entries.length === 0) {
      throw new VpnError(`${nameOrSerial} is revoked already`, "see vpn pki list");
    }
    const revocation: Revocation = { date: this.now, reason: reasonNumber(reason) };
    const revoked = new Map(entries.map(({ serial }) => [serial, revocation]));
    await this.revocations.issue(revoked, { now: this.now });
    return entries.map((entry) => ({ ...entry, revocation }));
  }

  /** Issues the revocation list again, with what it holds. */
  async issueRevocationList(days?: number): Promise<RevocationList> {
    return await this.revocations.issue(new Map(), { now: this.now, days });
  }

  [Symbol.dispose](): void {
    this.index[Symbol.dispose]();
  }

  async #certify(
    request: Pick<IssueRequest, "name" | "days" | "alternativeNames">,
    purpose: IssuedPurpose,
    publicKey: CryptoKey,
  ): Promise<Certificate> {
    const signer = await this.key.signer();
    const { issueCertificate } = await import("./issue.ts");
    return await issueCertificate(signer, {
      commonName: request.name,
      purpose,
      publicKey,
      alternativeNames: request.alternativeNames,
      days: request.days,
      url: await this.index.setting("url"),
      now: this.now,
    });
  }

  /** Of a name, or by a serial number as it is printed by us or by openssl. */
  async #all(nameOrSerial: string): Promise<IndexEntry[]> {
    const named = await this.index.byName(nameOrSerial);
    if (named.length > 0) return named;
    const serial = nameOrSerial.replace(/^0x/i, "").replaceAll(":", "").toUpperCase();
    const entry = await this.index.bySerial(serial);
    if (entry !== undefined) return [entry];
    throw new VpnError(
      `nobody has the name or the serial number "${nameOrSerial}"`,
      "see vpn pki list",
    );
  }

  async #refuseTakenName(name: string): Promise<void> {
    const taken = (await this.index.byName(name))
      .some(({ revocation, notAfter }) => revocation === undefined && notAfter >= this.now);
    if (taken) throw nameTaken(name);
  }
}

function now(options: AuthorityOptions): number {
  return options.now?.() ?? Date.now();
}
