/**
 * Small things from the authority's HTTP service: bounded in time and size.
 *
 * @module
 */

import { errorLine, VpnError } from "../../base/errors.ts";
import { readBody } from "../request_body.ts";

/** How long one download may take, ms. */
const TIMEOUT = 8_000;

/**
 * Gets what is at an address, or what it answers to `body`.
 *
 * @param limit In octets.
 * @param timeout For all of it, ms.
 * @throws {VpnError} naming the address.
 */
export async function download(
  url: string,
  limit: number,
  body?: { readonly type: string; readonly bytes: Uint8Array<ArrayBuffer> },
  timeout = TIMEOUT,
): Promise<Uint8Array> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.timeout(timeout),
      ...body === undefined ? {} : {
        method: "POST",
        headers: { "Content-Type": body.type },
        body: body.bytes,
      },
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new VpnError(`HTTP status ${response.status}`);
    }
    return response.body === null ? new Uint8Array() : await readBody(response.body, limit);
  } catch (cause) {
    const reason = cause instanceof DOMException && cause.name === "TimeoutError"
      ? `no answer within ${timeout / 1000} s`
      : errorLine(cause);
    throw new VpnError(`${url} cannot be had: ${reason}`, "check the address and the network", {
      cause,
    });
  }
}
