/**
 * Checks how a server is to check its users.
 *
 * @module
 */

import type { LoginOptions, Notice, TlsOptions, TokenOptions } from "./config.ts";
import type { Draft } from "./draft.ts";
import { ConfigError } from "./errors.ts";
import { defined, resolveReference } from "./finish_common.ts";
import { notice } from "./option.ts";

/** The options of a draft, checked against each other. */
export function loginOptions(draft: Draft, tls: TlsOptions, notices: Notice[]): LoginOptions {
  requireDecider(draft);
  warnOpen(draft, notices);
  const { authUserPassVerify: verify } = draft;
  return defined({
    users: resolveReference(draft, draft.vpnUsers),
    verify: verify && { command: verify.command, method: requireSecurity(draft, verify.method) },
    optional: draft.authUserPassOptional ?? false,
    token: tokenOptions(draft, tls),
  });
}

/** options_postprocess_verify_ce(): without a check of passwords anybody would come in. */
function requireDecider(draft: Draft): void {
  if (draft.authUserPassVerify !== undefined || draft.vpnUsers !== undefined) return;
  if (draft.positions.has("management-client-auth")) return;
  // The state directory may have users; that shows at the start.
  if (draft.process.state !== undefined) return;
  const needs = [
    ...(draft.verifyClientCert === "none" || draft.verifyClientCert === "optional"
      ? ["verify-client-cert"]
      : []),
    ...(draft.usernameAsCommonName ? ["username-as-common-name"] : []),
    ...(draft.authUserPassOptional ? ["auth-user-pass-optional"] : []),
  ];
  for (const option of needs) {
    throw new ConfigError(
      `"${option}" needs something that checks passwords`,
      `add "vpn-users FILE" or "auth-user-pass-verify PROGRAM via-file"`,
      draft.positions.get(option),
    );
  }
}

function warnOpen(draft: Draft, notices: Notice[]): void {
  const { verifyClientCert: mode } = draft;
  const position = draft.positions.get("verify-client-cert");
  if (position === undefined || mode === undefined || mode === "require") return;
  const message = `"verify-client-cert ${mode}": a password alone lets clients in`;
  notices.push(notice("warning", 1, position, message));
}

function requireSecurity(
  draft: Draft,
  method: "via-env" | "via-file",
): "via-env" | "via-file" {
  const needed = method === "via-env" ? 3 : 2;
  if ((draft.process.scriptSecurity ?? 1) < needed) {
    throw new ConfigError(
      `"auth-user-pass-verify … ${method}" without "script-security ${needed}"`,
      method === "via-env" ? `add it, or write "via-file"` : "add it",
      draft.positions.get("auth-user-pass-verify"),
    );
  }
  return method;
}

function tokenOptions(draft: Draft, tls: TlsOptions): TokenOptions | undefined {
  const { authGenToken: token } = draft;
  const position = draft.positions.get("auth-gen-token");
  if (token === undefined) {
    if (draft.authGenTokenSecret === undefined) return undefined;
    throw new ConfigError(
      `"auth-gen-token-secret" without "auth-gen-token"`,
      "add it",
      draft.positions.get("auth-gen-token-secret"),
    );
  }
  if (tls.renegSec === 0) {
    throw new ConfigError(
      `"auth-gen-token" with "reneg-sec 0": tokens could not be renewed`,
      "let keys be renegotiated",
      position,
    );
  }
  if (token.renewal !== undefined && token.renewal < 2 * tls.handWindow) {
    throw new ConfigError(
      `"auth-gen-token": the renewal time ${token.renewal} is less than twice "hand-window"`,
      `write at least ${2 * tls.handWindow}`,
      position,
    );
  }
  return defined({
    lifetime: token.lifetime,
    // OpenVPN refuses a shorter reneg-sec: its tokens could run out during a handshake.
    renewal: token.renewal ?? Math.max(tls.renegSec, 2 * tls.handWindow),
    externalAuth: token.externalAuth,
    secret: resolveReference(draft, draft.authGenTokenSecret),
  });
}
