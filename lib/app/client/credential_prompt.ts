/**
 * Who is asked for what only the user knows, and told what only the user can do. The terminal is
 * one; the management interface is another.
 *
 * @module
 */

/** User name and password are wanted. */
export interface UserPassRequest {
  /** Known already: only the password is asked for. */
  readonly username?: string;
  /** To be asked along with the password (`static-challenge`). */
  readonly staticChallenge?: {
    readonly text: string;
    readonly echo: boolean;
    /** What becomes of the answer; for those who put it together themselves. */
    readonly format: "scrv1" | "concat";
  };
}

/** What was answered to a `UserPassRequest`. */
export interface UserPassAnswer {
  readonly username: string;
  /** The plain one; or the whole field (`SCRV1:…`) where the answer to the challenge is in it. */
  readonly password: string;
  /** The answer to the static challenge. */
  readonly response?: string;
}

/** A question of the server's. */
export interface ChallengeRequest {
  /** What the server wants to be asked; it may hold anything. */
  readonly text: string;
  readonly echo: boolean;
  /** False: the text is to be shown, and an empty answer goes back. */
  readonly responseRequired: boolean;
  /** The log-in that it belongs to: of AUTH_FAILED's CRV1, none for CR_TEXT. */
  readonly login?: { readonly username: string; readonly state: string };
  /** Of CR_TEXT: the server waits for the answer, the connection is there already. */
  readonly pending?: boolean;
}

/** What the program asks for a secret of. */
export type SecretKind = "Auth" | "Private Key";

/** See the module's page. Rejections end the program, with their message. */
export interface CredentialPrompt {
  userPass(request: UserPassRequest, signal: AbortSignal): Promise<UserPassAnswer>;
  /** The plain answer. */
  challenge(request: ChallengeRequest, signal: AbortSignal): Promise<string>;
  /** The passphrase of the private key (`askpass`). */
  passphrase(signal: AbortSignal): Promise<string>;
  /** What was answered is not right; `reason` as the server gave it, CRV1 included. */
  refused(kind: SecretKind, reason: string | undefined): void;
  /** The server waits until the user has opened this address in a browser (WEB_AUTH). */
  openUrl(url: string, flags: readonly string[]): void;
}
