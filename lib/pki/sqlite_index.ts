/**
 * The index in one SQLite file.
 *
 * With a rollback journal rather than a write-ahead log, so that this one file is all of it whenever
 * nobody writes: a copy of it is a backup. `synchronous=EXTRA` makes what was confirmed outlast a
 * power failure. Two commands at once wait for each other.
 *
 * @module
 */

import { DatabaseSync, type StatementSync } from "node:sqlite";
import { VpnError } from "../base/errors.ts";
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
import { damagedIndex, indexError, notAnIndex } from "./sqlite_errors.ts";
import { APPLICATION_ID, schema, SCHEMA_VERSION } from "./sqlite_schema.ts";

/** How long a command waits for another one, ms. */
const BUSY_TIMEOUT = 20_000;

const entryColumns = `
  SELECT c.serial, c.name, c.purpose, c.key, c.not_before, c.not_after, c.issued_at,
    c.private_key IS NOT NULL AS holds_key, r.revoked_at, r.reason
  FROM certificate c LEFT JOIN revocation r ON r.serial = c.serial`;

type Row = Record<string, string | number | bigint | Uint8Array | null>;

/** See the module's page. */
export class SqliteIndex implements CertificateIndex {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  private constructor(readonly path: string, database: DatabaseSync) {
    this.#database = database;
  }

  /**
   * Opens the index, made if it is not there.
   *
   * @throws {VpnError} when it is damaged, no index, or of a newer program.
   */
  static open(path: string): SqliteIndex {
    try {
      makeFile(path);
      const database = new DatabaseSync(path);
      const index = new SqliteIndex(path, database);
      try {
        index.#prepareDatabase();
        return index;
      } catch (error) {
        database.close();
        throw error;
      }
    } catch (error) {
      throw indexError(error, path);
    }
  }

