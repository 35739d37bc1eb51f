/** Configurations of the shape that installation scripts and NetworkManager write. */
import assert from "node:assert/strict";
import {
  checkConfigFile,
  type CheckedLine,
  mergeNetwork,
  parseArgv,
  parsePushReply,
} from "../../../lib/config/mod.ts";
import { networkManagerArguments } from "../../harness/network_manager.ts";
import { client, memoryHost } from "./profile.ts";

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

Deno.test("NetworkManager's command line is taken", () => {
  const parsed = parseArgv([
    ...networkManagerArguments({
      ...{ host: "vpn.example.com", port: 1194, ca: "/c", cert: "/d", key: "/e" },
      control: ["--tls-crypt", "/etc/ta.key"],
      up: "/usr/lib/NetworkManager/nm-openvpn-service-openvpn-helper",
      management: "/var/run/NetworkManager/nm-openvpn-1",
    }),
    ...["--syslog", "nm-openvpn", "--verify-x509-name", "server", "name", "--auth-user-pass"],
  ], memoryHost({}));
  assert.equal(parsed.kind, "run");
  if (parsed.kind !== "run") return;
  const { config, notices } = parsed;
  assert.ok(config.role === "client");
  assert.equal(config.connections[0].controlKey?.kind, "tls-crypt");
  assert.equal(config.authRetry, "interact");
  assert.deepEqual(config.tls.verifyX509Name, { name: "server", type: "name" });
  const { ifconfigNoexec, routeNoexec } = config.network;
  assert.deepEqual([ifconfigNoexec, routeNoexec], [true, true]);
  assert.deepEqual(notices.filter(({ level }) => level === "warning"), []);
});

Deno.test("what leaves addresses and routes to programs: none of it by itself", () => {
  const { ifconfigNoexec, routeNoexec } = client().network;
  assert.deepEqual([ifconfigNoexec, routeNoexec], [false, false]);
  // A server may push the one, and not the other (openvpn(8), OPT_P_UP and OPT_P_SCRIPT).
  const own = client("route-noexec");
  const reply = parsePushReply(["ifconfig-noexec", "route-noexec"], client());
  assert.ok(reply.kind === "accepted");
  assert.deepEqual(mergeNetwork(own.network, reply.options).ifconfigNoexec, true);
  assert.deepEqual(mergeNetwork(client().network, reply.options).routeNoexec, false);
  assert.deepEqual(mergeNetwork(own.network, reply.options).routeNoexec, true);
});
