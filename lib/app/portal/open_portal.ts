/**
 * Opens the portal of a server.
 *
 * @module
 */

import { join } from "node:path";
import { writeFileAtomically } from "../../base/atomic_file.ts";
import { errorLine } from "../../base/errors.ts";
import type { ProcessLog } from "../../base/log.ts";
import type { LoadedFiles, ServerConfig } from "../../config/mod.ts";
import { Authority } from "../../pki/authority.ts";
import { fileExists } from "../../pki/directory_access.ts";
import { OcspResponder } from "../../pki/ocsp_responder.ts";
import { stateFiles } from "../../pki/state_files.ts";
import { PortalAccess } from "../../portal/access.ts";
import { portalAccounts } from "../../portal/accounts.ts";
import { apiTokenPath, ApiTokens } from "../../portal/api_tokens.ts";
import { portalApplication } from "../../portal/application.ts";
import { HostNames } from "../../portal/host_names.ts";
import { errorPage, registerPages } from "../../portal/pages/mod.ts";
import type { PortalRoute } from "../../portal/parts.ts";
import { recognizer } from "../../portal/recognize.ts";
import { ChangeQueue } from "../../portal/revision.ts";
import { SetupToken } from "../../portal/setup.ts";
import { UserDirectory, UserFile, userFilePath, UserLogin } from "../../users/mod.ts";
import { CertificateRenewal } from "../authority/certificate_renewal.ts";
import { HttpService } from "../authority/http_service.ts";
import { LimitedLog } from "../control_protection/limited_log.ts";
import { addressText } from "../listen_address.ts";
import type { LogTail } from "../log/log_tail.ts";
import type { Server } from "../server/server.ts";
import { authorityAnswer } from "./authority_answer.ts";
import { announceSetup, removeIfThere, urlHost } from "./first_start.ts";
import { portalHosts } from "./host_list.ts";
import { HttpsListener, type ListenerFigures } from "./https_listener.ts";
import { portalCertificate } from "./portal_certificate.ts";
import { protection } from "./protection.ts";
import { requestHandler } from "./request_adapter.ts";
import { ServerService } from "./server_service.ts";

/** What it is opened with. */
export interface PortalOptions {
  readonly config: ServerConfig;
  readonly files: LoadedFiles;
  readonly server: Server;
  readonly log: ProcessLog;
  readonly tail: LogTail;
  /** Besides its own: metrics. */
  readonly routes: readonly PortalRoute[];
}

/** A portal that is open. */
export interface OpenPortal extends AsyncDisposable {
  /** Where a request by HTTP to that host belongs; undefined: the portal has no such name. */
  elsewhere(host: string | undefined, target: string): string | undefined;
  /** What came until now. */
  figures(): ListenerFigures;
}

/** How often the OCSP responder's certificate is looked at, ms. */
const interval = 3_600_000;

/** The file of the one-time token, in the state directory. */
const setupTokenFile = "portal-setup-token";

/**
 * Opens it.
 *
 * @throws {VpnError} naming what can't be had; nothing stays open.
 */
export async function openPortal(options: PortalOptions): Promise<OpenPortal> {
  const { config, files, server, log, tail, routes } = options;
  const portal = config.portal!;
  const state = config.process.state!;
  await using opened = new AsyncDisposableStack();

  const authority = await openAuthority(config, files);
  if (authority !== undefined) opened.use(authority);
  const responder = authority && new OcspResponder(authority);
  const hosts = portalHosts(portal, await authority?.index.setting("remote"));

  const certificates = await portalCertificate(portal, files, authority, hosts);
  let { current } = certificates;
  for (const line of await responder?.maintain() ?? []) log.at(3, line);

  const file = new UserFile(userFilePath(state));
  const directory = await UserDirectory.open(file.path);
  directory.watch({
    revoked: () => {}, // Sessions look at the directory with each request.
    reloaded: () => {},
    unusable: (reason) => log.warn(`portal: the users stay as they were: ${reason}`),
  });
  opened.defer(() => directory.close());

  const administrators = directory.users.some(({ role, disabled }) =>
    role === "admin" && !disabled
  );
  const setupPath = join(state, setupTokenFile);
  const setup = administrators ? undefined : SetupToken.make();
  const login = new UserLogin(directory);
  const access = new PortalAccess({
    directory,
    file,
    login,
    setupToken: setup?.token,
    onSetUp: () => {
      log.at(1, "portal: the first administrator is set up");
      void removeIfThere(setupPath).catch(() => {});
    },
  });

  let port = portal.address.port;
  const url = () => `https://${urlHost(hosts[0])}${port === 443 ? "" : `:${port}`}`;
  const service = opened.use(
    new ServerService({
      ...{ config, server, authority, log, tail, url },
      protection: () =>
        protection({
          chain: current.certificate,
          authority,
          responder: portal.certificate === undefined ? responder : undefined,
          renegotiateAfter: config.tls.renegSec,
        }),
    }),
  );

  const names = new HostNames(hosts);
  const limited = new LimitedLog(log);
  const refused = (line: () => string) => limited.at(1, line);
  const http = authority && responder && new HttpService(authority, responder, log);
  const tokens = new ApiTokens(apiTokenPath(state));
  const app = portalApplication({
    service,
    access,
    accounts: portalAccounts({ file, directory, login, sessions: access.sessions, url }),
    tokens,
    hosts: names,
    changes: new ChangeQueue(),
    log,
    refused,
    open: http && authorityAnswer(http),
    routes: [registerPages, ...routes],
    errorPage,
  });
  const handler = requestHandler(app, log, refused);
  const listener = opened.use(
    await HttpsListener.open({
      ...{ address: portal.address, certificate: current, handler },
      recognize: recognizer(access.sessions, tokens),
    }),
  );
  port = listener.port;
  log.at(1, `The portal is at ${url()} (${addressText({ ...portal.address, port })})`);
  if (setup !== undefined) {
    await writeFileAtomically(setupPath, `${setup.text}\n`, 0o600);
    announceSetup(`${url()}/setup`, setup.text, setupPath);
    log.at(1, `The portal has no administrator: open ${url()}/setup; the token is in ${setupPath}`);
    opened.defer(() => removeIfThere(setupPath));
  }

  opened.use(
    new CertificateRenewal({
      source: certificates,
      owner: "The portal",
      use: (certificate) => {
        listener.use(certificate);
        current = certificate;
      },
      log,
    }),
  );
  const timer = setInterval(async () => {
    try {
      await responder?.maintain();
    } catch (error) {
      log.warn(`portal: the OCSP responder's certificate stays as it is: ${errorLine(error)}`);
    }
  }, interval);
  opened.defer(() => clearInterval(timer));

  const resources = opened.move();
  return {
    elsewhere: (host, target) => {
      if (!names.includes(host)) return undefined;
      const name = host!.replace(/:\d{1,5}$/, "");
      return `https://${name}${port === 443 ? "" : `:${port}`}${target}`;
    },
    figures: () => listener.figures,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function openAuthority(
  { authority, process }: ServerConfig,
  files: LoadedFiles,
): Promise<Authority | undefined> {
  const state = process.state!;
  if (!fileExists(stateFiles(state).caCertificate)) return undefined;
  const file = authority?.passphraseFile;
  const [passphrase] = file === undefined ? [] : files.text(file).split(/\r?\n/);
  const source = passphrase === undefined ? undefined : () => passphrase;
  return await Authority.open(state, { passphrase: source });
}
