/**
 * `vpn pki link`.
 *
 * @module
 */

import type { PkiOperation } from "../commands/pki_options.ts";
import { LINK_HOURS, makeLink } from "./links.ts";
import { openAuthorityOf } from "./opened.ts";
import { type OutputFile, writeOutputFiles } from "./output_files.ts";
import { parseRemote } from "./remote.ts";
import { print, printJson, takesColours } from "./terminal.ts";

/** Makes a link by which a profile is downloaded once. */
export async function link(given: PkiOperation<"link">): Promise<void> {
  const { nameOrSerial, system, hours = LINK_HOURS, png, svg } = given;
  using authority = await openAuthorityOf(given);
  const { url, expiresAt } = await makeLink(
    authority,
    {
      nameOrSerial,
      system,
      hours,
      remote: given.remote === undefined ? undefined : parseRemote(given.remote),
    },
    await authority.index.setting("link-url"),
  );
  const pictures: OutputFile[] = [];
  if (png !== undefined || svg !== undefined) {
    const { qrPng, qrSvg } = await import("./qr_picture.ts");
    if (png !== undefined) pictures.push({ path: png, content: qrPng(url), secret: true });
    if (svg !== undefined) pictures.push({ path: svg, content: qrSvg(url), secret: true });
  }
  if (given.qr && !given.json) {
    const { terminalQrCode } = await import("../qr_code.ts");
    print(...terminalQrCode(url, takesColours()), "");
  }
  await writeOutputFiles(pictures, given.force);
  if (given.json) return printJson({ url, expiresAt: new Date(expiresAt).toISOString() });
  print(url, "", `Good once, until ${new Date(expiresAt).toISOString()}. Who has it has the key.`);
}
