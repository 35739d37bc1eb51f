/**
 * The tables of the index in SQLite.
 *
 * @module
 */

/** Says that the file is ours ("VPNI" in ASCII), in SQLite's header. */
export const APPLICATION_ID = 0x56504e49;
/** The layout below. */
export const SCHEMA_VERSION = 1;

/** Makes the tables. */
export const schema = `
  CREATE TABLE authority (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    certificate BLOB NOT NULL,
    list_number TEXT NOT NULL,           -- of the newest revocation list, hexadecimal
    list BLOB
  ) STRICT;
  CREATE TABLE certificate (
    id INTEGER PRIMARY KEY,
    serial TEXT NOT NULL UNIQUE,         -- hexadecimal, upper case
    name TEXT NOT NULL,
    purpose TEXT NOT NULL,
    key TEXT NOT NULL,
    not_before INTEGER NOT NULL,         -- these three in ms since 1970
    not_after INTEGER NOT NULL,
    issued_at INTEGER NOT NULL,
    certificate BLOB NOT NULL,           -- DER
    private_key TEXT                     -- PKCS#8 PEM
  ) STRICT;
  CREATE INDEX certificate_by_name ON certificate (name);
  CREATE TABLE revocation (
    serial TEXT PRIMARY KEY,
    revoked_at INTEGER NOT NULL,
    reason INTEGER                       -- CRLReason
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE link (
    token_digest TEXT PRIMARY KEY,
    serial TEXT NOT NULL,
    file_name TEXT NOT NULL,
    content BLOB NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`;
