/**
 * Users: who they are, and whether a log-in is theirs.
 *
 * @module
 */

export * from "./auth_token.ts";
export * from "./challenge.ts";
export * from "./invitation.ts";
export {
  checkNewPassword,
  hashOfNoPassword,
  hashPassword,
  verifyPassword,
} from "./password_hash.ts";
export * from "./pending_auth.ts";
export * from "./totp.ts";
export * from "./user_changes.ts";
export * from "./user_directory.ts";
export * from "./user_file.ts";
export * from "./user_login.ts";
export {
  checkUserName,
  type TotpEnrolment,
  type UserRecord,
  type UserRole,
} from "./user_record.ts";
