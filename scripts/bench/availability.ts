/**
 * What this machine and this version of the program can be measured with.
 *
 * @module
 */

import { ConfigError, parseArgv } from "../../lib/config/mod.ts";
import { VpnError } from "../../lib/base/errors.ts";
import type { CryptoEngine, EngineChoice } from "../../lib/crypto/engine.ts";
import { selectEngine } from "../../lib/crypto/engines.ts";
import { missing } from "../../tests/harness/requirements.ts";
import { findProgram } from "../packages.ts";
import { ciphers, type Session } from "./plan.ts";

/** Why the benchmark cannot run at all, each a line; empty when it can. */
export async function obstacles(): Promise<string[]> {
  const needs = ["root", "tun", "netns", "openvpn", "openssl", "ip", "ping"] as const;
  const found = await missing(needs);
  if (await findProgram("iperf3") === undefined) found.push("iperf3 (Debian package iperf3)");
  return found;
}

function engineReason(name: string, cipher: string): string | undefined {
  let engine: CryptoEngine | undefined;
  try {
    engine = selectEngine(name as EngineChoice);
  } catch (error) {
    if (error instanceof VpnError) return error.message;
    throw error;
  }
  // What is no choice of selectEngine gives nothing at all.
  if (engine === undefined) return `the program has no crypto engine ${name}`;
  return engine.supports(cipher, "SHA256") ? undefined : `${name} does not do ${cipher}`;
}

function tcpReason(): string | undefined {
  const files = ["ca", "cert", "key"].flatMap((name) => [`--${name}`, name]);
  try {
    parseArgv(["--client", "--dev", "tun", "--remote", "198.18.0.1", "--proto", "tcp", ...files]);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return undefined;
}

/** Why a session cannot be measured; undefined when it can. */
export async function unavailable({ group, contender }: Session): Promise<string | undefined> {
  if (contender.kind === "wireguard-go" && await findProgram("wireguard-go") === undefined) {
    return "wireguard-go is not installed (Debian package wireguard-go)";
  }
  if (contender.engine === undefined) return undefined;
  if (group.transport === "tcp") {
    const reason = tcpReason();
    if (reason !== undefined) return reason;
  }
  const cipher = ciphers.find((name) => name === group.cipher);
  return cipher === undefined ? undefined : engineReason(contender.engine, cipher);
}
