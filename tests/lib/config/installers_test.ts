/** Configurations of the shape that installation scripts and NetworkManager write. */
import assert from "node:assert/strict";
import { checkConfigFile, type CheckedLine, parseArgv } from "../../../lib/config/mod.ts";
import { memoryHost } from "./profile.ts";

const directory = new URL("../../fixtures/config/", import.meta.url).pathname;

function optionsWith(lines: readonly CheckedLine[], status: CheckedLine["status"]): string[] {
  return lines.filter((line) => line.status === status).map(({ position }) => position.option);
}

/** What is warned of in each: things of which the work goes on without. */
const shapes: readonly (readonly [file: string, role: "server" | "client", warned: string[]])[] = [
  ["server_script_ecdsa.conf", "server", ["ecdh-curve", "tls-cipher"]],
  ["server_script_rsa.conf", "server", []],
  ["server_home_box.conf", "server", ["ecdh-curve"]],
  ["client_script.ovpn", "client", []],
  ["installer_tls_crypt.ovpn", "client", []],
  ["installer_tls_auth.ovpn", "client", []],
];

for (const [file, role, warned] of shapes) {
  Deno.test(`${file} is taken whole`, () => {
    const { lines, problems, config } = checkConfigFile(directory + file);
    assert.deepEqual(problems.map((problem) => problem.line), []);
    assert.deepEqual(optionsWith(lines, "refused"), []);
    assert.deepEqual(optionsWith(lines, "warned"), warned);
    assert.equal(config?.role, role);
  });
}

// As nm-openvpn-service builds it, without --ifconfig-noexec and --route-noexec, by which it leaves
// addresses and routes to the helper that `up` calls.
const networkManager = [
  ...["--dev", "tun", "--nobind", "--remote", "vpn.example.com", "1194", "udp"],
  ...["--cipher", "AES-256-GCM", "--auth", "SHA256", "--auth-nocache"],
  ...["--tls-crypt", "/etc/ta.key", "--remote-cert-tls", "server"],
  ...["--verify-x509-name", "server", "name", "--ping", "10", "--ping-restart", "60"],
  ...["--reneg-sec", "3600", "--tun-mtu", "1500", "--mssfix", "--script-security", "2"],
  ...["--up", "/usr/lib/NetworkManager/nm-openvpn-service-openvpn-helper --debug 0 1234 --tun --"],
  ...["--up-restart", "--persist-key", "--persist-tun"],
  ...["--management", "/var/run/NetworkManager/nm-openvpn-1", "unix"],
  ...["--management-client-user", "root", "--management-client-group", "root"],
  ...["--management-query-passwords", "--auth-retry", "interact"],
  ...["--client", "--ca", "/c", "--cert", "/d", "--key", "/e", "--auth-user-pass"],
];

Deno.test("NetworkManager's command line is taken, apart from what leaves routes to it", () => {
  const parsed = parseArgv(networkManager, memoryHost({}));
  assert.equal(parsed.kind, "run");
  if (parsed.kind !== "run") return;
  const { config } = parsed;
  assert.ok(config.role === "client");
  assert.equal(config.connections[0].controlKey?.kind, "tls-crypt");
  assert.equal(config.authRetry, "interact");
  assert.deepEqual(config.tls.verifyX509Name, { name: "server", type: "name" });
});
