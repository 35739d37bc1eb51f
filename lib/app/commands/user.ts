/**
 * `vpn user …`.
 *
 * @module
 */

import { VpnError } from "../../base/errors.ts";
import { defaultStateDirectory } from "../../pki/mod.ts";
import {
  addUser,
  changeUsers,
  checkNewPassword,
  checkUserName,
  generateTotpSecret,
  hashPassword,
  refuseExisting,
  totpUri,
  UserFile,
  userFilePath,
  type UserRecord,
  withPassword,
  withTotp,
} from "../../users/mod.ts";
import {
  type Cell,
  formatTable,
  print,
  printJson,
  remark,
  takesColours,
} from "../authority/terminal.ts";
import { ExitCode } from "../exit_code.ts";
import { terminalQrCode } from "../qr_code.ts";
import { ask, canAsk, readSecretFromInput } from "../terminal.ts";
import type { UserArguments, UserOperation } from "./user_options.ts";

/** Runs a command about users; the exit code. What fails throws. */
export async function user(given: UserArguments): Promise<number> {
  switch (given.operation) {
    case "add":
      await add(given);
      break;
    case "passwd":
      await changePassword(given);
      break;
    case "totp":
      await enrol(given);
      break;
    case "list":
      await list(given);
      break;
    case "remove":
      await change(given, () => undefined);
      break;
    case "disable":
      await change(given, (user) => ({ ...user, disabled: true }));
      break;
    case "enable":
      await change(given, (user) => ({ ...user, disabled: false }));
      break;
  }
  return ExitCode.success;
}

async function add(given: UserOperation<"add">): Promise<void> {
  const name = checkUserName(given.name);
  const file = await userFile(given);
  const before = await file.read();
  // Before the password is asked for.
  refuseExisting(before ?? [], name);
  const password = await hashPassword(await newPassword(name));
  const secret = given.totp ? generateTotpSecret() : undefined;
  const record: UserRecord = {
    name,
    role: given.role ?? "user",
    disabled: false,
    password,
    passwordSet: now(),
    created: now(),
    ...(secret !== undefined && { totp: { secret, lastUsed: 0 } }),
  };
  await file.update((users) => addUser(users, record));
  if (secret !== undefined) showEnrolment(name, secret);
  const first = !(before ?? []).some(({ role }) => role === "user") && record.role === "user";
  if (first && given.file === undefined) {
    remark("The server asks all clients for user name and password from its next start on.");
  }
}

async function changePassword(given: UserOperation<"passwd">): Promise<void> {
  const file = await userFile(given);
  const name = existing(await file.read(), given.name);
  const password = await hashPassword(await newPassword(name));
  await changeAll(file, [name], (user) => withPassword(user, password, now()));
}

async function enrol(given: UserOperation<"totp">): Promise<void> {
  const file = await userFile(given);
  const name = existing(await file.read(), given.name);
  const secret = given.off ? undefined : generateTotpSecret();
  const totp = secret === undefined ? undefined : { secret, lastUsed: 0 };
  await changeAll(file, [name], (user) => withTotp(user, totp));
  if (secret !== undefined) showEnrolment(name, secret);
}

async function list(given: UserOperation<"list">): Promise<void> {
  const users = await (await userFile(given)).read() ?? [];
  const sorted = [...users].sort((a, b) => a.name < b.name ? -1 : 1);
  if (given.json) {
    return printJson(sorted.map(({ name, role, disabled, passwordSet, totp, invitation }) => ({
      name,
      role,
      disabled,
      totp: totp !== undefined,
      passwordSet: new Date(passwordSet * 1000).toISOString(),
      ...invitation !== undefined && {
        invitedUntil: new Date(invitation.expires * 1000).toISOString(),
      },
    })));
  }
  if (sorted.length === 0) return print("There are no users yet: vpn user add NAME");
  const rows = sorted.map((user): Cell[] => [
    user.name,
    user.role,
    stateCell(user),
    user.totp === undefined ? "no" : "yes",
    new Date(user.passwordSet * 1000).toISOString().slice(0, 10),
  ]);
  const headings = ["NAME", "ROLE", "STATE", "ONE-TIME CODE", "PASSWORD OF"];
  print(...formatTable(headings, rows, takesColours()));
}

/** Who is invited has still to set what the portal's link asks for. */
function stateCell({ disabled, invitation }: UserRecord): Cell {
  if (disabled) return { text: "disabled", tone: "bad" };
  return invitation === undefined
    ? { text: "enabled", tone: "good" }
    : { text: "invited", tone: "warning" };
}

async function change(
  given: UserOperation<"remove" | "disable" | "enable">,
  by: (user: UserRecord) => UserRecord | undefined,
): Promise<void> {
  await changeAll(await userFile(given), given.names, by);
}

/** Changes all of them or none. */
async function changeAll(
  file: UserFile,
  names: readonly string[],
  by: (user: UserRecord) => UserRecord | undefined,
): Promise<void> {
  await file.update((users) => {
    const chosen = new Set(names.map((name) => existing(users, name)));
    return changeUsers(users, chosen, by);
  });
}

function existing(users: readonly UserRecord[] | undefined, given: string): string {
  const name = checkUserName(given);
  if (users?.some((user) => user.name === name)) return name;
  throw new VpnError(`there is no user ${name}`, "look at vpn user list");
}

async function userFile(given: UserArguments): Promise<UserFile> {
  if (given.file !== undefined) return new UserFile(given.file);
  const directory = given.state ?? defaultStateDirectory;
  const found = await Deno.stat(directory).catch(() => undefined);
  if (!found?.isDirectory) {
    throw new VpnError(
      `there is no state directory ${directory}`,
      "start vpn serve once, or name one with --state, or a file with --file",
    );
  }
  return new UserFile(userFilePath(directory));
}

/** Never from the command line, which other programs can read. */
async function newPassword(name: string): Promise<string> {
  if (!canAsk()) {
    const password = await readSecretFromInput();
    checkNewPassword(password);
    return password;
  }
  const password = await ask({ prompt: `New password of ${name}:`, echo: false });
  checkNewPassword(password);
  if (await ask({ prompt: "The same again:", echo: false }) !== password) {
    throw new VpnError("the two passwords differ", "run the command again");
  }
  return password;
}

function showEnrolment(name: string, secret: string): void {
  const uri = totpUri("VPN", name, secret);
  const shown = Deno.stdout.isTerminal();
  if (shown) print(...terminalQrCode(uri, takesColours()), "");
  const how = shown ? "Scan this" : "Open this";
  print(`${how} with an authenticator program, or type the secret ${groups(secret)}`, uri);
}

function groups(secret: string): string {
  return secret.replace(/.{4}(?=.)/g, "$& ");
}

/** s since 1970. */
function now(): number {
  return Math.floor(Date.now() / 1000);
}
