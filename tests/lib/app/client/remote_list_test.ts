import assert from "node:assert/strict";
import { decodeSockaddr } from "deno-tun";
import { RemoteList } from "../../../../lib/app/client/remote_list.ts";
import { openLog } from "../../../../lib/base/log.ts";
import { type ClientConfig, parseConfigText } from "../../../../lib/config/mod.ts";

function remotes(...lines: string[]): RemoteList {
  const text = ["client", "dev tun", "cert c", "key k", "<ca>", "x", "</ca>", ...lines].join("\n");
  const { config } = parseConfigText(text, "test.ovpn");
  return new RemoteList(
    config as ClientConfig,
    openLog(0, () => {}),
    (host) => Promise.resolve([host]),
  );
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
