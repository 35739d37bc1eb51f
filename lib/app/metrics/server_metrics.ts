/**
 * A server's figures as metrics: names, units and labels. Labels are bounded: there is none of a
 * client, since clients come and go and each would leave a series behind.
 *
 * Names and units follow Prometheus's "Metric and label naming"; all are taken when somebody asks.
 *
 * @module
 */

import { Registry } from "prom-client";
import { programVersion } from "../../base/version.ts";
import type { CertificateEnd } from "../certificate_ends.ts";
import type { ListenerFigures } from "../portal/https_listener.ts";
import type { ServerFigures } from "../server/server_figures.ts";
import { metricDefinitions, type Values } from "./metric_definitions.ts";
import { registerPortalFigures } from "./portal_figures.ts";
import { registerProcessMetrics } from "./process_metrics.ts";

/** Where they are taken from. */
export interface MetricsSource {
  figures(): ServerFigures;
  ends(): readonly CertificateEnd[];
  /** Undefined: there is no portal. */
  portal?(): ListenerFigures | undefined;
  /** Lets the runtime of the packets' thread run for a moment. */
  yieldWorker(): void;
}

/** How long what was read of certificates and lists is good, ms: they are files. */
const endsLifetime = 60_000;

/** Makes them. */
export function serverMetrics(source: Omit<MetricsSource, "yieldWorker">): Registry {
  const registry = new Registry();
  const define = metricDefinitions(registry);
  const { gauge, counter } = define;
  const figures = once(source.figures);
  gauge(
    "vpn_info",
    "The program's version and its crypto engine; always 1",
    () => ({ [figures().engine]: 1 }),
    "engine",
    { version: programVersion },
  );
  gauge(
    "vpn_start_time_seconds",
    "When the server started, since 1970",
    () => figures().startedAt / 1000,
  );
  gauge("vpn_clients", "Clients that are connected", () => figures().clients);
  gauge("vpn_clients_limit", "As many clients as may be", () => figures().maximumClients);
  counter(
    "vpn_received_bytes_total",
    "Authentic data packets of clients, as datagrams",
    () => figures().traffic.bytesIn,
  );
  counter(
    "vpn_sent_bytes_total",
    "Data packets to clients, as datagrams",
    () => figures().traffic.bytesOut,
  );
  counter(
    "vpn_received_packets_total",
    "Authentic data packets of clients",
    () => figures().traffic.packetsIn,
  );
  counter(
    "vpn_sent_packets_total",
    "Data packets to clients",
    () => figures().traffic.packetsOut,
  );
  counter(
    "vpn_device_read_bytes_total",
    "Packets from the tunnel's device",
    () => figures().device.read,
  );
  counter(
    "vpn_device_written_bytes_total",
    "Packets to the tunnel's device",
    () => figures().device.written,
  );
  counter(
    "vpn_dropped_packets_total",
    "Packets that went no further",
    () => figures().drops,
    "reason",
  );
  counter(
    "vpn_handshakes_total",
    "Attempts of clients to come in, by how they ended",
    () => figures().handshakes,
    "result",
  );
  counter(
    "vpn_refused_control_packets_total",
    "Control packets of nobody's session that got no answer",
    () => figures().strangers,
    "reason",
  );
  counter(
    "vpn_renegotiations_total",
    "Renegotiations of keys that began, by who began them",
    () => figures().renegotiations,
    "initiator",
  );
  counter(
    "vpn_renegotiations_completed_total",
    "Renegotiations that led to new keys",
    () => figures().renegotiationsCompleted,
  );
  gauge(
    "vpn_oldest_key_age_seconds",
    "Age of the oldest keys that a client has; absent without clients",
    () => {
      const { oldestKeys } = figures();
      return oldestKeys === undefined ? undefined : Math.max(0, Date.now() - oldestKeys) / 1000;
    },
  );
  gauge(
    "vpn_client_round_trip_seconds",
    "Round-trip times of the control channels of clients, each as it was last measured",
    () => roundTrips(figures()),
    "share",
  );
  counter("vpn_loop_turns_total", "Rounds of the packet loop", () => figures().loop.turns);
  counter(
    "vpn_loop_busy_seconds_total",
    "Time that the packet loop worked; it waits the rest",
    () => figures().loop.busy / 1000,
  );
  gauge(
    "vpn_control_queue_packets",
    "Control packets between packet loop and control channel",
    () => figures().queues.control,
  );
  gauge(
    "vpn_stream_queue_bytes",
    "Bytes that wait for room in TCP connections",
    () => figures().queues.stream,
  );
  const ends = remembered(() => source.ends(), endsLifetime);
  gauge(
    "vpn_certificate_end_timestamp_seconds",
    "When the authority's and the server's certificate and the revocation list end, since 1970",
    () => Object.fromEntries(ends().map(({ kind, ends }) => [kind, ends / 1000])),
    "kind",
  );
  registerPortalFigures(define, () => source.portal?.());
  registerProcessMetrics(define);
  return registry;
}

/** The longest of that share of the clients. (`quantile` is the label of a summary alone.) */
function roundTrips({ roundTrip }: ServerFigures): Values {
  if (roundTrip === undefined) return undefined;
  const { half, nineTenths, all } = roundTrip;
  return { "0.5": half / 1000, "0.9": nineTenths / 1000, "1": all / 1000 };
}

/** The same for all that asks in one go: figures of one answer are of one moment. */
function once<T>(read: () => T): () => T {
  let current: T | undefined;
  return () => {
    if (current === undefined) {
      current = read();
      queueMicrotask(() => current = undefined);
    }
    return current;
  };
}

function remembered<T>(read: () => T, lifetime: number): () => T {
  let value: T | undefined;
  let since = -Infinity;
  return () => {
    const now = performance.now();
    if (value !== undefined && now - since < lifetime) return value;
    since = now;
    return value = read();
  };
}
