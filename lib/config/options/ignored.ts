/**
 * Options that change nothing here: taken, said once at verb 3.
 *
 * @module
 */

import { rows, type Where } from "../option.ts";

const ignored = (
  name: string,
  usage: string,
  summary: string,
  where: readonly Where[] = ["main"],
) => ({ name, usage, summary, where, class: "ignored" as const });

const push = ["main", "push"] as const;
const pushRoute = ["main", "push-route"] as const;
const connection = ["main", "connection"] as const;

/** Taken, without effect. */
export const ignoredOptions = rows("ignored", [
  ignored("persist-key", "", "Keys are always kept", push),
  ignored("persist-local-ip", "", "Our address is found anew each time"),
  ignored("persist-remote-ip", "", "The remote is resolved anew each time"),
  ignored("mute-replay-warnings", "", "Late packets are counted, not logged one by one"),
  ignored("fast-io", "", "Packets go in batches anyway"),
  ignored("tun-ipv6", "", "The device always carries IPv6", push),
  ignored("tun-mtu-extra", "BYTES", "For TAP devices", connection),
  ignored("tun-mtu-max", "BYTES", "Any MTU that the device takes is accepted", connection),
  ignored("mtu-test", "", "The MTU isn't measured"),
  ignored("txqueuelen", "N", "Queue of the device"),
  ignored("comp-noadapt", "", "Nothing is compressed", push),
  ignored("ncp-disable", "", "Ciphers are always negotiated with a peer that can"),
  ignored("disable-dco", "", "There is no kernel module to use"),
  ignored("disable-occ", "", "Options of the peer are compared for the log only"),
  ignored("opt-verify", "", "Options of the peer are compared for the log only"),
  ignored("ifconfig-nowarn", "", "Addresses of the peer aren't compared", push),
  ignored("max-routes", "N", "Any number of routes", push),
  ignored("preresolve", "[ADDRESS]", "Names are resolved when needed"),
  ignored("ip-remote-hint", "[ADDRESS]", "Names are resolved when needed"),
  ignored("compat-mode", "VERSION", "Older peers are recognised by themselves"),
  ignored("errors-to-stderr", "", "All goes to one log"),
  ignored("hash-size", "REAL VIRTUAL", "Tables grow as needed"),
  ignored("bcast-buffers", "N", "Buffers are allocated once"),
  ignored("tcp-queue-limit", "N", "Queues have a limit of their own"),
  ignored("prng", "[ALGORITHM] [LENGTH]", "Random numbers come from the system"),
  ignored("use-prediction-resistance", "", "Random numbers come from the system"),
  ignored("x509-track", "NAME", "Programs are told all of a certificate's subject"),
  ignored("iproute", "COMMAND", "Addresses and routes are set through netlink"),
  ignored("http-proxy-retry", "[X…]", "As any other connection", connection),
  ignored("http-proxy-timeout", "SECONDS", "connect-timeout counts", connection),
  ignored("socks-proxy-retry", "[X…]", "As any other connection", connection),
  ignored("route-method", "METHOD", "For Windows", push),
  ignored("ip-win32", "METHOD [OFFSET] [LEASE]", "For Windows", pushRoute),
  ignored("windows-driver", "DRIVER", "For Windows"),
  ignored("register-dns", "", "For Windows", pushRoute),
  ignored("block-outside-dns", "", "For Windows", pushRoute),
  ignored("dhcp-renew", "", "For Windows", pushRoute),
  ignored("dhcp-release", "", "For Windows", push),
  ignored("dhcp-pre-release", "", "For Windows", pushRoute),
  ignored("tap-sleep", "SECONDS", "For Windows", pushRoute),
  ignored("show-net-up", "", "For Windows", push),
  ignored("pause-exit", "", "For Windows"),
  ignored("service", "EVENT [STATE]", "For Windows"),
  ignored("win-sys", "PATH", "For Windows"),
  {
    ...ignored("key-method", "2", "Key method 2 is the only one"),
    apply: (context, [method]) => {
      if (method !== "2") context.fail(`key method ${method} isn't supported`, "remove the line");
    },
  },
]);
