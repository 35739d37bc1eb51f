/**
 * The portal: options of ours, which OpenVPN does not know. A file for both has them behind
 * `setenv opt`.
 *
 * @module
 */

import { rows } from "../option.ts";
import { listenAddress } from "./authority.ts";

/** Where the portal listens unless told otherwise: on this machine alone. */
const defaultAddress = "127.0.0.1:8443";

/** The portal. */
export const portalOptionRows = rows("authority", [
  {
    name: "portal",
    usage: "[PORT|HOST:PORT]",
    summary: `Ours: the web portal by HTTPS; at ${defaultAddress} unless told otherwise`,
    apply: (context, [address = defaultAddress]) =>
      void (context.draft.portal.address = listenAddress(context, address)),
  },
  {
    name: "portal-cert",
    usage: "FILE",
    summary: "Ours: the portal's certificate; issued by the state directory's CA by default",
    apply: (context, [path]) => void (context.draft.portal.certificate = context.file(path)),
  },
  {
    name: "portal-key",
    usage: "FILE",
    summary: "Ours: the private key for portal-cert",
    apply: (context, [path]) => void (context.draft.portal.key = context.file(path)),
  },
  {
    name: "portal-host",
    usage: "NAME…",
    summary: "Ours: further host names and addresses that the portal is reached by",
    apply: (context, names) => {
      for (const name of names) {
        if (!/^[A-Za-z0-9._-]{1,253}$|^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/.test(name)) {
          context.expected("host names and addresses", name);
        }
      }
      context.draft.portal.hosts.push(...names);
    },
  },
]);
