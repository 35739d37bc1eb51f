/**
 * What stands behind `AUTH_FAILED,`, as far as the client understands it.
 *
 * @module
 */

import { IvProto, type PeerInfo, protocolFlags } from "../../wire/peer_info.ts";

/** "Not now": `TEMP[…]` with the seconds to wait where the client knows that, else nothing. */
export function temporaryFailure(
  peerInfo: PeerInfo,
  seconds: number,
  reason: string,
): string | undefined {
  if ((protocolFlags(peerInfo) & IvProto.AUTH_FAIL_TEMP) === 0) return undefined;
  return `TEMP[backoff ${seconds},advance no]:${reason}`;
}

/** What a program wrote, cut to what fits into a control message and without what must not be. */
export function failureText(peerInfo: PeerInfo, text: string): string | undefined {
  const [line] = text.split("\n");
  // deno-lint-ignore no-control-regex -- a client drops messages that have any
  const plain = line.replace(/[\x00-\x1f\x7f]/g, "").slice(0, longestText);
  if (plain === "") return undefined;
  const temporary = plain.startsWith("TEMP");
  const understood = (protocolFlags(peerInfo) & IvProto.AUTH_FAIL_TEMP) !== 0;
  return temporary && !understood ? undefined : plain;
}

/** Characters; a message has 1,024 bytes (OpenVPN's PUSH_BUNDLE_SIZE). */
const longestText = 255;
