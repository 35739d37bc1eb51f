import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type ClientStatus,
  formatServerStatus,
  type ServerStatus,
} from "../../../../lib/app/status/server_status.ts";
import { formatClientStatistics } from "../../../../lib/app/status/client_statistics.ts";
import { readClientStatistics, readFirstVersion, readLaterVersion } from "./status_readers.ts";

// What an OpenVPN 2.6.14 with one client answered to `status 1` and `status 2`; the title is its own.
const openvpnFirst = [
  "OpenVPN CLIENT LIST",
  "Updated,2026-11-30 05:51:57",
  "Common Name,Real Address,Bytes Received,Bytes Sent,Connected Since",
  "client,198.18.0.2:37641,3666,3558,2026-11-30 05:51:54",
  "ROUTING TABLE",
  "Virtual Address,Common Name,Real Address,Last Ref",
  "10.8.0.2,client,198.18.0.2:37641,2026-11-30 05:51:55",
  "GLOBAL STATS",
  "Max bcast/mcast queue length,0",
  "END",
];
const openvpnSecond = [
  "TITLE,…",
  "TIME,2026-11-30 05:51:57,1796017917",
  "HEADER,CLIENT_LIST,Common Name,Real Address,Virtual Address,Virtual IPv6 Address,Bytes Received,Bytes Sent,Connected Since,Connected Since (time_t),Username,Client ID,Peer ID,Data Channel Cipher",
  "CLIENT_LIST,client,198.18.0.2:37641,10.8.0.2,,3666,3558,2026-11-30 05:51:54,1796017914,UNDEF,0,0,AES-256-GCM",
  "HEADER,ROUTING_TABLE,Virtual Address,Common Name,Real Address,Last Ref,Last Ref (time_t)",
  "ROUTING_TABLE,10.8.0.2,client,198.18.0.2:37641,2026-11-30 05:51:55,1796017915",
  "GLOBAL_STATS,Max bcast/mcast queue length,0",
  "GLOBAL_STATS,dco_enabled,0",
  "END",
];

const local = (text: string) => new Date(text.replace(" ", "T")).getTime();
const status: ServerStatus = {
  time: local("2026-11-30 05:51:57"),
  clients: [{
    commonName: "client",
    realAddress: "198.18.0.2:37641",
    virtualAddress: "10.8.0.2",
    bytesReceived: 3666,
    bytesSent: 3558,
    connectedSince: local("2026-11-30 05:51:54"),
    clientId: 0,
    peerId: 0,
    cipher: "AES-256-GCM",
  }],
  routes: [{
    virtualAddress: "10.8.0.2",
    commonName: "client",
    realAddress: "198.18.0.2:37641",
    lastReference: local("2026-11-30 05:51:55"),
  }],
};

/** The lines without the title, and without what depends on the time zone of whoever runs this. */
function comparable(lines: readonly string[]): string[] {
  return lines.map((line) =>
    line.replace(/^TITLE,.*/, "TITLE,…").replace(/(\d\d:\d\d:\d\d),\d{10}/g, "$1")
  );
}

Deno.test("the formats are those that OpenVPN wrote", () => {
  assert.deepEqual(formatServerStatus(status, 1), openvpnFirst);
  assert.deepEqual(comparable(formatServerStatus(status, 2)), comparable(openvpnSecond));
  assert.deepEqual(
    formatServerStatus(status, 3).map((line) => line.replaceAll("\t", ",")),
    formatServerStatus(status, 2),
  );
});

const client: fc.Arbitrary<ClientStatus> = fc.record({
  commonName: fc.option(fc.string({ unit: "binary", maxLength: 40 }), { nil: undefined }),
  realAddress: fc.ipV4().map((address) => `${address}:1194`),
  virtualAddress: fc.option(fc.ipV4(), { nil: undefined }),
  virtualIpv6Address: fc.option(fc.ipV6(), { nil: undefined }),
  bytesReceived: fc.nat(),
  bytesSent: fc.nat(),
  connectedSince: fc.nat(),
  username: fc.option(fc.string({ unit: "binary", maxLength: 40 }), { nil: undefined }),
  clientId: fc.nat(),
  peerId: fc.nat(0xffffff),
  cipher: fc.constant("AES-256-GCM"),
});

Deno.test("exporters read what we write, whatever clients call themselves", () => {
  fc.assert(fc.property(fc.array(client, { maxLength: 5 }), fc.nat(), (clients, time) => {
    const routes = clients.map(({ commonName, realAddress }) => ({
      virtualAddress: "10.8.0.2",
      commonName,
      realAddress,
      lastReference: time,
    }));
    const picture = { time, clients, routes };
    const read = (version: 1 | 2 | 3) => formatServerStatus(picture, version).join("\n") + "\n";
    assert.deepEqual(
      readFirstVersion(read(1)).map(({ received, sent }) => [received, sent]),
      clients.map(({ bytesReceived, bytesSent }) => [bytesReceived, bytesSent]),
    );
    for (const [version, separator] of [[2, ","], [3, "\t"]] as const) {
      const later = readLaterVersion(read(version), separator);
      assert.equal(later.clients.length, clients.length);
      assert.equal(later.routes.length, clients.length);
      assert.equal(later.updated, Math.floor(time / 1000));
      for (const [i, { clientId, peerId, virtualIpv6Address = "" }] of clients.entries()) {
        const row = later.clients[i];
        assert.equal(row["Client ID"], String(clientId));
        assert.equal(row["Peer ID"], String(peerId));
        assert.equal(row["Virtual IPv6 Address"], virtualIpv6Address);
      }
    }
  }));
});

Deno.test("exporters read a client's statistics", () => {
  const lines = formatClientStatistics({
    time: 1000,
    tunnelRead: 1,
    tunnelWritten: 2,
    linkRead: 3,
    linkWritten: 4,
    authenticRead: 5,
  });
  const { Updated, ...figures } = readClientStatistics(lines.join("\n"));
  assert.equal(Updated, 1);
  assert.deepEqual(Object.values(figures), [1, 2, 3, 4, 5]);
});
