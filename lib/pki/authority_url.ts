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

/**
 * The URL that download links are below. Only HTTPS: a private key comes by it.
 *
 * @throws {VpnError} when it is none.
 */
export function checkedLinkUrl(text: string): string {
  const url = checkedAuthorityUrl(text);
  if (url.startsWith("https:")) return url;
  throw new VpnError(`"${text}" is not HTTPS`, "give the address of vpn serve --https");
}
