/**
 * NaCl's `crypto_secretbox`, which is `crypto_box` once the shared key is known: XSalsa20-Poly1305.
 *
 * @module
 */

import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import { LibSodium } from "deno-tun";
import { VpnError } from "../base/errors.ts";

/** Length of the tag in front of the ciphertext, in bytes. */
export const boxOverhead = 16;

/** Length of a nonce, in bytes. */
export const boxNonceLength = 24;

/** What computes boxes; `auto` takes libsodium where it is installed. */
export type BoxEngine = "auto" | "libsodium" | "noble";

/** Seals and opens boxes. */
export interface SecretBox {
  /** What it is. */
  readonly engine: "libsodium" | "noble";
  /**
   * Puts the box of `text` into `box`, which is 16 bytes longer.
   *
   * @param key 32 bytes.
   * @param nonce 24 bytes, never twice with this key.
   */
  seal(
    key: Uint8Array<ArrayBuffer>,
    nonce: Uint8Array<ArrayBuffer>,
    text: Uint8Array,
    box: Uint8Array<ArrayBuffer>,
  ): void;
  /**
   * Puts the text of `box` into `text`, which is 16 bytes shorter.
   *
   * @returns Whether the box is authentic; if not, `text` is not to be used.
   */
  open(
    key: Uint8Array<ArrayBuffer>,
    nonce: Uint8Array<ArrayBuffer>,
    box: Uint8Array<ArrayBuffer>,
    text: Uint8Array<ArrayBuffer>,
  ): boolean;
}

/** What a choice comes to. @throws {VpnError} when libsodium is asked for and not there. */
export function selectSecretBox(choice: BoxEngine): SecretBox {
  if (choice === "noble") return nobleBox;
  let library: LibSodium | undefined;
  try {
    library = LibSodium.open();
  } catch (error) {
    // Without --allow-ffi there is still the other one, unless this one was asked for.
    if (choice === "libsodium" || !(error instanceof Deno.errors.NotCapable)) throw error;
  }
  if (library !== undefined) return new SodiumBox(library);
  if (choice === "auto") return nobleBox;
  throw new VpnError(
    "the engine libsodium needs libsodium.so.23 or libsodium.so.26, which is not here",
    "install it (Debian: apt-get install libsodium23) or choose noble",
  );
}

class SodiumBox implements SecretBox {
  readonly engine = "libsodium";
  readonly #library: LibSodium;

  constructor(library: LibSodium) {
    this.#library = library;
  }

  seal(
    key: Uint8Array<ArrayBuffer>,
    nonce: Uint8Array<ArrayBuffer>,
    text: Uint8Array,
    box: Uint8Array<ArrayBuffer>,
  ): void {
    // From one place to the same: text that is in a shared buffer is copied on the way.
    const inside = box.subarray(boxOverhead);
    if (inside.length !== text.length) throw new RangeError("secretbox: a length is wrong");
    inside.set(text);
    this.#library.secretBox(box, inside, nonce, key);
  }

  open(
    key: Uint8Array<ArrayBuffer>,
    nonce: Uint8Array<ArrayBuffer>,
    box: Uint8Array<ArrayBuffer>,
    text: Uint8Array<ArrayBuffer>,
  ): boolean {
    return this.#library.openSecretBox(text, box, nonce, key);
  }
}

const nobleBox: SecretBox = {
  engine: "noble",
  seal: (key, nonce, text, box) => box.set(xsalsa20poly1305(key, nonce).encrypt(text)),
  open: (key, nonce, box, text) => {
    try {
      text.set(xsalsa20poly1305(key, nonce).decrypt(box));
      return true;
    } catch {
      return false;
    }
  },
};
