/**
 * The address that an authority answers at.
 *
 * @module
 */

import { VpnError } from "../base/errors.ts";

/**
 * An authority's URL, ready to have paths added.
 *
 * @throws {VpnError} when it is none.
 */
export function checkedAuthorityUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const plain = url !== undefined && /^https?:$/.test(url.protocol) && url.search === "" &&
    url.hash === "" && url.username === "" && url.password === "";
  if (!plain || url.href.length > 512) {
    throw new VpnError(
      `"${text}" is no address of an authority`,
      "give one like http://vpn.example:8080, without a query",
    );
  }
  return url.href.replace(/\/+$/, "");
}
