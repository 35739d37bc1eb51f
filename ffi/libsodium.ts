/**
 * libsodium's `crypto_secretbox` (XSalsa20-Poly1305), where the system has it.
 *
 * The library is opened at the first call: `libsodium.so.23` (1.0.11 to 1.0.18 and on), else
 * `libsodium.so.26`.
 *
 * @module
 */

const symbols = {
  // int sodium_init(void);  0: done, 1: was done before, -1: cannot
  sodium_init: { parameters: [], result: "i32" },
  // const char *sodium_version_string(void);
  sodium_version_string: { parameters: [], result: "pointer" },
  // int crypto_secretbox_easy(unsigned char *c, const unsigned char *m, unsigned long long mlen,
  //                           const unsigned char *n, const unsigned char *k);
  crypto_secretbox_easy: {
    parameters: ["buffer", "buffer", "u64", "buffer", "buffer"],
    result: "i32",
  },
  // int crypto_secretbox_open_easy(unsigned char *m, const unsigned char *c,
  //                                unsigned long long clen, const unsigned char *n,
  //                                const unsigned char *k);
  crypto_secretbox_open_easy: {
    parameters: ["buffer", "buffer", "u64", "buffer", "buffer"],
    result: "i32",
  },
} as const satisfies Deno.ForeignLibraryInterface;

// crypto_secretbox.h
const KEYBYTES = 32;
const NONCEBYTES = 24;
const MACBYTES = 16;

/** libsodium, opened. */
export class LibSodium {
  static #opened: LibSodium | undefined;
  readonly #symbols: Deno.StaticForeignLibraryInterface<typeof symbols>;

  private constructor(opened: Deno.StaticForeignLibraryInterface<typeof symbols>) {
    this.#symbols = opened;
  }

  /**
   * The library, or undefined where the system has none that can be loaded.
   *
   * @throws {Deno.errors.NotCapable} without `--allow-ffi`.
   */
  static open(): LibSodium | undefined {
    if (LibSodium.#opened !== undefined) return LibSodium.#opened;
    for (const name of ["libsodium.so.23", "libsodium.so.26"]) {
      try {
        const library = Deno.dlopen(name, symbols);
        if (library.symbols.sodium_init() < 0) return undefined;
        return LibSodium.#opened = new LibSodium(library.symbols);
      } catch (error) {
        // Without the permission nobody can know whether the library is there.
        if (error instanceof Deno.errors.NotCapable) throw error;
      }
    }
    return undefined;
  }

  /** For instance `1.0.18`. */
  get version(): string {
    const text = this.#symbols.sodium_version_string();
    return text === null ? "" : Deno.UnsafePointerView.getCString(text);
  }

  /**
   * Encrypts and authenticates.
   *
   * @param box Where tag (16) and ciphertext go; 16 bytes longer than `text`. May be the same
   *   memory as `text`.
   * @param nonce 24 bytes.
   * @param key 32 bytes.
   * @throws {RangeError} when a length is wrong.
   */
  secretBox(
    box: Uint8Array<ArrayBuffer>,
    text: Uint8Array<ArrayBuffer>,
    nonce: Uint8Array<ArrayBuffer>,
    key: Uint8Array<ArrayBuffer>,
  ): void {
    checkLengths(box, text, nonce, key);
    const length = BigInt(text.length);
    this.#symbols.crypto_secretbox_easy(box, text, length, nonce, key);
  }

  /**
   * Checks and decrypts; parameters as with `secretBox`.
   *
   * @returns Whether the box is authentic. If not, the text is undefined and must not be used.
   */
  openSecretBox(
    text: Uint8Array<ArrayBuffer>,
    box: Uint8Array<ArrayBuffer>,
    nonce: Uint8Array<ArrayBuffer>,
    key: Uint8Array<ArrayBuffer>,
  ): boolean {
    checkLengths(box, text, nonce, key);
    const length = BigInt(box.length);
    return this.#symbols.crypto_secretbox_open_easy(text, box, length, nonce, key) === 0;
  }
}

function checkLengths(box: Uint8Array, text: Uint8Array, nonce: Uint8Array, key: Uint8Array): void {
  if (
    box.length !== text.length + MACBYTES || nonce.length !== NONCEBYTES || key.length !== KEYBYTES
  ) throw new RangeError("secretbox: a length is wrong");
}
