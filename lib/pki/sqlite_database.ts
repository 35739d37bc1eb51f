/**
 * The SQLite file of an index: opened and checked, its transactions and statements.
 *
 * With a rollback journal rather than a write-ahead log, so that this one file is all of it whenever
 * nobody writes: a copy of it is a backup. `synchronous=EXTRA` makes what was confirmed outlast a
 * power failure. Two commands at once wait for each other.
 *
 * @module
 */

import { DatabaseSync, type StatementResultingChanges, type StatementSync } from "node:sqlite";
import { VpnError } from "../base/errors.ts";
import { damagedIndex, indexError, notAnIndex } from "./sqlite_errors.ts";
import { APPLICATION_ID, schema, SCHEMA_VERSION } from "./sqlite_schema.ts";

/** How long a command waits for another one, ms. */
const BUSY_TIMEOUT = 20_000;

/** A row of an answer, by column. */
export type Row = Record<string, string | number | bigint | Uint8Array | null>;

/** What a statement may be given. */
type Value = string | number | Uint8Array | null;

/** See the module's page. */
export class SqliteDatabase implements Disposable {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  private constructor(path: string, database: DatabaseSync) {
    this.#path = path;
    this.#database = database;
  }

  /**
   * Opens the file, made if it is not there.
   *
   * @throws {VpnError} when it is damaged, no index, or of a newer program.
   */
  static open(path: string): SqliteDatabase {
    try {
      makeFile(path);
      const database = new DatabaseSync(path);
      const opened = new SqliteDatabase(path, database);
      try {
        opened.#prepare();
        return opened;
      } catch (error) {
        database.close();
        throw error;
      }
    } catch (error) {
      throw indexError(error, path);
    }
  }

  #prepare(): void {
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
    this.transaction(() => {
      const [application, layout] = version();
      if (application === 0 && layout === 0) {
        const tables = this.#database.prepare("SELECT count(*) AS n FROM sqlite_schema").get();
        if (tables?.n !== 0) throw notAnIndex(this.#path);
        this.#database.exec(schema);
      } else if (application !== APPLICATION_ID) {
        throw notAnIndex(this.#path);
      } else if (layout !== SCHEMA_VERSION) {
        throw new VpnError(
          `${this.#path} was written by a newer version of this program (layout ${layout})`,
          "use that version",
        );
      }
    });
    const [verdict] = Object.values(this.#database.prepare("PRAGMA quick_check(1)").get() ?? {});
    if (verdict !== "ok") throw damagedIndex(this.#path);
  }

  /** Runs `work` and turns what SQLite throws into an error for the user. */
  do<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      try {
        resolve(work());
      } catch (error) {
        reject(indexError(error, this.#path));
      }
    });
  }

  /**
   * Does all of `work` or nothing. The write lock is taken at once: one that is taken later can fail
   * without waiting.
   */
  transaction<T>(work: () => T): T {
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

  /** The first row of an answer. */
  get(sql: string, ...values: Value[]): Row | undefined {
    return this.#statement(sql).get(...values) as Row | undefined;
  }

  /** All rows of an answer. */
  all(sql: string, ...values: Value[]): Row[] {
    return this.#statement(sql).all(...values) as Row[];
  }

  /** Carries a statement out; says how many rows it changed. */
  run(sql: string, ...values: Value[]): StatementResultingChanges {
    return this.#statement(sql).run(...values);
  }

  [Symbol.dispose](): void {
    this.#statements.clear();
    this.#database.close();
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
