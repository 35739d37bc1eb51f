/**
 * Decides by the file of users.
 *
 * @module
 */

import { decodeSockaddr } from "deno-tun";
import type { Log } from "../../base/log.ts";
import { formatChallenge, UserDirectory, UserLogin } from "../../users/mod.ts";
import { AdmissionRefusal, type Candidate } from "../server/admission.ts";
import { temporaryFailure } from "./auth_failure.ts";
import type { Login, LoginConsent, LoginDecider } from "./login_decider.ts";

/** See the module's page. */
export class UserFileDecider implements LoginDecider {
  readonly name = "users";
  readonly #directory: UserDirectory;
  readonly #login: UserLogin;
  /** Clients that are in by that name, by their number. */
  readonly #present = new Map<number, { name: string; candidate: Candidate }>();

  private constructor(directory: UserDirectory) {
    this.#directory = directory;
    this.#login = new UserLogin(directory);
  }

  /**
   * Reads the file and looks for changes from then on.
   *
   * @throws {VpnError} when it can't be used.
   */
  static async open(path: string, log: Log): Promise<UserFileDecider> {
    const directory = await UserDirectory.open(path);
    const decider = new UserFileDecider(directory);
    log.at(2, `Users: ${directory.users.length} in ${path}`);
    directory.watch({
      revoked: (names) => decider.#dismiss(names),
      reloaded: (count) => log.at(3, `Users: read ${path} again, ${count} in it`),
      unusable: (reason) =>
        log.warn(`${path} changed but cannot be used, the former users stay: ${reason}`),
    });
    return decider;
  }

  async decide(login: Login, candidate: Candidate): Promise<LoginConsent> {
    const { username } = login;
    if (username === "") {
      // `auth-user-pass-optional` is for those that have a certificate in place of it.
      if (candidate.certificate !== undefined) return {};
      throw new AdmissionRefusal("TLS Auth Error: neither certificate nor user name");
    }
    const { hostname } = decodeSockaddr(candidate.address);
    const verdict = await this.#login.decide({
      username,
      password: login.password,
      source: hostname,
    });
    switch (verdict.kind) {
      case "accepted":
        this.#remember(verdict.user.name, candidate);
        return { once: verdict.user.totp !== undefined };
      case "challenge":
        throw new AdmissionRefusal(
          "TLS Auth: the password is right, a one-time code is asked for",
          formatChallenge(verdict.challenge),
        );
      case "refused":
        throw new AdmissionRefusal(
          `TLS Auth Error: Auth Username/Password verification failed for peer (${verdict.detail})`,
          verdict.reason,
        );
      case "later":
        throw new AdmissionRefusal(
          `TLS Auth Error: the password is not looked at: ${verdict.detail}`,
          temporaryFailure(candidate.peerInfo, verdict.seconds, verdict.reason),
        );
    }
  }

  stillValid(username: string, since: number, candidate: Candidate): boolean {
    if (username === "") return true;
    const user = this.#directory.find(username);
    const valid = user !== undefined && !user.disabled && user.passwordSet <= since;
    if (valid) this.#remember(user.name, candidate);
    return valid;
  }

  async close(): Promise<void> {
    await this.#directory.close();
  }

  #remember(name: string, candidate: Candidate): void {
    if (this.#present.has(candidate.id)) return;
    this.#present.set(candidate.id, { name, candidate });
    candidate.atEnd(() => this.#present.delete(candidate.id));
  }

  #dismiss(names: ReadonlySet<string>): void {
    for (const { name, candidate } of [...this.#present.values()]) {
      if (!names.has(name)) continue;
      candidate.log.at(
        1,
        `TLS Auth: user '${name}' is removed, disabled or has another password`,
      );
      candidate.dismiss("the account was changed");
    }
  }
}
