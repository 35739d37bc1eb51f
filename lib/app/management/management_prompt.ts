/**
 * Tells the management client what the server says of passwords, and asks it for them
 * (`management-query-passwords`).
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { CredentialQuery } from "../../management/queries.ts";
import type { Management } from "../../management/management.ts";
import { parsePasswordField } from "../../users/challenge.ts";
import type {
  ChallengeRequest,
  CredentialPrompt,
  SecretKind,
  UserPassAnswer,
  UserPassRequest,
} from "../client/credential_prompt.ts";

/** See the module's page. */
export class ManagementPrompt implements CredentialPrompt {
  readonly #management: Management;
  readonly #other: CredentialPrompt | undefined;

  /** @param other Who is asked instead; undefined: the management client is asked. */
  constructor(management: Management, other: CredentialPrompt | undefined) {
    this.#management = management;
    this.#other = other;
  }

  async userPass(request: UserPassRequest, signal: AbortSignal): Promise<UserPassAnswer> {
    if (this.#other !== undefined) return this.#other.userPass(request, signal);
    const { username, staticChallenge: challenge } = request;
    const query: CredentialQuery = {
      type: "Auth",
      passwordOnly: username !== undefined,
      challenge,
    };
    const entered = await this.#management.queries.credentials(query, signal);
    // The management client puts the answer to the challenge into the password.
    return { username: username ?? entered.username, password: entered.password };
  }

  async challenge(request: ChallengeRequest, signal: AbortSignal): Promise<string> {
    if (request.pending) return await this.#pending(request, signal);
    if (this.#other !== undefined) return this.#other.challenge(request, signal);
    const { login, text, echo } = request;
    const { password } = await this.#management.queries.credentials({
      type: "Auth",
      passwordOnly: false,
      // Of a dynamic challenge it has been told by "Verification Failed".
      ...login === undefined && { challenge: { text, echo } },
    }, signal);
    const field = parsePasswordField(password);
    return field.kind === "plain" ? password : field.response;
  }

  async passphrase(signal: AbortSignal): Promise<string> {
    if (this.#other !== undefined) return this.#other.passphrase(signal);
    const query = { type: "Private Key", passwordOnly: true };
    return (await this.#management.queries.credentials(query, signal)).password;
  }

  refused(kind: SecretKind, reason: string | undefined): void {
    this.#management.verificationFailed(kind, reason);
    this.#other?.refused(kind, reason);
  }

  openUrl(url: string, flags: readonly string[]): void {
    this.#management.infoMessage(`WEB_AUTH:${flags.join(",")}:${url}`);
    this.#other?.openUrl(url, flags);
  }

  /** CR_TEXT: whoever answers first, where there is somebody else to ask. */
  async #pending(request: ChallengeRequest, signal: AbortSignal): Promise<string> {
    const { responseRequired, echo, text } = request;
    const flags = [...responseRequired ? ["R"] : [], ...echo ? ["E"] : []].join(",");
    this.#management.infoMessage(`CR_TEXT:${flags}:${text}`);
    if (this.#other !== undefined) return await this.#other.challenge(request, signal);
    const answer = await this.#management.queries.challengeResponse(signal);
    return Buffer.from(answer, "base64").toString("utf8");
  }
}
