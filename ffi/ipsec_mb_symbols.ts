/**
 * The functions of libIPSec_MB that are called here.
 *
 * What is called for packets takes pointers that were made once, and no 64-bit numbers; see
 * libcrypto_symbols.ts.
 *
 * @module
 */

/** What is exported under these names. */
export const managementSymbols = {
  // unsigned imb_get_version(void);
  imb_get_version: { parameters: [], result: "u32" },
  // const char *imb_get_version_str(void);
  imb_get_version_str: { parameters: [], result: "pointer" },
  // size_t imb_get_mb_mgr_size(void);
  imb_get_mb_mgr_size: { parameters: [], result: "u32" },
  // IMB_MGR *imb_set_pointers_mb_mgr(void *mem_ptr, const uint64_t flags, const unsigned reset);
  imb_set_pointers_mb_mgr: { parameters: ["pointer", "u64", "u32"], result: "pointer" },
  // int imb_get_errno(IMB_MGR *mb_mgr);
  imb_get_errno: { parameters: ["pointer"], result: "i32" },
  // void init_mb_mgr_auto(IMB_MGR *state, IMB_ARCH *arch);
  init_mb_mgr_auto: { parameters: ["pointer", "pointer"], result: "void" },
  // void init_mb_mgr_sse(IMB_MGR *state);
  init_mb_mgr_sse: { parameters: ["pointer"], result: "void" },
  // uint32_t imb_set_session(IMB_MGR *state, IMB_JOB *job);  1.4 and later
  imb_set_session: { parameters: ["pointer", "pointer"], result: "u32", optional: true },
} as const satisfies Deno.ForeignLibraryInterface;

/** Whatever the jobs ask for, one after the other: AES-GCM, ChaCha20-Poly1305. */
// uint32_t (*burst_fn_t)(IMB_MGR *, const uint32_t n_jobs, IMB_JOB **jobs);
export const burst = {
  parameters: ["pointer", "u32", "pointer"],
  result: "u32",
} as const satisfies Deno.ForeignFunction;

/** AES-CBC of several jobs side by side. */
// uint32_t (*submit_cipher_burst_t)(IMB_MGR *, IMB_JOB *, const uint32_t n_jobs,
//     const IMB_CIPHER_MODE cipher, const IMB_CIPHER_DIRECTION dir, const IMB_KEY_SIZE_BYTES);
export const cipherBurst = {
  parameters: ["pointer", "pointer", "u32", "u32", "u32", "u32"],
  result: "u32",
} as const satisfies Deno.ForeignFunction;

/** HMACs of several jobs side by side. */
// uint32_t (*submit_hash_burst_t)(IMB_MGR *, IMB_JOB *, const uint32_t n_jobs, IMB_HASH_ALG);
export const hashBurst = {
  parameters: ["pointer", "pointer", "u32", "u32"],
  result: "u32",
} as const satisfies Deno.ForeignFunction;

/** The functions of `managementSymbols`. */
export type Management = Deno.StaticForeignLibraryInterface<typeof managementSymbols>;
