/**
 * How a server checks its users, from its configuration.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { LoadedFiles, ServerConfig } from "../../config/mod.ts";
import type { Programs } from "../programs/programs.ts";
import type { AdmissionStep } from "../server/admission.ts";
import type { LoginDecider } from "./login_decider.ts";
import { LoginStep } from "./login_step.ts";
import { LoginTokens } from "./login_tokens.ts";
import { ProgramDecider } from "./program_decider.ts";
import { stateUsers } from "./state_users.ts";
import { UserFileDecider } from "./user_file_decider.ts";

/** What it is made of. */
export interface LoginParts {
  readonly config: ServerConfig;
  readonly files: LoadedFiles;
  readonly programs: Programs;
  readonly log: Log;
  /** Others that decide, after those of the configuration: the management interface. */
  readonly deciders?: readonly LoginDecider[];
}

/** How users are checked. */
export interface LoginPolicy extends AsyncDisposable {
  /** undefined: certificates decide alone. */
  readonly step: AdmissionStep | undefined;
}

/**
 * Opens what users are checked by.
 *
 * @throws {VpnError} when a file can't be used, or clients would come in unchecked.
 */
export async function openLogin(parts: LoginParts): Promise<LoginPolicy> {
  const { config, files, programs, log } = parts;
  const { login } = config;
  const deciders: LoginDecider[] = [];
  const { state } = config.process;
  const users = login.users?.source === "file"
    ? login.users.path
    : state && await stateUsers(state);
  if (users !== undefined) deciders.push(await UserFileDecider.open(users, log));
  if (login.verify !== undefined) {
    const { temporaryDirectory } = config.process;
    const answerCommand = config.scripts["client-crresponse"];
    deciders.push(
      new ProgramDecider({ ...login.verify, answerCommand, programs, temporaryDirectory }),
    );
  }
  deciders.push(...parts.deciders ?? []);
  const dispose = async () => {
    for (const decider of deciders) await decider.close?.();
  };
  try {
    requireDecider(config, deciders);
    const tokens = new LoginTokens(login.token, files, config.tls.renegSec);
    const { usernameAsCommonName } = config;
    const step = deciders.length === 0
      ? undefined
      : new LoginStep({ login, usernameAsCommonName, deciders, tokens });
    return { step, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

function requireDecider(config: ServerConfig, deciders: readonly LoginDecider[]): void {
  if (deciders.length > 0) return;
  const open = config.verifyClientCert !== "require";
  if (!open && !config.usernameAsCommonName && !config.login.optional) return;
  throw new VpnError(
    `"${open ? `verify-client-cert ${config.verifyClientCert}` : "username-as-common-name"}" ` +
      "and nothing that checks passwords",
    "add users with vpn user add, or a program with auth-user-pass-verify",
  );
}
