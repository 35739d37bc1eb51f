/**
 * What intel-ipsec-mb.h says about structs and numbers: libIPSec_MB 1.3, 1.4 and 1.5, which is the
 * last 1.x, on x86-64.
 *
 * They agree in every offset here; `sizeof(IMB_JOB)` grows and is found at run time. A test holds
 * the numbers against a C compiler and the installed header.
 *
 * @module
 */

/** `IMB_VERSION(1, 3, 0)`: the first with burst calls that finish all of their jobs. */
export const oldestVersion = 0x010300;
/** `IMB_VERSION(1, 6, 0)`: its structs are not known; 2.0 has another ABI. */
export const firstUnknownVersion = 0x010600;

/** Byte offsets in `IMB_MGR`; the others than `features` hold a function pointer. */
export const ManagerOffset = {
  features: 8,
  keyexp_128: 112,
  keyexp_192: 120,
  keyexp_256: 128,
  sha1_one_block: 160,
  sha224_one_block: 168,
  sha256_one_block: 176,
  sha384_one_block: 184,
  sha512_one_block: 192,
  gcm128_pre: 448,
  gcm192_pre: 456,
  gcm256_pre: 464,
  get_next_burst: 952,
  submit_burst: 960,
  submit_cipher_burst: 984,
  submit_hash_burst: 1000,
} as const;

/** Byte offsets in `IMB_JOB`; the fields in front of `status` have 8 bytes, the others 4. */
export const JobOffset = {
  enc_keys: 0,
  dec_keys: 8,
  key_len_in_bytes: 16,
  src: 24,
  dst: 32,
  cipher_start_src_offset_in_bytes: 40,
  msg_len_to_cipher_in_bytes: 48,
  hash_start_src_offset_in_bytes: 56,
  msg_len_to_hash_in_bytes: 64,
  iv: 72,
  iv_len_in_bytes: 80,
  auth_tag_output: 88,
  auth_tag_output_len_in_bytes: 96,
  "u.HMAC._hashed_auth_key_xor_ipad": 104,
  "u.HMAC._hashed_auth_key_xor_opad": 112,
  "u.GCM.aad": 104,
  "u.GCM.aad_len_in_bytes": 112,
  "u.CHACHA20_POLY1305.aad": 104,
  "u.CHACHA20_POLY1305.aad_len_in_bytes": 112,
  status: 128,
  cipher_mode: 132,
  cipher_direction: 136,
  hash_alg: 140,
  chain_order: 144,
} as const;

/** `sizeof(IMB_JOB)` of 1.3, in bytes; later versions add fields at the end. */
export const smallestJob = 200;

/**
 * Room for a `struct gcm_key_data`, in bytes: its size is 1,008 in 1.3, and 1,264 in 1.4 and 1.5.
 * The library does not say it, and would write behind what is too small.
 */
export const gcmKeyDataRoom = 2048;

/** `MB_MAX_LEN16`, job_check of the library: the longest message of a job, in bytes. */
export const longestMessage = 65534;

/** Bits of `IMB_MGR.features`, `IMB_FEATURE_…`. */
export const Feature = {
  SHANI: 1 << 0,
  AESNI: 1 << 1,
  SELF_TEST: 1 << 20,
  SELF_TEST_PASS: 1 << 21,
} as const;

/** `IMB_CIPHER_MODE`. */
export const CipherMode = { CBC: 1, NULL: 3, GCM: 5, CHACHA20_POLY1305: 19 } as const;

/** `IMB_CIPHER_DIRECTION`. */
export const CipherDirection = { encrypt: 1, decrypt: 2 } as const;

/** `IMB_CHAIN_ORDER`, by direction: what is authenticated is the ciphertext. */
export const ChainOrder = { encrypt: 1, decrypt: 2 } as const;

/** `IMB_HASH_ALG` of the HMACs that burst calls take. */
export const HmacAlgorithm = { SHA1: 1, SHA224: 2, SHA256: 3, SHA384: 4, SHA512: 5 } as const;

/** `IMB_HASH_ALG` of the AEAD ciphers. */
export const AeadAlgorithm = { GCM: 9, CHACHA20_POLY1305: 29 } as const;

/** `IMB_AUTH_NULL`. */
export const hashAlgorithmNull = 8;
