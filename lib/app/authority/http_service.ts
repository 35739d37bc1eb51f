/**
 * What the authority answers over HTTP and HTTPS.
 *
 * | path | answer |
 * |---|---|
 * | `/ca.der`, `/ca.pem` | the authority's certificate |
 * | `/crl.der`, `/crl.pem` | its newest revocation list |
 * | `/ocsp` (POST), `/ocsp/BASE64` (GET) | OCSP (RFC 6960 appendix A, RFC 5019) |
 * | `/get/TOKEN` | a profile, once; HTTPS only |
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import { errorLine } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Authority } from "../../pki/authority.ts";
import { authorityPaths } from "../../pki/authority_paths.ts";
import { certificatePem } from "../../pki/certificate.ts";
import { revocationListPem } from "../../pki/crl.ts";
import type { OcspAnswer, OcspResponder } from "../../pki/ocsp_responder.ts";
import { downloadPage, endedPage } from "./download_page.ts";
import { BodyTooLong, readBody } from "../request_body.ts";
import { tokenDigest } from "./links.ts";

/** Most octets of an OCSP request; one with a nonce and one certificate has about 120. */
const MAX_OCSP_REQUEST = 4096;
/** How long caches may keep an OCSP answer, seconds: not as long as it may be relied on. */
const OCSP_MAX_AGE = 300;
/** How long caches may keep the revocation list, seconds. */
const LIST_MAX_AGE = 300;
/** How long they may keep the authority's certificate, seconds. */
const CERTIFICATE_MAX_AGE = 86_400;

/** A request as this service needs it. */
export interface AuthorityRequest {
  readonly method: string;
  /** The path, without a query. */
  readonly path: string;
  readonly contentType: string | undefined;
  /** The whole target, for a redirection. */
  readonly target: string;
  readonly host: string | undefined;
  /** Reads a body of at most so many octets. @throws {BodyTooLong} */
  body(limit: number): Promise<Uint8Array>;
}

/** An answer before it is written. */
export interface AuthorityAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** See the module's page. */
export class HttpService {
  constructor(
    readonly authority: Authority,
    readonly responder: OcspResponder,
    readonly log: Log,
    /** Where else a request by HTTP belongs: the portal's address for that host and target. */
    readonly elsewhere: (host: string | undefined, target: string) => string | undefined = () =>
      undefined,
  ) {}

  /** Answers one request; `secure`: it came over HTTPS. */
  async handle(
    request: IncomingMessage,
    response: ServerResponse,
    secure: boolean,
  ): Promise<void> {
    let answer: AuthorityAnswer;
    try {
      const { method = "", url = "", headers } = request;
      answer = await this.answer({
        method,
        path: url.split("?")[0],
        target: url,
        host: headers.host,
        contentType: headers["content-type"],
        body: (limit) => readBody(request, limit),
      }, secure) ?? plain(404, "not found");
    } catch (error) {
      if (error instanceof BodyTooLong) answer = plain(413, "too long");
      else {
        this.log.warn(`a request to the authority failed: ${errorLine(error)}`);
        answer = plain(500, "internal error");
      }
    }
    const { status, headers, body = "" } = answer;
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
    response.writeHead(status, {
      "X-Content-Type-Options": "nosniff",
      // RFC 6797: over HTTPS only.
      ...secure ? { "Strict-Transport-Security": "max-age=31536000" } : {},
      "Content-Length": String(bytes.length),
      // What was not read of a request must not be taken for the next one.
      ...request.complete ? {} : { Connection: "close" },
      ...headers,
    });
    response.end(request.method === "HEAD" ? undefined : bytes);
  }

  /** The answer to a request; undefined where it is none for an authority. */
  async answer(request: AuthorityRequest, secure: boolean): Promise<AuthorityAnswer | undefined> {
    const { method, path } = request;
    if (path.startsWith(`${authorityPaths.ocsp}/`)) return await this.#ocspGet(method, path);
    if (path.startsWith(authorityPaths.downloads)) {
      return await this.#download(method, path.slice(authorityPaths.downloads.length), secure);
    }
    if (path === authorityPaths.ocsp) return await this.#ocspPost(request);
    const file = await this.#file(path);
    if (file === undefined) return secure ? undefined : this.#redirect(request);
    return method === "GET" || method === "HEAD" ? file : notAllowed("GET, HEAD");
  }

