/**
 * wireguard-go, configured over its socket (WireGuard's "Configuration Protocol",
 * https://www.wireguard.com/xplatform/), so that the `wg` program is not needed.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Host } from "../../tests/harness/network.ts";
import type { Tunnel } from "./tunnel.ts";

const port = 51820;
const socketDirectory = "/var/run/wireguard";

/** Addresses in the tunnel. */
const addresses = { server: "10.9.0.1", client: "10.9.0.2" };

interface KeyPair {
  /** Hexadecimal, 32 bytes, as the protocol takes them. */
  readonly publicKey: string;
  readonly privateKey: string;
}

async function generateKeyPair(): Promise<KeyPair> {
  const pair = await crypto.subtle.generateKey("X25519", true, ["deriveBits"]);
  if (!("privateKey" in pair)) throw new Error("X25519 gave no key pair");
  const { d, x } = await crypto.subtle.exportKey("jwk", pair.privateKey);
  const hexadecimal = (text = "") => Buffer.from(text, "base64url").toString("hex");
  return { publicKey: hexadecimal(x), privateKey: hexadecimal(d) };
}

/** Sends a `set` operation; the lines are `key=value`. */
async function configure(device: string, lines: readonly string[]): Promise<void> {
  using connection = await Deno.connect({
    transport: "unix",
    path: `${socketDirectory}/${device}.sock`,
  });
  await connection.write(new TextEncoder().encode(`set=1\n${lines.join("\n")}\n\n`));
  const answer = new Uint8Array(256);
  const length = await connection.read(answer) ?? 0;
  const text = new TextDecoder().decode(answer.subarray(0, length)).trim();
  if (text !== "errno=0") throw new Error(`wireguard-go refused its configuration: ${text}`);
}

/** Starts it at both ends and resolves when the first packet has crossed. */
export async function startWireGuard(serverHost: Host, clientHost: Host): Promise<Tunnel> {
  await using stack = new AsyncDisposableStack();
  const [serverKeys, clientKeys] = [await generateKeyPair(), await generateKeyPair()];
  const start = async (
    role: "server" | "client",
    { namespace }: Host,
    own: KeyPair,
    peer: readonly string[],
  ) => {
    // Sockets are named after devices and all namespaces share the directory: the name is to be
    // unique on the machine. 15 characters at most.
    const device = `wg${role[0]}${Deno.pid}`;
    const process = stack.use(namespace.spawn(["wireguard-go", "--foreground", device], {
      env: { LOG_LEVEL: "verbose" },
    }));
    stack.defer(() => Deno.remove(`${socketDirectory}/${device}.sock`).catch(() => {}));
    await process.waitForLine(/UAPI listener started/);
    await configure(device, [
      `private_key=${own.privateKey}`,
      `listen_port=${port}`,
      ...peer,
    ]);
    await namespace.ip("address", "add", `${addresses[role]}/24`, "dev", device);
    await namespace.ip("link", "set", device, "up");
    return process;
  };
  const server = await start("server", serverHost, serverKeys, [
    `public_key=${clientKeys.publicKey}`,
    `allowed_ip=${addresses.client}/32`,
  ]);
  const client = await start("client", clientHost, clientKeys, [
    `public_key=${serverKeys.publicKey}`,
    `endpoint=${serverHost.address}:${port}`,
    `allowed_ip=${addresses.server}/32`,
  ]);
  await clientHost.namespace.exec(["ping", "-n", "-c", "1", "-W", "5", addresses.server]);
  const parts = stack.move();
  return {
    ...{ server: serverHost.namespace, client: clientHost.namespace, address: addresses.server },
    processes: { server, client },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}
