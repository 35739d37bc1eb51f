/**
 * The files by which a program decides later (`auth_control_file`), tells the client what to do
 * meanwhile (`auth_pending_file`), and says why not (`auth_failed_reason_file`).
 *
 * Source: openvpn(8), `--auth-user-pass-verify`; OpenVPN's `ssl_verify.c`.
 *
 * @module
 */

import { type TemporaryFile, temporaryFile } from "../programs/temporary_file.ts";
import type { ScriptVariables } from "../programs/script_variables.ts";

/** How often it is looked whether the program has decided, ms. */
const lookInterval = 200;

/** What `auth_pending_file` has in its three lines. */
export interface PendingRequest {
  /** Seconds that the user has. */
  readonly timeout: number;
  /** What the client must be able to do, as `webauth`. */
  readonly method: string;
  /** What the client is told behind `INFO_PRE,`. */
  readonly text: string;
}

/** See the module's page. */
export class DeferredDecision implements AsyncDisposable {
  private constructor(
    readonly control: TemporaryFile,
    readonly pending: TemporaryFile,
    readonly reason: TemporaryFile,
  ) {}

  /** @throws {VpnError} when the files can't be made. */
  static async create(directory: string | undefined): Promise<DeferredDecision> {
    await using stack = new AsyncDisposableStack();
    const make = async (prefix: string) =>
      stack.use(await temporaryFile(directory, `openvpn_${prefix}`));
    const decision = new DeferredDecision(await make("acf"), await make("apf"), await make("afr"));
    stack.move();
    return decision;
  }

  /** What the program has to know of them. */
  get variables(): ScriptVariables {
    return {
      auth_control_file: this.control.path,
      auth_pending_file: this.pending.path,
      auth_failed_reason_file: this.reason.path,
    };
  }

  /** What the program asks for meanwhile; "malformed" for what is no request. */
  async pendingRequest(): Promise<PendingRequest | "malformed" | undefined> {
    const contents = await this.pending.read();
    if (contents === "") return undefined;
    const [timeout, method, text] = contents.split("\n").map((line) => line.replace(/\r$/, ""));
    if (text === undefined || !/^[1-9]\d{0,8}$/.test(timeout)) return "malformed";
    return { timeout: Number(timeout), method, text };
  }

  /** Resolves when the program has written its decision; false as well when the client is gone. */
  async wait(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      const [decision] = await this.control.read();
      if (decision === "1") return true;
      if (decision === "0") return false;
      await new Promise((resolve) => setTimeout(resolve, lookInterval));
    }
    return false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const file of [this.control, this.pending, this.reason]) {
      await file[Symbol.asyncDispose]();
    }
  }
}
