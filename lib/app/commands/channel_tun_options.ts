/**
 * The options of a channel's IP tunnel, the same for both protocols.
 *
 * @module
 */

import { integer, message, multiple, object, option, optional, string } from "@optique/core";

/** The smallest MTU of IPv4 (RFC 791) and the longest packet, in bytes. */
const mtuRange = { min: 68, max: 65535 } as const;

/** Their parser. */
export const tunOptions = object("IP tunnel", {
  tun: multiple(option("--tun", string({ metavar: "ADDRESS/PREFIX" }), {
    description:
      message`Carry IP packets on a TUN device with this address; again for one of the other family.`,
  })),
  dev: optional(option("--dev", string({ metavar: "NAME" }), {
    description: message`The device's name. Default: the next free tunN.`,
  })),
  mtu: optional(option("--mtu", integer({ metavar: "BYTES", ...mtuRange }), {
    description: message`The device's MTU. Default: 1500.`,
  })),
});
