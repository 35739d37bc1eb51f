/**
 * Options that are known and not taken, with the reason and what to use instead.
 *
 * @module
 */

import { rows, type Where } from "../option.ts";

const refused = (
  name: string,
  summary: string,
  remedy: string,
  where: readonly Where[] = ["main"],
) => ({ name, usage: "[X…]", summary, remedy, where, class: "refused" as const });

const connection = ["main", "connection"] as const;
const inline = ["main", "inline"] as const;

const tap = `it is for TAP devices; use "dev tun"`;
const proxy = "connect without a proxy, or through a forwarded UDP port";
const pkcs11 = "put certificate and key into files (cert, key)";

/** Known and not taken. */
export const refusedOptions = rows("refused", [
  refused("server-bridge", "Bridging needs a TAP device", `use "server NETWORK NETMASK"`),
  refused("lladdr", "Sets a TAP device's Ethernet address", tap, ["main", "push"]),
  refused("vlan-tagging", "VLANs need a TAP device", tap),
  refused("vlan-accept", "VLANs need a TAP device", tap),
  refused("vlan-pvid", "VLANs need a TAP device", tap, ["main", "client"]),
  refused("secret", "A static key has no forward secrecy", "use tls-server and tls-client", inline),
  refused("test-crypto", "Tests a static key", "run the project's tests"),
  refused(
    "fragment",
    "Fragmentation inside the tunnel isn't supported",
    `remove it at both ends; "mssfix" or a smaller "tun-mtu" do without`,
    connection,
  ),
  refused("mtu-dynamic", "Became fragment, which isn't supported", "remove it", connection),
  refused(
    "link-mtu",
    "Depends on the cipher, so it goes wrong once one is negotiated",
    `use "tun-mtu"`,
    connection,
  ),
  refused("udp-mtu", "Older name of link-mtu", `use "tun-mtu"`, connection),
  refused("keysize", "Ciphers have fixed key sizes", "remove it"),
  refused("no-replay", "Turns replay protection off", "remove it"),
  refused("no-iv", "Turns initialization vectors off", "remove it"),
  refused("tls-remote", "Was removed in OpenVPN 2.4", `use "verify-x509-name NAME name"`),
  refused("compat-names", "Was removed in OpenVPN 2.5", `use "verify-x509-name"`),
  refused("no-name-remapping", "Was removed in OpenVPN 2.5", "remove it"),
  refused(
    "client-cert-not-required",
    "Was removed in OpenVPN 2.5",
    `use "verify-client-cert none"`,
  ),
  refused("client-nat", "Address translation isn't done in the tunnel", "use nftables", [
    "main",
    "push-route",
  ]),
  refused("shaper", "Bandwidth isn't limited here", `use "tc qdisc" on the device`, [
    "main",
    "push",
  ]),
  refused("chroot", "A Deno process can't change its root", "use systemd's RootDirectory="),
  refused("mlock", "V8 can't reserve memory after mlockall()", "use encrypted swap, or none"),
  refused("setcon", "SELinux contexts aren't set here", "use systemd's SELinuxContext="),
  refused("plugin", "Plugins are shared objects for OpenVPN", "use a script"),
  refused("http-proxy", "HTTP proxies aren't supported for now", proxy, connection),
  refused("http-proxy-user-pass", "HTTP proxies aren't supported for now", proxy, inline),
  refused("http-proxy-option", "HTTP proxies aren't supported for now", proxy, connection),
  refused("http-proxy-override", "HTTP proxies aren't supported for now", proxy),
  refused("socks-proxy", "SOCKS proxies aren't supported for now", proxy, connection),
  refused("port-share", "Sharing a TCP port isn't supported for now", "use another port"),
  refused("pkcs11-providers", "Smart cards aren't supported", pkcs11),
  refused("pkcs11-id", "Smart cards aren't supported", pkcs11),
  refused("pkcs11-id-management", "Smart cards aren't supported", pkcs11),
  refused("pkcs11-cert-private", "Smart cards aren't supported", pkcs11),
  refused("pkcs11-pin-cache", "Smart cards aren't supported", pkcs11),
  refused("pkcs11-private-mode", "Smart cards aren't supported", pkcs11),
  refused("pkcs11-protected-authentication", "Smart cards aren't supported", pkcs11),
  refused("show-pkcs11-ids", "Smart cards aren't supported", "use p11tool"),
  refused("cryptoapicert", "Windows' certificate store isn't there", pkcs11),
  refused("engine", "OpenSSL engines aren't used", `"crypto openssl" uses libcrypto as it is`),
  refused("providers", "OpenSSL providers aren't loaded", "configure them in openssl.cnf"),
  refused(
    "force-tls-key-material-export",
    "The TLS library has no keying material exporter (RFC 5705)",
    "remove it; keys come from key method 2",
  ),
  refused(
    "keying-material-exporter",
    "The TLS library has no keying material exporter (RFC 5705)",
    "remove it",
  ),
  refused("gremlin", "Simulates bad networks", `use "tc netem"`),
  refused("memstats", "Was for debugging OpenVPN", "remove it"),
  refused("msg-channel", "For Windows' service", "remove it"),
  refused("allow-nonadmin", "For Windows", "remove it"),
  refused("dhcp-internal", "For Windows", "remove it"),
  refused("rdns-internal", "For Windows", "remove it"),
  refused("show-adapters", "For Windows", "remove it"),
  refused("show-net", "For Windows", "remove it"),
  refused("show-valid-subnets", "For Windows", "remove it"),
]);