  #prepareDatabase(): void {
    this.#database.exec(`
      PRAGMA busy_timeout = ${BUSY_TIMEOUT};
      PRAGMA journal_mode = DELETE;
      PRAGMA synchronous = EXTRA;
      PRAGMA secure_delete = ON;
      PRAGMA trusted_schema = OFF;
    `);
    const number = (pragma: string) =>
      Number(Object.values(this.#database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0]);
    const version = () => [number("application_id"), number("user_version")];
    this.#transaction(() => {
      const [application, layout] = version();
      if (application === 0 && layout === 0) {
        const tables = this.#database.prepare("SELECT count(*) AS n FROM sqlite_schema").get();
        if (tables?.n !== 0) throw notAnIndex(this.path);
        this.#database.exec(schema);
      } else if (application !== APPLICATION_ID) {
        throw notAnIndex(this.path);
      } else if (layout !== SCHEMA_VERSION) {
        throw new VpnError(
          `${this.path} was written by a newer version of this program (layout ${layout})`,
          "use that version",
        );
      }
    });
    const [verdict] = Object.values(this.#database.prepare("PRAGMA quick_check(1)").get() ?? {});
    if (verdict !== "ok") throw damagedIndex(this.path);
  }

  authority(): Promise<Uint8Array | undefined> {
    return this.#do(() => {
      const row = this.#get("SELECT certificate FROM authority");
      return row?.certificate as Uint8Array | undefined;
    });
  }

  setAuthority(
    certificate: Uint8Array,
    entries: readonly NewEntry[],
    { revoked, number, list }: RevocationState,
  ): Promise<void> {
    return this.#do(() =>
      this.#transaction(() => {
        const { changes } = this.#run(
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
    return this.#do(() => this.#all(`${entryColumns} ORDER BY c.id`).map(entryOf));
  }

  byName(name: string): Promise<IndexEntry[]> {
    return this.#do(() =>
      this.#all(`${entryColumns} WHERE c.name = ? ORDER BY c.id`, name).map(entryOf)
    );
  }

  bySerial(serial: string): Promise<IndexEntry | undefined> {
    return this.#do(() => {
      const row = this.#get(`${entryColumns} WHERE c.serial = ?`, serial);
      return row && entryOf(row);
    });
  }

  certificate(serial: string): Promise<Uint8Array | undefined> {
    return this.#do(() => {
      const row = this.#get("SELECT certificate FROM certificate WHERE serial = ?", serial);
      return row?.certificate as Uint8Array | undefined;
    });
  }

  privateKey(serial: string): Promise<string | undefined> {
    return this.#do(() => {
      const row = this.#get("SELECT private_key FROM certificate WHERE serial = ?", serial);
      return (row?.private_key ?? undefined) as string | undefined;
    });
  }

  add(entries: readonly NewEntry[], exclusive?: { name: string; now: number }): Promise<boolean> {
    return this.#do(() =>
      this.#transaction(() => {
        if (exclusive !== undefined) {
          const other = this.#get(
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
    return this.#do(() => {
      const row = this.#get("SELECT * FROM revocation WHERE serial = ?", serial);
      return row && revocationOf(row);
    });
  }

  revocationList(): Promise<Uint8Array | undefined> {
    return this.#do(() => {
      const row = this.#get("SELECT list FROM authority");
      return (row?.list ?? undefined) as Uint8Array | undefined;
    });
  }

  revocations(): Promise<RevocationState> {
    return this.#do(() =>
      this.#transaction(() => {
        const revoked = new Map<string, Revocation>();
        for (const row of this.#all("SELECT * FROM revocation ORDER BY revoked_at, serial")) {
          revoked.set(String(row.serial), revocationOf(row)!);
        }
        const row = this.#get("SELECT list_number, list FROM authority");
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
    return this.#do(() =>
      this.#transaction(() => {
        const { changes } = this.#run(
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
    return this.#do(() => {
      const row = this.#get("SELECT value FROM setting WHERE key = ?", key);
      return row?.value as string | undefined;
    });
  }

  setSetting(key: Setting, value: string | undefined): Promise<void> {
    return this.#do(() => {
      if (value === undefined) this.#run("DELETE FROM setting WHERE key = ?", key);
      else this.#run("INSERT OR REPLACE INTO setting VALUES (?, ?)", key, value);
    });
  }

  addLink(link: DownloadLink, now: number): Promise<void> {
    return this.#do(() =>
      this.#transaction(() => {
        this.#run("DELETE FROM link WHERE expires_at < ?", now);
        this.#run(
          "INSERT INTO link VALUES (?, ?, ?, ?, ?)",
          ...[link.tokenDigest, link.serial, link.fileName],
          link.content,
          link.expiresAt,
        );
      })
    );
  }

  hasLink(tokenDigest: string, now: number): Promise<boolean> {
    return this.#do(() =>
      this.#get(
        "SELECT 1 FROM link WHERE token_digest = ? AND expires_at >= ?",
        tokenDigest,
        now,
      ) !== undefined
    );
  }

  takeLink(tokenDigest: string, now: number): Promise<DownloadLink | undefined> {
    return this.#do(() =>
      this.#transaction(() => {
        this.#run("DELETE FROM link WHERE expires_at < ?", now);
        const row = this.#get("SELECT * FROM link WHERE token_digest = ?", tokenDigest);
        if (row === undefined) return undefined;
        this.#run("DELETE FROM link WHERE token_digest = ?", tokenDigest);
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
    this.#statements.clear();
    this.#database.close();
  }

  #insert(entry: NewEntry): void {
    this.#run(
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
      this.#run("INSERT OR REPLACE INTO revocation VALUES (?, ?, ?)", serial, date, reason ?? null);
    }
  }

  /** Runs `work` and turns what SQLite throws into an error for the user. */
  #do<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      try {
        resolve(work());
      } catch (error) {
        reject(indexError(error, this.path));
      }
    });
  }

  /** The write lock is taken at once: one that is taken later can fail without waiting. */
  #transaction<T>(work: () => T): T {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      try {
        this.#database.exec("ROLLBACK");
      } catch {
        // SQLite has rolled back by itself, as it does when the disk is full.
      }
      throw error;
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #get(sql: string, ...values: (string | number | Uint8Array | null)[]): Row | undefined {
    return this.#statement(sql).get(...values) as Row | undefined;
  }
  #all(sql: string, ...values: (string | number | Uint8Array | null)[]): Row[] {
    return this.#statement(sql).all(...values) as Row[];
  }
  #run(sql: string, ...values: (string | number | Uint8Array | null)[]) {
    return this.#statement(sql).run(...values);
  }
}

/** SQLite would make it with the umask's permissions; its journal takes the file's own. */
function makeFile(path: string): void {
  try {
    Deno.openSync(path, { createNew: true, write: true, mode: 0o600 }).close();
    Deno.chmodSync(path, 0o600); // Whatever the umask left of it.
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
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
