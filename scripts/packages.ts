/**
 * The Debian packages that the tests need: the one list.
 *
 * @module
 */

/** Program to the Debian package that has it. */
export const packageOf = {
  openvpn: "openvpn",
  openssl: "openssl",
  nft: "nftables",
  iptables: "iptables",
  sysctl: "procps",
  ip: "iproute2",
  ping: "iputils-ping",
  tcpdump: "tcpdump",
  unshare: "util-linux",
  setpriv: "util-linux",
  script: "bsdutils",
  dig: "bind9-dnsutils",
  dnsmasq: "dnsmasq-base",
  "make-cadir": "easy-rsa",
  chromium: "chromium",
  certutil: "libnss3-tools",
  curl: "curl",
  wrk: "wrk",
} as const satisfies Record<string, string>;

/** File to the Debian package that has it: what the tests of the engine ipsec-mb need. */
const packageOfFile: Readonly<Record<string, string>> = Deno.build.arch === "x86_64"
  ? {
    "/usr/lib/x86_64-linux-gnu/libIPSec_MB.so.1": "libipsec-mb1",
    "/usr/include/intel-ipsec-mb.h": "libipsec-mb-dev",
    "/usr/include/stdlib.h": "libc6-dev",
    "/usr/bin/gcc": "gcc",
  }
  : {};

/** Module of Debian's Python to the package that has it: what independent peers are written with. */
export const packageOfPythonModule = {
  cryptography: "python3-cryptography",
  nacl: "python3-nacl",
} as const satisfies Record<string, string>;

/** A module of that list. */
export type PythonModule = keyof typeof packageOfPythonModule;

/** Where Debian's Python is and looks; another one on the PATH has not its modules. */
export const debianPython = "/usr/bin/python3";
const pythonModules = "/usr/lib/python3/dist-packages";

/** The package of a Python module if it is not installed. */
export async function missingPythonPackage(module: PythonModule): Promise<string | undefined> {
  const isThere = (path: string) => Deno.stat(path).then(() => true, () => false);
  const found = await isThere(debianPython) && await isThere(`${pythonModules}/${module}`);
  return found ? undefined : packageOfPythonModule[module];
}

/** A program of the list. */
export type Program = keyof typeof packageOf;

// Debian keeps network tools where the PATH of an ordinary user doesn't look.
const systemDirectories = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** The program's path; undefined when it is not installed. */
export async function findProgram(name: string): Promise<string | undefined> {
  const directories = (Deno.env.get("PATH") ?? "").split(":").filter((part) => part !== "");
  for (const directory of [...directories, ...systemDirectories]) {
    const path = `${directory}/${name}`;
    const file = await Deno.stat(path).catch(() => undefined);
    if (file?.isFile && ((file.mode ?? 0) & 0o111) !== 0) return path;
  }
  return undefined;
}

/** The packages of files that are not there. */
export async function missingFilePackages(): Promise<string[]> {
  const packages: string[] = [];
  for (const [path, name] of Object.entries(packageOfFile)) {
    if (await Deno.stat(path).then(() => false, () => true)) packages.push(name);
  }
  for (const module of Object.keys(packageOfPythonModule) as PythonModule[]) {
    const name = await missingPythonPackage(module);
    if (name !== undefined) packages.push(name);
  }
  return packages;
}

/** The packages of those programs that are not installed, each once. */
export async function missingPackages(
  programs: readonly Program[] = Object.keys(packageOf) as Program[],
): Promise<string[]> {
  const packages = new Set<string>();
  for (const program of programs) {
    if (await findProgram(program) === undefined) packages.add(packageOf[program]);
  }
  return [...packages];
}
