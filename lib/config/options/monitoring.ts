/**
 * Watching a server: options of ours, which OpenVPN does not know. A file for both has them behind
 * `setenv opt`.
 *
 * @module
 */

import { isIP } from "node:net";
import type { AllowedNetwork } from "../monitoring_options.ts";
import { type OptionContext, rows } from "../option.ts";
import { listenAddress } from "./authority.ts";

/** Most networks in a list. */
const maximumNetworks = 256;

/** Metrics and the control socket. */
export const monitoringOptionRows = rows("monitoring", [
  {
    name: "metrics",
    usage: "PORT|HOST:PORT",
    summary: "Ours: figures for Prometheus by HTTP at /metrics; at 127.0.0.1 unless told otherwise",
    apply: (context, [text]) => {
      const { host = "127.0.0.1", port } = listenAddress(context, text);
      context.draft.monitoring.metrics = { host, port };
    },
  },
  {
    name: "metrics-allow",
    usage: "ADDRESS[/BITS]…",
    summary: "Ours: who may read these, from the portal too, without a token",
    apply: (context, words) => {
      const { allow } = context.draft.monitoring;
      allow.push(...words.map((word) => allowedNetwork(context, word)));
      if (allow.length > maximumNetworks) {
        context.fail(`more than ${maximumNetworks} networks`, "name larger ones");
      }
    },
  },
  {
    name: "control-socket",
    usage: "PATH|none",
    summary: "Ours: where vpn status, kick and top ask; control.sock of the state directory",
    apply: ({ draft }, [path]) => void (draft.monitoring.controlSocket = path),
  },
]);

function allowedNetwork(context: OptionContext, text: string): AllowedNetwork {
  const [network, bits, ...more] = text.split("/");
  const version = isIP(network);
  const longest = version === 4 ? 32 : 128;
  const prefixLength = bits === undefined ? longest : Number(bits);
  const wrong = version === 0 || network.includes("%") || more.length > 0 ||
    (bits !== undefined && !/^\d{1,3}$/.test(bits)) || prefixLength > longest;
  if (wrong) context.expected("an address or a network such as 10.1.0.0/16", text);
  return { network, prefixLength, family: version === 4 ? "ipv4" : "ipv6" };
}
