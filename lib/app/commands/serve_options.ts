/**
 * What `vpn serve` takes.
 *
 * @module
 */

import { command, constant, message, object, option, optional, string } from "@optique/core";
import { path } from "@optique/run";
import { openvpnOptions } from "./openvpn_options.ts";
import { stateDirectory } from "./shared_options.ts";

/** The parser of its command line. */
export const serveCommand = command(
  "serve",
  object({
    action: constant("serve"),
    config: optional(option("--config", path({ metavar: "FILE" }), {
      description:
        message`An OpenVPN server configuration. Without it: server.conf of the state directory.`,
    })),
    state: stateDirectory,
    publicAddress: optional(option("--public-address", string({ metavar: "HOST" }), {
      description:
        message`The address that clients reach this server by, for the first client's profile.`,
    })),
    exit: option("--exit", {
      description:
        message`Send the clients' Internet traffic on from here, with this machine's address.`,
    }),
    out: optional(option("--out", string({ metavar: "DEVICE" }), {
      description: message`With --exit: the only interface by which that traffic may leave.`,
    })),
    http: optional(option("--http", string({ metavar: "[HOST:]PORT" }), {
      description: message`Answer with revocation list, OCSP and CA certificate by HTTP there.`,
    })),
    https: optional(option("--https", string({ metavar: "[HOST:]PORT" }), {
      description: message`The same by HTTPS, and give out profiles by the links of vpn pki link.`,
    })),
    metrics: optional(option("--metrics", string({ metavar: "[HOST:]PORT" }), {
      description: message`Figures for Prometheus by HTTP there, at /metrics.`,
    })),
    options: openvpnOptions,
  }),
  {
    description:
      message`Run a server; the first start makes its state directory. With --portal [HOST:PORT] it has a web portal, at 127.0.0.1:8443 by default.`,
  },
);
