/**
 * The index in one SQLite file: its questions and changes.
 *
 * @module
 */

import type {
  CertificateIndex,
  DownloadLink,
  IndexEntry,
  IssuedPurpose,
  NewEntry,
  RevocationState,
  Setting,
} from "./certificate_index.ts";
import type { Revocation } from "./crl.ts";
import { type Row, SqliteDatabase } from "./sqlite_database.ts";

const entryColumns = `
  SELECT c.serial, c.name, c.purpose, c.key, c.not_before, c.not_after, c.issued_at,
    c.private_key IS NOT NULL AS holds_key, r.revoked_at, r.reason
  FROM certificate c LEFT JOIN revocation r ON r.serial = c.serial`;

/** See the module's page. */
export class SqliteIndex implements CertificateIndex {
  readonly #database: SqliteDatabase;

  private constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  /**
   * Opens the index, made if it is not there.
   *
   * @throws {VpnError} when it is damaged, no index, or of a newer program.
   */
  static open(path: string): SqliteIndex {
    return new SqliteIndex(SqliteDatabase.open(path));
  }

  authority(): Promise<Uint8Array | undefined> {
    return this.#database.do(() => {
      const row = this.#database.get("SELECT certificate FROM authority");
      return row?.certificate as Uint8Array | undefined;
    });
  }

  setAuthority(
    certificate: Uint8Array,
    entries: readonly NewEntry[],
    { revoked, number, list }: RevocationState,
  ): Promise<void> {
    return this.#database.do(() =>
      this.#database.transaction(() => {
        const { changes } = this.#database.run(
          "INSERT OR IGNORE INTO authority VALUES (1, ?, ?, ?)",
          certificate,
          number.toString(16),
          list ?? null,
        );
        if (Number(changes) === 0) return;
        for (const entry of entries) this.#insert(entry);
        this.#insertRevocations(revoked);
      })
    );
  }

  list(): Promise<IndexEntry[]> {
    return this.#database.do(() =>
      this.#database.all(`${entryColumns} ORDER BY c.id`).map(entryOf)
    );
  }

  byName(name: string): Promise<IndexEntry[]> {
    return this.#database.do(() =>
      this.#database.all(`${entryColumns} WHERE c.name = ? ORDER BY c.id`, name).map(entryOf)
    );
  }

  bySerial(serial: string): Promise<IndexEntry | undefined> {
    return this.#database.do(() => {
      const row = this.#database.get(`${entryColumns} WHERE c.serial = ?`, serial);
      return row && entryOf(row);
    });
  }

  certificate(serial: string): Promise<Uint8Array | undefined> {
    return this.#database.do(() => {
      const row = this.#database.get(
        "SELECT certificate FROM certificate WHERE serial = ?",
        serial,
      );
      return row?.certificate as Uint8Array | undefined;
    });
  }

  privateKey(serial: string): Promise<string | undefined> {
    return this.#database.do(() => {
      const row = this.#database.get(
        "SELECT private_key FROM certificate WHERE serial = ?",
        serial,
      );
      return (row?.private_key ?? undefined) as string | undefined;
    });
  }

  add(entries: readonly NewEntry[], exclusive?: { name: string; now: number }): Promise<boolean> {
    return this.#database.do(() =>
      this.#database.transaction(() => {
        if (exclusive !== undefined) {
          const other = this.#database.get(
            `SELECT 1 FROM certificate c WHERE name = ? AND not_after >= ?
              AND NOT EXISTS (SELECT 1 FROM revocation r WHERE r.serial = c.serial)`,
            exclusive.name,
            exclusive.now,
          );
          if (other !== undefined) return false;
        }
        for (const entry of entries) this.#insert(entry);
        return true;
      })
    );
  }

  revocation(serial: string): Promise<Revocation | undefined> {
    return this.#database.do(() => {
      const row = this.#database.get("SELECT * FROM revocation WHERE serial = ?", serial);
      return row && revocationOf(row);
    });
  }

  revocationList(): Promise<Uint8Array | undefined> {
    return this.#database.do(() => {
      const row = this.#database.get("SELECT list FROM authority");
      return (row?.list ?? undefined) as Uint8Array | undefined;
    });
  }

  revocations(): Promise<RevocationState> {
    return this.#database.do(() =>
      this.#database.transaction(() => {
        const revoked = new Map<string, Revocation>();
        for (
          const row of this.#database.all("SELECT * FROM revocation ORDER BY revoked_at, serial")
        ) {
          revoked.set(String(row.serial), revocationOf(row)!);
        }
        const row = this.#database.get("SELECT list_number, list FROM authority");
        return {
          revoked,
          number: BigInt(`0x${row?.list_number ?? "0"}`),
          list: (row?.list ?? undefined) as Uint8Array | undefined,
        };
      })
    );
  }

  revoke(
    revoked: ReadonlyMap<string, Revocation>,
    list: Uint8Array,
    number: bigint,
    formerNumber: bigint,
  ): Promise<boolean> {
    return this.#database.do(() =>
      this.#database.transaction(() => {
        const { changes } = this.#database.run(
          "UPDATE authority SET list = ?, list_number = ? WHERE list_number = ?",
          list,
          number.toString(16),
          formerNumber.toString(16),
        );
        if (Number(changes) === 0) return false;
        this.#insertRevocations(revoked);
        return true;
      })
    );
  }

  setting(key: Setting): Promise<string | undefined> {
    return this.#database.do(() => {
      const row = this.#database.get("SELECT value FROM setting WHERE key = ?", key);
      return row?.value as string | undefined;
    });
  }

  setSetting(key: Setting, value: string | undefined): Promise<void> {
    return this.#database.do(() => {
      if (value === undefined) this.#database.run("DELETE FROM setting WHERE key = ?", key);
      else this.#database.run("INSERT OR REPLACE INTO setting VALUES (?, ?)", key, value);
    });
  }

  addLink(link: DownloadLink, now: number): Promise<void> {
    return this.#database.do(() =>
      this.#database.transaction(() => {
        this.#database.run("DELETE FROM link WHERE expires_at < ?", now);
        this.#database.run(
          "INSERT INTO link VALUES (?, ?, ?, ?, ?)",
          ...[link.tokenDigest, link.serial, link.fileName],
          link.content,
          link.expiresAt,
        );
      })
    );
  }

  hasLink(tokenDigest: string, now: number): Promise<boolean> {
    return this.#database.do(() =>
      this.#database.get(
        "SELECT 1 FROM link WHERE token_digest = ? AND expires_at >= ?",
        tokenDigest,
        now,
      ) !== undefined
    );
  }

  takeLink(tokenDigest: string, now: number): Promise<DownloadLink | undefined> {
    return this.#database.do(() =>
      this.#database.transaction(() => {
        this.#database.run("DELETE FROM link WHERE expires_at < ?", now);
        const row = this.#database.get("SELECT * FROM link WHERE token_digest = ?", tokenDigest);
        if (row === undefined) return undefined;
        this.#database.run("DELETE FROM link WHERE token_digest = ?", tokenDigest);
        return {
          tokenDigest,
          serial: String(row.serial),
          fileName: String(row.file_name),
          content: row.content as Uint8Array,
          expiresAt: Number(row.expires_at),
        };
      })
    );
  }

  [Symbol.dispose](): void {
    this.#database[Symbol.dispose]();
  }

  #insert(entry: NewEntry): void {
    this.#database.run(
      `INSERT INTO certificate (serial, name, purpose, key, not_before, not_after, issued_at,
        certificate, private_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[entry.serial, entry.name, entry.purpose, entry.key],
      ...[entry.notBefore, entry.notAfter, entry.issuedAt],
      entry.certificate,
      entry.privateKey ?? null,
    );
  }

  #insertRevocations(revoked: ReadonlyMap<string, Revocation>): void {
    for (const [serial, { date, reason }] of revoked) {
      this.#database.run(
        "INSERT OR REPLACE INTO revocation VALUES (?, ?, ?)",
        serial,
        date,
        reason ?? null,
      );
    }
  }
}

function entryOf(row: Row): IndexEntry {
  return {
    serial: String(row.serial),
    name: String(row.name),
    purpose: row.purpose as IssuedPurpose,
    key: String(row.key),
    notBefore: Number(row.not_before),
    notAfter: Number(row.not_after),
    issuedAt: Number(row.issued_at),
    holdsKey: row.holds_key === 1,
    revocation: revocationOf(row),
  };
}

function revocationOf(row: Row): Revocation | undefined {
  if (row.revoked_at === null) return undefined;
  return {
    date: Number(row.revoked_at),
    reason: row.reason === null ? undefined : Number(row.reason),
  };
}
