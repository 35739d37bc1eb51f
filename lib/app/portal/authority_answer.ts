/**
 * What the authority answers, at the portal as well: its certificate, its list, OCSP, and downloads
 * by link.
 *
 * @module
 */

import { authorityPaths } from "../../pki/authority_paths.ts";
import type { PortalContext } from "../../portal/environment.ts";
import { BodyTooLong } from "../request_body.ts";
import type { HttpService } from "../authority/http_service.ts";

/** Answers where the path is the authority's. */
export function authorityAnswer(
  service: HttpService,
): (context: PortalContext) => Promise<Response | undefined> {
  return async (context) => {
    const { req } = context;
    if (!isAuthorityPath(req.path)) return undefined;
    const answer = await service.answer({
      method: req.method,
      path: req.path,
      target: req.path,
      host: req.header("host"),
      contentType: req.header("content-type"),
      body: async (limit) => {
        const body = new Uint8Array(await req.arrayBuffer());
        if (body.length > limit) throw new BodyTooLong(limit);
        return body;
      },
    }, true);
    if (answer === undefined) return undefined;
    const { status, headers, body } = answer;
    return new Response(typeof body === "string" ? body : body?.slice(), { status, headers });
  };
}

function isAuthorityPath(path: string): boolean {
  return Object.values(authorityPaths).some((own) => path === own) ||
    path.startsWith(authorityPaths.downloads) || path.startsWith(`${authorityPaths.ocsp}/`);
}
