/**
 * The engine that calls OpenSSL's libcrypto, where it is installed. It never returns a promise.
 *
 * Calls per packet: AEAD five (begin with the nonce, associated data, text, finish, tag); CBC one,
 * and three for its HMAC.
 *
 * @module
 */

import { type AeadContext, type CbcContext, type HmacContext, LibCrypto } from "deno-tun";
import { VpnError } from "../base/errors.ts";
import { wipe } from "../base/bytes.ts";
import type { CryptoEngine, DataCipher, KeyMaterial, PacketRun } from "./engine.ts";
import {
  blockLength,
  blocksFit,
  checkAssociatedDataLength,
  checkedAlgorithms,
  findAlgorithms,
  macIsAt,
  nonceLength,
  packetFits,
  packetIdLength,
  RandomBlocks,
  setPacketId,
  tagLength,
  unsealable,
} from "./engine_packets.ts";

/** OpenSSL, called through FFI. */
export class OpenSslEngine implements CryptoEngine {
  readonly name = "openssl";
  readonly #library: LibCrypto;
  readonly #supported = new Map<string, boolean>();

  private constructor(library: LibCrypto) {
    this.#library = library;
  }

  /**
   * The engine, or undefined where no libcrypto can be loaded.
   *
   * @throws {Deno.errors.NotCapable} without `--allow-ffi`.
   */
  static open(): OpenSslEngine | undefined {
    const library = LibCrypto.open();
    return library && new OpenSslEngine(library);
  }

  /** For instance `OpenSSL 3.0.19 27 Jan 2026`. */
  get version(): string {
    return this.#library.version;
  }

  supports(cipher: string, auth: string): boolean {
    const algorithms = findAlgorithms(cipher, auth);
    if (algorithms === undefined) return false;
    return this.#isIn(
      `cipher ${algorithms.cipher.name}`,
      () => this.#library.hasCipher(algorithms.cipher.name),
    ) &&
      (algorithms.kind === "aead" ||
        this.#isIn(
          `digest ${algorithms.digest.name}`,
          () => this.#library.hasDigest(algorithms.digest.name),
        ));
  }

  #isIn(what: string, look: () => boolean): boolean {
    const known = this.#supported.get(what);
    if (known !== undefined) return known;
    const found = look();
    this.#supported.set(what, found);
    return found;
  }

  createCipher(direction: "seal" | "open", material: KeyMaterial): DataCipher {
    const algorithms = checkedAlgorithms(this, material);
    const { cipher } = algorithms;
    const way = direction === "seal" ? "encrypt" : "decrypt";
    if (algorithms.kind === "aead") {
      const context = this.#library.aead(cipher.name, way, material.cipherKey);
      return new OpenSslAead(context, material.hmacKey);
    }
    const hmac = this.#library.hmac(algorithms.digest.name, material.hmacKey);
    if (hmac.size !== algorithms.digest.length) {
      hmac.close();
      throw new VpnError(`libcrypto makes ${algorithms.digest.name} of ${hmac.size} bytes`);
    }
    const context = this.#library.cbc(cipher.name, way, material.cipherKey);
    return new OpenSslCbcHmac(context, hmac);
  }
}

function sealFailed(): VpnError {
  return new VpnError("libcrypto could not encrypt a packet, or its key was destroyed before");
}

class OpenSslAead implements DataCipher {
  readonly kind = "aead";
  readonly macLength = tagLength;
  readonly #context: AeadContext;
  readonly #nonce = new Uint8Array(nonceLength);

  constructor(context: AeadContext, implicitIv: Uint8Array) {
    this.#context = context;
    this.#nonce.set(implicitIv, packetIdLength);
  }

  seal(run: PacketRun, first: number, end: number, aadLength: number): void {
    checkAssociatedDataLength(aadLength);
    const { memory, offset, length } = run;
    for (let i = first; i < end; i++) {
      if (!packetFits(run, i, aadLength + tagLength)) throw unsealable(run, i);
      const text = offset[i];
      const tag = text - tagLength;
      setPacketId(this.#nonce, memory.bytes, tag);
      const aad = tag - aadLength;
      if (!this.#context.seal(memory, this.#nonce, aad, aadLength, tag, text, length[i])) {
        throw sealFailed();
      }
    }
  }

  open(run: PacketRun, first: number, end: number, aadLength: number): void {
    checkAssociatedDataLength(aadLength);
    const { memory, offset, length, authentic } = run;
    for (let i = first; i < end; i++) {
      authentic[i] = 0;
      if (!packetFits(run, i, aadLength + tagLength)) continue;
      const text = offset[i];
      const tag = text - tagLength;
      setPacketId(this.#nonce, memory.bytes, tag);
      const aad = tag - aadLength;
      if (this.#context.open(memory, this.#nonce, aad, aadLength, tag, text, length[i])) {
        authentic[i] = 1;
      }
    }
  }

  destroy(): void {
    this.#context.close();
    wipe(this.#nonce);
  }
}

class OpenSslCbcHmac implements DataCipher {
  readonly kind = "cbc-hmac";
  readonly macLength: number;
  readonly #context: CbcContext;
  readonly #hmac: HmacContext;
  readonly #mac: Uint8Array;
  readonly #random = new RandomBlocks();

  constructor(context: CbcContext, hmac: HmacContext) {
    this.#context = context;
    this.#hmac = hmac;
    this.macLength = hmac.size;
    this.#mac = new Uint8Array(hmac.size);
  }

  seal(run: PacketRun, first: number, end: number): void {
    const { memory, offset, length } = run;
    const bytes = memory.bytes;
    for (let i = first; i < end; i++) {
      if (!blocksFit(run, i, this.macLength + blockLength)) throw unsealable(run, i);
      const iv = offset[i] - blockLength;
      const covered = length[i] + blockLength;
      // A random block goes through the cipher in front of the text. What it becomes is as random
      // and serves as the IV, which the text is chained to: one call instead of two (NIST SP
      // 800-38A, appendix C, has the IV be the encryption of a nonce).
      this.#random.write(bytes, iv);
      if (
        !this.#context.update(memory, iv, covered) ||
        !this.#hmac.digest(memory, iv, covered, this.#mac)
      ) throw sealFailed();
      const mac = iv - this.macLength;
      for (let j = 0; j < this.macLength; j++) bytes[mac + j] = this.#mac[j];
    }
  }

  open(run: PacketRun, first: number, end: number): void {
    const { memory, offset, length, authentic } = run;
    for (let i = first; i < end; i++) {
      authentic[i] = 0;
      if (!blocksFit(run, i, this.macLength + blockLength)) continue;
      const iv = offset[i] - blockLength;
      const covered = length[i] + blockLength;
      if (!this.#hmac.digest(memory, iv, covered, this.#mac)) continue;
      if (!macIsAt(memory.bytes, iv - this.macLength, this.#mac, this.macLength)) continue;
      // The IV goes through the cipher too and becomes garbage; the text is chained to what it was.
      if (this.#context.update(memory, iv, covered)) authentic[i] = 1;
    }
  }

  destroy(): void {
    this.#context.close();
    this.#hmac.close();
    wipe(this.#mac);
  }
}
