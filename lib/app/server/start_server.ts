/**
 * Starts a server as its configuration describes it.
 *
 * @module
 */

import type { Log } from "../../base/log.ts";
import type { LoadedFiles, ServerConfig } from "../../config/mod.ts";
import { CertificateEnds } from "../certificate_ends.ts";
import { openAuthorityService } from "../authority/open_service.ts";
import { clientKeyVerification } from "../control_protection/client_key_verification.ts";
import { serverControlWrap } from "../control_protection/control_wrap.ts";
import { TerminalPrompt } from "../client/terminal_prompt.ts";
import { serverReport } from "../control_socket/server_report.ts";
import { openMetrics } from "../metrics/open_metrics.ts";
import { loadCredentials } from "../credentials.ts";
import { formatServerStatus } from "../status/server_status.ts";
import type { Tunnel, TunnelEnd } from "../tunnel.ts";
import type { TunnelHooks } from "../tunnel_hooks.ts";
import { programsOf, verifyProgramOf } from "../programs/programs_of.ts";
import type { OpenPortal } from "../portal/open_portal.ts";
import { openLogin } from "../users/open_login.ts";
import { TunnelPrograms } from "../programs/tunnel_programs.ts";
import { defaultGateways } from "../../net/default_gateways.ts";
import { describeRoutes } from "../tunnel_description.ts";
import { Server } from "./server.ts";

/** See `startTunnel`. */
export async function startServer(
  config: ServerConfig,
  files: LoadedFiles,
  log: Log,
  { observer, deciders, lastStep, processLog, logTail }: TunnelHooks,
): Promise<Tunnel> {
  observer.state({ name: "CONNECTING" });
  const ended = Promise.withResolvers<TunnelEnd>();
  const programs = programsOf(config, log);
  await using opened = new AsyncDisposableStack();
  const login = opened.use(await openLogin({ config, files, programs, log, deciders }));
  const { credentials, trust } = await loadCredentials({
    ...{ peer: "client", tls: config.tls, files, log },
    verifyProgram: verifyProgramOf(config, programs, log),
    passphrase: () => new TerminalPrompt(log).passphrase(),
  });
  let portal: OpenPortal | undefined;
  opened.use(
    await openAuthorityService(
      config,
      files,
      log,
      (host, target) => portal?.elsewhere(host, target),
    ),
  );
  const ends = opened.use(new CertificateEnds(config.tls, files, log));
  const server = await Server.start({
    config,
    credentials: { ...credentials, clientCertificate: config.verifyClientCert },
    ...serverControlWrap(config, files, log),
    clientKeyVerification: clientKeyVerification(config, programs),
    trust,
    log,
    programs,
    loginStep: login.step,
    lastStep,
    failed: (error) => ended.resolve({ reason: "failure", error }),
  });
  const tunnelPrograms = new TunnelPrograms(config, programs, observer);
  try {
    const { mtu: { tunMtu: mtu }, network } = config;
    const routes = await describeRoutes(network, {}, log);
    const name = programs.described("dev") ?? "";
    await tunnelPrograms.up({ name, mtu, network, routes, gateways: defaultGateways() });
    if (!network.routeNoexec) server.addRoutes(routes);
    await tunnelPrograms.routesAdded();
    log.at(0, "Initialization Sequence Completed");
    const source = {
      figures: () => server.figures(),
      ends: () => ends.ends(),
      portal: () => portal?.figures(),
      yieldWorker: () => server.yieldWorker(),
    };
    const metrics = opened.use(await openMetrics(config, source, log));
    if (config.portal !== undefined && processLog !== undefined && logTail !== undefined) {
      const { openPortal } = await import("../portal/open_portal.ts");
      const routes = [metrics.route];
      const options = { config, files, server, log: processLog, tail: logTail, routes };
      portal = opened.use(await openPortal(options));
    }
  } catch (error) {
    await tunnelPrograms.closing();
    await server.stop();
    await tunnelPrograms.closed();
    throw error;
  }
  const resources = opened.move();
  const { ifconfig, ifconfigIpv6 } = config.network;
  const addresses = { ipv4: ifconfig?.local, ipv6: ifconfigIpv6?.local };
  observer.state({ name: "ASSIGN_IP", ...addresses });
  observer.state({ name: "CONNECTED", detail: "SUCCESS", ...addresses });
  const control = server.control();
  return {
    ended: ended.promise,
    status: (version = config.log.statusVersion) => formatServerStatus(server.status(), version),
    traffic: () => control.totalTraffic(),
    server: control,
    report: () => serverReport(server.status(), server.figures()),
    reconnect: () => false,
    stop: async (reason) => {
      observer.state({ name: "EXITING", detail: reason });
      await tunnelPrograms.closing();
      await server.stop();
      await tunnelPrograms.closed();
      await resources.disposeAsync();
      ended.resolve({ reason });
    },
  };
}
