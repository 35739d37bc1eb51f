/**
 * The functions of OpenSSL's libcrypto that are called here; 1.1 and 3 have all of them.
 *
 * Conventions of the symbol table:
 * - a context or a place in a `PinnedMemory` is a "pointer" (an object made once), a small array of
 *   ours is a "buffer"; both cost next to nothing per call, and no callee keeps a buffer.
 * - `size_t` on the packet path is a "pointer" too: both are 64-bit integers in the ABIs of x86-64
 *   and aarch64, and a "usize" costs 0.1 to 0.3 µs more in Deno's conversion.
 *
 * @module
 */

/** The table for `Deno.dlopen`. */
export const libcryptoSymbols = {
  // const char *OpenSSL_version(int t);
  OpenSSL_version: { parameters: ["i32"], result: "pointer" },
  // const EVP_CIPHER *EVP_get_cipherbyname(const char *name);
  EVP_get_cipherbyname: { parameters: ["buffer"], result: "pointer" },
  // EVP_CIPHER_CTX *EVP_CIPHER_CTX_new(void);
  EVP_CIPHER_CTX_new: { parameters: [], result: "pointer" },
  // void EVP_CIPHER_CTX_free(EVP_CIPHER_CTX *ctx);  wipes the key
  EVP_CIPHER_CTX_free: { parameters: ["pointer"], result: "void" },
  // int EVP_CIPHER_CTX_set_padding(EVP_CIPHER_CTX *c, int pad);
  EVP_CIPHER_CTX_set_padding: { parameters: ["pointer", "i32"], result: "i32" },
  // int EVP_CIPHER_CTX_ctrl(EVP_CIPHER_CTX *ctx, int type, int arg, void *ptr);
  EVP_CIPHER_CTX_ctrl: { parameters: ["pointer", "i32", "i32", "pointer"], result: "i32" },
  // int EVP_CipherInit_ex(EVP_CIPHER_CTX *ctx, const EVP_CIPHER *cipher, ENGINE *impl,
  //                       const unsigned char *key, const unsigned char *iv, int enc);
  EVP_CipherInit_ex: {
    parameters: ["pointer", "pointer", "pointer", "buffer", "buffer", "i32"],
    result: "i32",
  },
  // int EVP_CipherUpdate(EVP_CIPHER_CTX *ctx, unsigned char *out, int *outl,
  //                      const unsigned char *in, int inl);
  EVP_CipherUpdate: {
    parameters: ["pointer", "pointer", "buffer", "pointer", "i32"],
    result: "i32",
  },
  // int EVP_CipherFinal_ex(EVP_CIPHER_CTX *ctx, unsigned char *outm, int *outl);
  EVP_CipherFinal_ex: { parameters: ["pointer", "buffer", "buffer"], result: "i32" },
  // const EVP_MD *EVP_get_digestbyname(const char *name);
  EVP_get_digestbyname: { parameters: ["buffer"], result: "pointer" },
  // HMAC_CTX *HMAC_CTX_new(void);
  HMAC_CTX_new: { parameters: [], result: "pointer" },
  // void HMAC_CTX_free(HMAC_CTX *ctx);  wipes the key
  HMAC_CTX_free: { parameters: ["pointer"], result: "void" },
  // size_t HMAC_size(const HMAC_CTX *e);  at most 64: the low half holds it
  HMAC_size: { parameters: ["pointer"], result: "u32" },
  // int HMAC_Init_ex(HMAC_CTX *ctx, const void *key, int len, const EVP_MD *md, ENGINE *impl);
  HMAC_Init_ex: { parameters: ["pointer", "buffer", "i32", "pointer", "pointer"], result: "i32" },
  // int HMAC_Update(HMAC_CTX *ctx, const unsigned char *data, size_t len);
  HMAC_Update: { parameters: ["pointer", "pointer", "pointer"], result: "i32" },
  // int HMAC_Final(HMAC_CTX *ctx, unsigned char *md, unsigned int *len);
  HMAC_Final: { parameters: ["pointer", "buffer", "pointer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** libcrypto's functions, typed by their C prototypes. */
export type LibCryptoSymbols = Deno.StaticForeignLibraryInterface<typeof libcryptoSymbols>;
