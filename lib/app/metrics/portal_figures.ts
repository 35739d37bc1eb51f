/**
 * What comes to the portal as metrics. Labels are bounded: none is a visitor's.
 *
 * @module
 */

import type { ListenerFigures } from "../portal/https_listener.ts";
import type { MetricDefinitions } from "./metric_definitions.ts";

/** Adds them. @param read Undefined: there is no portal, and no sample. */
export function registerPortalFigures(
  { gauge, counter }: MetricDefinitions,
  read: () => ListenerFigures | undefined,
): void {
  gauge("vpn_portal_connections", "Connections of the portal", () => read()?.connections);
  counter(
    "vpn_portal_refused_connections_total",
    "Connections of the portal that were ended for want of room",
    () => read()?.refusedConnections,
  );
  counter(
    "vpn_portal_accept_pauses_total",
    "How often the portal left connections to the kernel for a while",
    () => read()?.pauses,
  );
  counter(
    "vpn_portal_tls_handshakes_total",
    "TLS handshakes that the portal began",
    () => read()?.handshakes,
  );
  counter(
    "vpn_portal_requests_total",
    "Requests that the portal began to work on, by who asked",
    () => read()?.requests,
    "payer",
  );
  counter(
    "vpn_portal_delayed_total",
    "Handshakes and requests of the portal that had to wait for their turn",
    () => read()?.delayed,
  );
}
