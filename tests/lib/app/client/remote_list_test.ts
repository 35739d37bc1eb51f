import assert from "node:assert/strict";
import { decodeSockaddr } from "deno-tun";
import { type NameLookup, RemoteList } from "../../../../lib/app/client/remote_list.ts";
import { VpnError } from "../../../../lib/base/errors.ts";
import { openLog } from "../../../../lib/base/log.ts";
import { type ClientConfig, parseConfigText } from "../../../../lib/config/mod.ts";

function remotes(...lines: string[]): RemoteList {
  return remotesResolvedBy((host) => Promise.resolve([host]), ...lines);
}

function remotesResolvedBy(lookup: NameLookup, ...lines: string[]): RemoteList {
  const text = ["client", "dev tun", "cert c", "key k", "<ca>", "x", "</ca>", ...lines].join("\n");
  const { config } = parseConfigText(text, "test.ovpn");
  return new RemoteList(config as ClientConfig, openLog(0, () => {}), lookup);
}

const running = () => false;

async function next(list: RemoteList): Promise<string | undefined> {
  const remote = await list.next(running);
  return remote && decodeSockaddr(remote.address).hostname;
}

const two = ["remote 192.0.2.1", "remote 192.0.2.2", "connect-retry 1 8"];

Deno.test("remotes are tried in turn", async () => {
  const list = remotes(...two);
  assert.deepEqual([await next(list), await next(list), await next(list)], [
    "192.0.2.1",
    "192.0.2.2",
    "192.0.2.1",
  ]);
});

Deno.test("a server that has something to say is tried again, once", async () => {
  const list = remotes(...two);
  assert.equal(await next(list), "192.0.2.1");
  list.stay();
  assert.equal(await next(list), "192.0.2.1");
  assert.equal(await next(list), "192.0.2.2");
});

Deno.test("staying counts as a round", async () => {
  const list = remotes(...two, "connect-retry-max 3");
  assert.equal(await next(list), "192.0.2.1");
  list.stay();
  assert.equal(await next(list), "192.0.2.1");
  list.stay();
  assert.equal(await next(list), "192.0.2.1");
  list.stay();
  assert.equal(await next(list), undefined);
});

Deno.test("a server that refuses for now says where to go and how long to wait", async () => {
  const list = remotes(...two);
  assert.equal(await next(list), "192.0.2.1");
  list.refusedForNow({ backoff: 42 });
  assert.equal(list.waitBefore(), 42_000);
  assert.equal(list.waitBefore(), 1000);
  assert.equal(await next(list), "192.0.2.1");
  list.refusedForNow({ advance: "addr" });
  assert.equal(await next(list), "192.0.2.2");
  list.refusedForNow({ advance: "remote" });
  assert.equal(list.waitBefore(), 1000);
  assert.equal(await next(list), "192.0.2.1");
});

Deno.test("remote-random: each remote once a round, in an order that changes", async () => {
  const hosts = Array.from({ length: 20 }, (_, i) => `192.0.2.${i + 1}`);
  const lines = hosts.map((host) => `remote ${host}`);
  const round = async (list: RemoteList) => {
    const found: string[] = [];
    for (const _ of hosts) found.push((await next(list))!);
    return found;
  };
  assert.deepEqual(await round(remotes(...lines)), hosts);
  const random = [];
  for (let i = 0; i < 5; i++) random.push(await round(remotes(...lines, "remote-random")));
  for (const order of random) assert.deepEqual(order.toSorted(), hosts.toSorted());
  // Five times the same by chance: once in (20!)^4.
  assert.ok(new Set(random.map((order) => order.join())).size > 1);
});

Deno.test("remote-random-hostname: another label in front of the name, never of an address", async () => {
  const asked: string[] = [];
  const lookup = (host: string) => {
    asked.push(host);
    return Promise.resolve(["192.0.2.1"]);
  };
  const lines = ["remote vpn.example", "remote 192.0.2.9"];
  const list = remotesResolvedBy(lookup, ...lines, "remote-random-hostname");
  for (let i = 0; i < 4; i++) await next(list);
  assert.match(asked[0], /^[0-9a-f]{12}\.vpn\.example$/);
  assert.match(asked[2], /^[0-9a-f]{12}\.vpn\.example$/);
  assert.notEqual(asked[0], asked[2]);
  assert.deepEqual([asked[1], asked[3]], ["192.0.2.9", "192.0.2.9"]);
});

Deno.test("proto-force leaves the others out; rport is the port of remotes that name none", async () => {
  const lines = ["remote 192.0.2.1 443 tcp", "remote 192.0.2.2", "remote 192.0.2.3 1195 udp"];
  const list = remotes(...lines, "rport 1300", "proto-force udp");
  const ports: number[] = [];
  for (let i = 0; i < 4; i++) {
    ports.push(decodeSockaddr((await list.next(running))!.address).port);
  }
  assert.deepEqual(ports, [1300, 1195, 1300, 1195]);
});

Deno.test("connect-retry: the wait doubles after five rounds, up to its maximum", async () => {
  const list = remotes("remote 192.0.2.1", "connect-retry 2 9");
  const waits: number[] = [];
  for (let i = 0; i < 10; i++) {
    await next(list);
    waits.push(list.waitBefore() / 1000);
  }
  assert.deepEqual(waits.slice(0, 6), [2, 2, 2, 2, 2, 2]);
  assert.deepEqual(waits.slice(6), [4, 8, 9, 9]);
});

Deno.test("resolv-retry: a name is tried again for that long, and 0 is once a round", async () => {
  const wait = globalThis.setTimeout;
  // The five seconds between two tries are not for a test to wait.
  globalThis.setTimeout = ((resolve: () => void) => wait(resolve, 0)) as typeof setTimeout;
  try {
    const failing = (times: number) => {
      const asked: string[] = [];
      const lookup = (host: string) => {
        asked.push(host);
        return asked.length > times
          ? Promise.resolve(["192.0.2.1"])
          : Promise.reject(new VpnError("no such name"));
      };
      return { asked, lookup };
    };
    const patient = failing(3);
    const forever = remotesResolvedBy(patient.lookup, "remote vpn.example", "connect-retry-max 2");
    assert.equal(await next(forever), "192.0.2.1");
    assert.equal(patient.asked.length, 4);
    const once = failing(3);
    const lines = ["remote vpn.example", "resolv-retry 0", "connect-retry-max 2"];
    assert.equal(await next(remotesResolvedBy(once.lookup, ...lines)), undefined);
    assert.equal(once.asked.length, 2);
  } finally {
    globalThis.setTimeout = wait;
  }
});
