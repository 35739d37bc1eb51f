/**
 * `metrics`: the figures by HTTP at a place of their own, without the portal.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Registry } from "prom-client";
import { errorLine } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { ListenAddress } from "../../config/config.ts";
import { HttpListener } from "../authority/http_listener.ts";
import { LimitedLog } from "../control_protection/limited_log.ts";
import { reachableText } from "../listen_address.ts";
import type { AllowedAddresses } from "./allowed_addresses.ts";

/** Opens it. @throws {VpnError} when the address cannot be had. */
export async function openMetricsListener(
  address: ListenAddress,
  allowed: AllowedAddresses,
  registry: Registry,
  log: Log,
): Promise<HttpListener> {
  const refusals = new LimitedLog(log);
  const listener = await HttpListener.open(address, undefined, (request, response) => {
    void answer(request, response, { allowed, registry, log, refusals });
  });
  const place = { ...address, port: listener.port };
  log.at(1, `Metrics are at ${reachableText("http", place, "/metrics")}`);
  return listener;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { allowed, registry, log, refusals }: {
    readonly allowed: AllowedAddresses;
    readonly registry: Registry;
    readonly log: Log;
    readonly refusals: LimitedLog;
  },
): Promise<void> {
  const { method = "", url = "" } = request;
  const address = request.socket.remoteAddress ?? "";
  const refuse = (status: number, text: string, headers: Record<string, string> = {}) => {
    refusals.at(3, () => `metrics: ${address} ${method}: ${status} ${text}`);
    write(response, request, status, `${text}\n`, { ...headers, "Content-Type": "text/plain" });
  };
  if (!allowed.has(address)) return refuse(403, "not from this address");
  if (method !== "GET" && method !== "HEAD") {
    return refuse(405, "method not allowed", { Allow: "GET, HEAD" });
  }
  if (url.split("?")[0] !== "/metrics") return refuse(404, "not found");
  try {
    const text = await registry.metrics();
    write(response, request, 200, text, { "Content-Type": registry.contentType });
  } catch (error) {
    log.warn(`the metrics can't be taken: ${errorLine(error)}`);
    refuse(500, "internal error");
  }
}

function write(
  response: ServerResponse,
  request: IncomingMessage,
  status: number,
  text: string,
  headers: Record<string, string>,
): void {
  const body = new TextEncoder().encode(text);
  response.writeHead(status, {
    "Content-Length": String(body.length),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    // What was not read of a request must not be taken for the next one.
    ...request.complete ? {} : { Connection: "close" },
    ...headers,
  });
  response.end(request.method === "HEAD" ? undefined : body);
}