  #redirect({ host, target }: AuthorityRequest): AuthorityAnswer | undefined {
    const location = this.elsewhere(host, target);
    if (location === undefined) return undefined;
    return { ...plain(308, "the portal is at HTTPS"), headers: { Location: location } };
  }

  async #file(path: string): Promise<AuthorityAnswer | undefined> {
    const { certificate, index } = this.authority;
    const file = (type: string, body: string | Uint8Array, maxAge: number): AuthorityAnswer => ({
      status: 200,
      headers: { "Content-Type": type, "Cache-Control": `public, max-age=${maxAge}` },
      body,
    });
    switch (path) {
      // The media types of RFC 2585 section 4.
      case authorityPaths.certificateDer:
        return file("application/pkix-cert", certificate.raw, CERTIFICATE_MAX_AGE);
      case authorityPaths.certificatePem:
        return file("application/x-pem-file", certificatePem(certificate), CERTIFICATE_MAX_AGE);
      case authorityPaths.revocationListDer:
      case authorityPaths.revocationListPem: {
        const raw = await index.revocationList();
        if (raw === undefined) return undefined;
        return path === authorityPaths.revocationListDer
          ? file("application/pkix-crl", raw, LIST_MAX_AGE)
          : file("application/x-pem-file", revocationListPem({ raw }), LIST_MAX_AGE);
      }
      default:
        return undefined;
    }
  }

  async #ocspPost(request: AuthorityRequest): Promise<AuthorityAnswer> {
    if (request.method !== "POST") return notAllowed("POST");
    if (request.contentType !== "application/ocsp-request") {
      return plain(415, "application/ocsp-request is expected");
    }
    const body = await request.body(MAX_OCSP_REQUEST);
    return ocspAnswer(await this.responder.answer(body), false, this.authority.now);
  }

  async #ocspGet(method: string, path: string): Promise<AuthorityAnswer> {
    if (method !== "GET" && method !== "HEAD") return notAllowed("GET, HEAD");
    const request = decodeOcspPath(path.slice(authorityPaths.ocsp.length + 1));
    if (request === undefined || request.length > MAX_OCSP_REQUEST) {
      return plain(400, "this is no OCSP request");
    }
    return ocspAnswer(await this.responder.answer(request), true, this.authority.now);
  }

  async #download(method: string, token: string, secure: boolean): Promise<AuthorityAnswer> {
    const { authority } = this;
    const digest = tokenDigest(token);
    if (!secure) {
      // A private key is not given where others can read along.
      const base = await authority.index.setting("link-url");
      if (base === undefined || digest === undefined) return plain(403, "use HTTPS");
      return {
        status: 308,
        headers: { Location: `${base}${authorityPaths.downloads}${token}`, ...neverKept },
      };
    }
    if (method !== "GET" && method !== "HEAD" && method !== "POST") {
      return notAllowed("GET, HEAD, POST");
    }
    if (digest === undefined) return endedPage();
    if (method !== "POST") {
      // A button: programs that look at links for a preview must not use them up.
      const there = await authority.index.hasLink(digest, authority.now);
      return there ? downloadPage() : endedPage();
    }
    const link = await authority.index.takeLink(digest, authority.now);
    if (link === undefined) return endedPage();
    if (await authority.index.revocation(link.serial) !== undefined) return endedPage();
    this.log.at(1, `the profile ${link.fileName} (serial ${link.serial}) was downloaded`);
    return {
      status: 200,
      headers: {
        "Content-Type": "application/x-openvpn-profile",
        "Content-Disposition": `attachment; filename="${link.fileName}"`,
        ...neverKept,
      },
      body: link.content,
    };
  }
}

const neverKept = { "Cache-Control": "no-store", "Referrer-Policy": "no-referrer" };

function plain(status: number, text: string): AuthorityAnswer {
  return { status, headers: { "Content-Type": "text/plain; charset=utf-8" }, body: `${text}\n` };
}

function notAllowed(allowed: string): AuthorityAnswer {
  const answer = plain(405, "method not allowed");
  return { ...answer, headers: { ...answer.headers, Allow: allowed } };
}

/** The request in a path: base64, its reserved characters escaped (RFC 6960 appendix A.1). */
function decodeOcspPath(text: string): Uint8Array | undefined {
  try {
    const base64 = decodeURIComponent(text);
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
    return Uint8Array.fromBase64(base64);
  } catch {
    return undefined;
  }
}

/** With the headers of RFC 5019 section 6.2 where a cache may keep it. */
function ocspAnswer(answer: OcspAnswer, get: boolean, now: number): AuthorityAnswer {
  const type = { "Content-Type": "application/ocsp-response" };
  const { bytes: body, thisUpdate, nextUpdate } = answer;
  if (!get || !answer.successful || !answer.cacheable) {
    return { status: 200, headers: { ...type, "Cache-Control": "no-store" }, body };
  }
  const left = Math.max(0, Math.floor((nextUpdate - now) / 1000));
  const date = (time: number) => new Date(time).toUTCString();
  return {
    status: 200,
    headers: {
      ...type,
      "Cache-Control": `max-age=${
        Math.min(OCSP_MAX_AGE, left)
      }, public, no-transform, must-revalidate`,
      "Last-Modified": date(thisUpdate),
      "Expires": date(nextUpdate),
    },
    body,
  };
}
