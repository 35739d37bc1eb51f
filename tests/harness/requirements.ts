/**
 * What a test needs of the machine, and what happens when it isn't there.
 *
 * On a developer's machine the test is ignored and its name says why; in CI (`CI=true`) it fails,
 * so that nothing is skipped there unseen.
 *
 * @module
 */

import {
  missingPackages,
  missingPythonPackage,
  packageOf,
  packageOfPythonModule,
  type PythonModule,
} from "../../scripts/packages.ts";
import { tryRun } from "./command.ts";

/** Programs are looked up in `PATH`, modules in Debian's Python; the others are probed. */
export type Requirement = "root" | "tun" | "netns" | keyof typeof packageOf | PythonModule;

const probes: Record<"root" | "tun" | "netns", () => Promise<string | undefined>> = {
  root: () => Promise.resolve(Deno.uid() === 0 ? undefined : "root"),
  tun: async () => {
    try {
      (await Deno.open("/dev/net/tun", { read: true, write: true })).close();
      return undefined;
    } catch {
      return "access to /dev/net/tun";
    }
  },
  netns: async () => {
    const result = await tryRun(["unshare", "--net", "true"]).catch(() => undefined);
    return result?.code === 0 ? undefined : "the right to make network namespaces";
  },
};

/** What of this is not there, in words; empty when all is there. */
export async function missing(requirements: readonly Requirement[]): Promise<string[]> {
  const found: string[] = [];
  for (const requirement of requirements) {
    if (requirement === "root" || requirement === "tun" || requirement === "netns") {
      const reason = await probes[requirement]();
      if (reason !== undefined) found.push(reason);
    } else if (requirement in packageOfPythonModule) {
      const name = await missingPythonPackage(requirement as PythonModule);
      if (name !== undefined) found.push(`Python's ${requirement} (Debian package ${name})`);
    } else {
      const packages = await missingPackages([requirement as keyof typeof packageOf]);
      if (packages.length > 0) found.push(`${requirement} (Debian package ${packages[0]})`);
    }
  }
  return found;
}

/** What the tests with real peers in network namespaces need. */
export const peerRequirements: readonly Requirement[] = [
  ...["root", "tun", "netns"] as const,
  ...["openvpn", "openssl", "ip", "ping", "tcpdump"] as const,
];

/** Whether a missing requirement is a failure rather than a reason to skip. */
function isContinuousIntegration(): boolean {
  return Deno.env.get("CI") === "true";
}

/**
 * Registers a test that needs something of the machine.
 *
 * @param requirements `peerRequirements` by default.
 */
export async function testWith(
  name: string,
  body: (context: Deno.TestContext) => Promise<void>,
  requirements: readonly Requirement[] = peerRequirements,
): Promise<void> {
  const absent = await missing(requirements);
  if (absent.length === 0) {
    Deno.test(name, body);
  } else if (isContinuousIntegration()) {
    Deno.test(name, () => {
      throw new Error(`this machine lacks ${absent.join(", ")}`);
    });
  } else {
    Deno.test({ name: `${name} [skipped: needs ${absent.join(", ")}]`, ignore: true, fn: body });
  }
}
