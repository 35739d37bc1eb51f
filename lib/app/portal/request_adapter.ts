/**
 * Requests of Node's servers as the application takes them, and its answers back.
 *
 * @module
 */

import type { TLSSocket } from "node:tls";
import { errorLine } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { withinRequest } from "../../base/tracing.ts";
import type { PortalApplication, RequestConnection } from "../../portal/environment.ts";
import { isPlainTarget } from "../../portal/request_target.ts";
import { securityHeaders } from "../../portal/security_headers.ts";
import { BodyTooLong, readBody } from "../request_body.ts";
import type { NodeRequest, NodeResponse, RequestHandler } from "./https_listener.ts";

/** Most octets of a request's body. */
const maximumBody = 65_536;

const methods: ReadonlySet<string> = new Set([
  ...["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
]);

/** A request that the application does not get to see. */
class Unacceptable extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

/** Hands requests to the application. */
export function requestHandler(
  app: PortalApplication,
  log: Log,
  refused: (line: () => string) => void,
): RequestHandler {
  return async (request, response, progress) => {
    const connection = connectionOf(request);
    try {
      const forwarded = await webRequest(request);
      progress.whole();
      const answer = await withinRequest(response, () => app.fetch(forwarded, { connection }));
      progress.answering(isEventStream(answer));
      await send(answer, response, request.method === "HEAD");
    } catch (error) {
      progress.answering(false);
      const known = error instanceof BodyTooLong
        ? new Unacceptable(413, "the request is too long")
        : error;
      if (!(known instanceof Unacceptable)) {
        log.warn(`portal: a request failed: ${errorLine(error)}`);
      }
      const { status, message } = known instanceof Unacceptable
        ? known
        : { status: 500, message: "something went wrong here" };
      refused(() => `portal: ${connection.address} - ${request.method}: ${status} ${message}`);
      refuse(response, status, message);
    }
  };
}

function isEventStream(answer: Response): boolean {
  return answer.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
}

function connectionOf(request: NodeRequest): RequestConnection {
  const socket = (isHttp2(request) ? request.stream.session?.socket : request.socket) as
    | TLSSocket
    | undefined;
  return {
    address: socket?.remoteAddress?.replace(/^::ffff:(?=\d+\.)/i, "") ?? "",
    httpVersion: isHttp2(request) ? "2" : request.httpVersion,
    tlsVersion: socket?.getProtocol() ?? undefined,
    tlsCipher: socket?.getCipher()?.standardName,
  };
}

function isHttp2(request: NodeRequest): request is Extract<NodeRequest, { stream: unknown }> {
  return request.httpVersionMajor === 2;
}

async function webRequest(request: NodeRequest): Promise<Request> {
  const { method = "", url = "" } = request;
  if (!methods.has(method)) throw new Unacceptable(405, "there is no such method");
  if (!isPlainTarget(url)) throw new Unacceptable(400, "the path is malformed");
  const authority = request.headers[":authority"] ?? request.headers.host;
  if (typeof authority !== "string" || !/^[A-Za-z0-9._:[\]-]{1,300}$/.test(authority)) {
    throw new Unacceptable(400, "the host is missing or malformed");
  }
  const address = `https://${authority}${url}`;
  if (!URL.canParse(address)) throw new Unacceptable(400, "the host is malformed");
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (name.startsWith(":") || value === undefined) continue;
    // Cookies may come in several fields over HTTP/2 (RFC 9113, section 8.2.3).
    const joined = Array.isArray(value) ? value.join(name === "cookie" ? "; " : ", ") : value;
    headers.set(name, joined);
  }
  if (method === "GET" || method === "HEAD") return new Request(address, { method, headers });
  const body = await readBody(request as AsyncIterable<Uint8Array>, maximumBody);
  return new Request(address, { method, headers, ...body.length > 0 && { body } });
}

async function send(answer: Response, response: NodeResponse, headOnly: boolean): Promise<void> {
  const headers: Record<string, string | string[]> = Object.fromEntries(answer.headers);
  const cookies = answer.headers.getSetCookie();
  if (cookies.length > 0) headers["set-cookie"] = cookies;
  if (headOnly || answer.body === null || !isEventStream(answer)) {
    const body = answer.body === null ? new Uint8Array() : await answer.bytes();
    const empty = answer.status === 204 || answer.status === 304;
    if (!empty) headers["content-length"] = String(body.length);
    response.writeHead(answer.status, headers);
    if (headOnly || empty) response.end();
    else response.end(body);
    return;
  }
  response.writeHead(answer.status, headers);
  await sendEvents(answer.body, response);
}

/** Events as they come, as fast as they are taken. */
async function sendEvents(body: ReadableStream<Uint8Array>, response: NodeResponse): Promise<void> {
  const reader = body.getReader();
  const gone = new Promise<void>((resolve) => response.once("close", resolve));
  let open = true;
  void gone.then(async () => {
    open = false;
    await reader.cancel().catch(() => {});
  });
  // The two versions' types have no `write` in common.
  const sink = response as ServerSink;
  while (open) {
    const { done, value } = await reader.read();
    if (done) break;
    if (sink.write(value)) continue;
    await Promise.race([gone, new Promise<void>((resolve) => response.once("drain", resolve))]);
  }
  if (open) response.end();
}

interface ServerSink {
  write(chunk: Uint8Array): boolean;
}

function refuse(response: NodeResponse, status: number, message: string): void {
  if (response.headersSent) return void response.end();
  response.writeHead(status, {
    ...securityHeaders,
    "content-type": "text/plain; charset=utf-8",
    "cache-control": "no-store",
  });
  response.end(`${message}\n`);
}
