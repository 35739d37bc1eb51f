/**
 * A portal in memory, with an administrator `root` (one-time codes) and a user `alice` (none).
 *
 * @module
 */

import { join } from "node:path";
import type { Log } from "../../../lib/base/log.ts";
import { PortalAccess } from "../../../lib/portal/access.ts";
import { portalAccounts } from "../../../lib/portal/accounts.ts";
import { apiTokenPath, ApiTokens } from "../../../lib/portal/api_tokens.ts";
import { portalApplication } from "../../../lib/portal/application.ts";
import type { PortalApplication } from "../../../lib/portal/environment.ts";
import { HostNames } from "../../../lib/portal/host_names.ts";
import { logIn } from "../../../lib/portal/identify.ts";
import type { PortalParts } from "../../../lib/portal/parts.ts";
import { NewPasswords } from "../../../lib/portal/new_passwords.ts";
import { ChangeQueue } from "../../../lib/portal/revision.ts";
import type { SetupToken } from "../../../lib/portal/setup.ts";
import { UserDirectory, UserFile, UserLogin, type UserRecord } from "../../../lib/users/mod.ts";
import { TemporaryDirectory } from "../../harness/directory.ts";
import { MemoryService } from "./memory_service.ts";

/** Where it is called. */
export const portalOrigin = "https://portal.example:8443";
/** The password of both users. */
export const portalPassword = "correct horse battery";
/** RFC 6238's secret of appendix B. */
export const portalSecret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/** A scrypt hash is not what is tested here: this one says the password itself. */
const hash = "$scrypt$ln=15,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + "A".repeat(43);

/** The hash of every new password. */
const newHash = hash.replaceAll("A", "B");

/** What is not as usual. */
export interface TestPortalOptions {
  readonly users?: readonly UserRecord[];
  readonly setupToken?: SetupToken;
  readonly routes?: PortalParts["routes"];
  readonly errorPage?: PortalParts["errorPage"];
  readonly service?: MemoryService;
  readonly hosts?: readonly string[];
}

/** See the module's page. */
export class TestPortal implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly app: PortalApplication;
  #hold:
    | { readonly begun: PromiseWithResolvers<void>; readonly end: PromiseWithResolvers<void> }
    | undefined;

  private constructor(
    readonly directory: TemporaryDirectory,
    readonly access: PortalAccess,
    readonly tokens: ApiTokens,
    readonly users: UserDirectory,
    readonly file: UserFile,
    login: UserLogin,
    readonly service: MemoryService,
    { routes, errorPage, hosts = ["portal.example"] }: TestPortalOptions,
  ) {
    const log = linesLog(this.lines);
    this.app = portalApplication({
      service: this.service,
      access,
      accounts: portalAccounts({
        ...{ file, login, directory: users, sessions: access.sessions },
        url: () => portalOrigin,
        passwords: new NewPasswords(async () => {
          this.#hold?.begun.resolve();
          await this.#hold?.end.promise;
          return newHash;
        }),
      }),
      tokens,
      hosts: new HostNames(hosts),
      log,
      changes: new ChangeQueue(),
      refused: (line) => this.lines.push(line()),
      routes: [
        (app, parts) =>
          void app.get("/test-login/:name", (context) => {
            const user = users.find(context.req.param("name"))!;
            return context.text(logIn(context, parts, user).csrfToken);
          }),
        ...routes ?? [],
      ],
      ...errorPage !== undefined && { errorPage },
    });
  }

  static async open(
    options: TestPortalOptions = {},
  ): Promise<TestPortal> {
    const directory = await TemporaryDirectory.create();
    const file = new UserFile(join(directory.path, "users.json"));
    await file.update(() => options.users ?? [admin, user]);
    const users = await UserDirectory.open(file.path);
    const right = (password: string) => Promise.resolve(password === portalPassword);
    const login = new UserLogin(users, {}, right);
    const access = new PortalAccess({ directory: users, file, login, ...options });
    const tokens = new ApiTokens(apiTokenPath(directory.path));
    const service = options.service ?? new MemoryService();
    return new TestPortal(directory, access, tokens, users, file, login, service, options);
  }

  /** New passwords are hashed no further than their beginning, until they may go on. */
  holdHashes(): { readonly begun: Promise<void>; readonly goOn: () => void } {
    const [begun, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    this.#hold = { begun, end };
    return { begun: begun.promise, goOn: end.resolve };
  }

  /** Sends a request; paths are below the portal's origin. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const url = path.startsWith("https:") ? path : `${portalOrigin}${path}`;
    return await this.app.fetch(new Request(url, init), {
      connection: { address: "192.0.2.9", httpVersion: "2", tlsVersion: "TLSv1.3" },
    });
  }

  /** The headers of somebody who is logged in, with what a form of ours would send. */
  async loggedIn(name: "root" | "alice"): Promise<Record<string, string>> {
    const response = await this.fetch(`/test-login/${name}`);
    const [cookie] = response.headers.getSetCookie()[0].split(";");
    return { cookie, origin: portalOrigin, "x-csrf-token": await response.text() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.directory[Symbol.asyncDispose]();
  }
}

/** Its administrator, who logs in by {@linkcode portalPassword}. */
export const admin: UserRecord = {
  name: "root",
  role: "admin",
  disabled: false,
  password: hash,
  passwordSet: 0,
  totp: { secret: portalSecret, lastUsed: 0 },
};
const { totp: _, ...withoutCodes } = admin;
const user: UserRecord = { ...withoutCodes, name: "alice", role: "user" };

function linesLog(lines: string[]): Log {
  return {
    verb: 4,
    error: (line) => void lines.push(line),
    warn: (line) => void lines.push(line),
    at: (_verb, line) => void lines.push(line),
    prefixed: () => linesLog(lines),
  };
}
