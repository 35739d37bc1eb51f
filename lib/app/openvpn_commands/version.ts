/**
 * `--version`: what this is, and with which libraries.
 *
 * @module
 */

import { IpsecMb, IpsecMbUnavailable, LibCrypto } from "deno-tun";
import { programVersion } from "../../base/version.ts";
import { print } from "../authority/terminal.ts";

/** What the data channel's engines are made of, the quickest first. */
function libraries(): string[] {
  const found: string[] = [];
  try {
    found.push(`ipsec-mb ${IpsecMb.open().version}`);
  } catch (error) {
    if (!(error instanceof IpsecMbUnavailable)) throw error;
  }
  const libcrypto = LibCrypto.open();
  if (libcrypto !== undefined) found.push(libcrypto.version);
  return [...found, "WebCrypto"];
}

/** Prints it. */
export function printVersion(): void {
  const { arch, os } = Deno.build;
  print(
    `vpn ${programVersion} ${arch}-${os} [EPOLL] [AEAD], compatible with OpenVPN 2.6`,
    `on Deno ${Deno.version.deno} (V8 ${Deno.version.v8})`,
    `data channel: ${libraries().join(", ")}`,
  );
}
