/**
 * `--help` among OpenVPN's options: what each of them does here.
 *
 * @module
 */

import { optionHelp } from "../../config/help.ts";
import { print } from "../authority/terminal.ts";

/** Prints it. */
export function printHelp(): void {
  print(
    "vpn --config FILE [--OPTION PARAMETER …] …   runs a server or client as OpenVPN does",
    "vpn --help                                   the commands that are ours",
    "",
    ...optionHelp(),
  );
}
