/**
 * What must be reached: ours at both ends against OpenVPN 2.6.14 at both ends, same run.
 *
 * @module
 */

import { engines } from "./plan.ts";
import type { MetricId } from "./metrics.ts";

/** A bound on a row: on its ratio to OpenVPN's or on its value. */
export interface Target {
  readonly of: "ratio" | "value";
  readonly comparison: "at least" | "at most" | "below";
  readonly bound: number;
}

const atLeast = (bound: number): Target => ({ of: "ratio", comparison: "at least", bound });
const notAbove: Target = { of: "ratio", comparison: "at most", bound: 1 };

/** One TCP stream, each direction, by cipher and engine. */
const oneStream: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "AES-256-GCM": { "openssl": 4.5, "ipsec-mb": 5.5 },
  "AES-256-CBC": { "openssl": 3.5, "ipsec-mb": 5.5, "webcrypto": 0.6 },
  "CHACHA20-POLY1305": { "openssl": 3, "ipsec-mb": 3 },
};

const sessionTargets: Partial<Record<MetricId, Target>> = {
  "connect": notAbove,
  "memory-one": { of: "value", comparison: "at most", bound: 120 },
  "memory-client": { of: "value", comparison: "at most", bound: 100 },
  "idle-cpu": { of: "value", comparison: "below", bound: 1 },
};

/** The target of a row; undefined where there is none. */
export function targetOf(group: string, contender: string, metric: MetricId): Target | undefined {
  if (group === "sessions") return contender === "ours-auto" ? sessionTargets[metric] : undefined;
  const [transport, cipher] = group.split("/");
  if (transport !== "udp") return undefined;
  const isOneStream = metric === "tcp1-up" || metric === "tcp1-down";
  if (contender === "ours-serves" || contender === "ours-connects") {
    return isOneStream ? atLeast(1) : undefined;
  }
  const engine = engines.find((name) => contender === `ours-${name}`);
  if (engine === undefined) return undefined;
  if (isOneStream) {
    const bound = oneStream[cipher]?.[engine];
    return bound === undefined ? undefined : atLeast(bound);
  }
  // Who asks for webcrypto has no OpenSSL, and only the rates above to hold it to.
  if (engine === "webcrypto") return undefined;
  if (metric === "udp64") return atLeast(1.5);
  if (metric === "rtt-idle" || metric === "rtt-added") return notAbove;
  if (metric.startsWith("cpu-") && cipher === "AES-256-GCM") {
    return { of: "ratio", comparison: "at most", bound: 0.25 };
  }
  return undefined;
}

/** Whether a row keeps to its target; undefined while it lacks what the target is about. */
export function isReached(
  target: Target,
  row: { readonly median?: number; readonly ratio?: number },
): boolean | undefined {
  const actual = target.of === "ratio" ? row.ratio : row.median;
  if (actual === undefined) return undefined;
  switch (target.comparison) {
    case "at least":
      return actual >= target.bound;
    case "at most":
      return actual <= target.bound;
    case "below":
      return actual < target.bound;
  }
}
