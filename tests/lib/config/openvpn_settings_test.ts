import assert from "node:assert/strict";
import { parseConfigText } from "../../../lib/config/mod.ts";
import { testWith } from "../../harness/requirements.ts";
import { openvpnSettings, ourSettings } from "./openvpn_settings.ts";
import { memoryHost } from "./profile.ts";

const files = ["ca", "c", "k", "ta"];
const identity = ["dev tun", "ca ca", "cert c", "key k"];

// Not in here: `mssfix` and `tun-mtu` in a block. OpenVPN 2.6 takes the limit for TCP from the global
// options (options_postprocess_mutate_ce() looks at o->ce); we take the block's.
const configurations: Record<string, string[]> = {
  "the least client": ["client", "remote 192.0.2.1", ...identity],
  "a client with everything": [
    "client",
    ...identity,
    "port 1200",
    "float",
    "remote 192.0.2.1",
    "remote host.example 443 udp4",
    "remote 2001:db8::1 1195 udp6",
    "remote-random",
    "local 192.0.2.99",
    "lport 1300",
    "connect-retry 7 70",
    "connect-retry-max 3",
    "server-poll-timeout 9",
    "resolv-retry 60",
    "explicit-exit-notify 2",
    "persist-tun",
    "tls-auth ta 1",
    "verify-x509-name vpn.example name",
    "auth SHA384",
    "replay-window 128 30",
    "keepalive 10 60",
    "tun-mtu 1400",
    "mssfix 1300",
    "reneg-sec 600",
    "reneg-bytes 1000000",
    "reneg-pkts 500",
    "hand-window 30",
    "tran-window 1800",
    "tls-timeout 4",
    "sndbuf 100000",
    "rcvbuf 200000",
    "mark 17",
    "push-peer-info",
    "route-nopull",
    "route-metric 50",
    "route-delay 3",
    "allow-pull-fqdn",
    "status-version 2",
    "tls-exit",
    "single-session",
  ],
  "a client with connection blocks": [
    "client",
    "nobind",
    "connect-retry 5",
    ...identity,
    "<connection>",
    "remote one.example",
    "</connection>",
    "<connection>",
    "remote two.example 443",
    "proto udp4",
    "connect-retry 9",
    "explicit-exit-notify",
    "</connection>",
  ],
  "a client with its own pings": [
    "client",
    "remote 192.0.2.1",
    ...identity,
    "ping 5",
    "ping-exit 20",
    "ping-timer-rem",
    "mssfix 1400 fixed",
  ],
  "a client that never restarts": ["client", "remote 192.0.2.1", ...identity, "ping-restart 0"],
  "the least server": ["server 10.8.0.0 255.255.255.0", "topology subnet", "dh none", ...identity],
  "a server with everything": [
    "server 172.27.224.0 255.255.240.0",
    "topology subnet",
    "dh none",
    ...identity,
    "port 1195",
    "local 192.0.2.1",
    "proto udp4",
    'push "route 10.0.0.0 255.0.0.0"',
    'push "redirect-gateway def1"',
    "keepalive 10 60",
    "client-to-client",
    "duplicate-cn",
    "max-clients 12",
    "explicit-exit-notify 2",
    "route-gateway 172.27.224.77",
    "tls-auth ta 0",
    "reneg-sec 0",
    "tun-mtu 1280",
  ],
  "a server on a /29 without a pool": [
    "server 10.9.0.8 255.255.255.248 nopool",
    "topology subnet",
    "dh none",
    "proto udp6",
    "bind ipv6only",
    ...identity,
    "ping 10",
    "ping-restart 60",
  ],
  "a server without the helper": [
    "mode server",
    "tls-server",
    "topology subnet",
    "dh none",
    "ifconfig 10.8.0.1 255.255.255.0",
    "ifconfig-pool 10.8.0.50 10.8.0.99 255.255.255.0",
    ...identity,
    'push "topology subnet"',
  ],
};

for (const [name, lines] of Object.entries(configurations)) {
  await testWith(`OpenVPN reads ${name} the same`, async () => {
    const ours = ourSettings(parseConfigText(lines.join("\n"), "test.conf", memoryHost({})).config);
    const all = await openvpnSettings(lines, files);
    // The default client ping-restart is set after the settings are printed (init.c).
    if (all.ping_rec_timeout === "0" && ours.ping_rec_timeout === "120") {
      ours.ping_rec_timeout = "0";
    }
    const theirs = Object.fromEntries(Object.keys(ours).map((key) => [key, all[key] ?? "[UNDEF]"]));
    if (ours.push_entry === "") theirs.push_entry = "";
    assert.deepEqual(ours, theirs);
  }, ["openvpn"]);
}
