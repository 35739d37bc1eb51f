import assert from "node:assert/strict";
import {
  bytes,
  clientRates,
  clientTable,
  duration,
  milliseconds,
  summary,
} from "../../../../lib/app/control_socket/report_text.ts";
import type { ServerReport } from "../../../../lib/app/control_socket/server_report.ts";

const start = Date.UTC(2026, 0, 1);

function report(
  time: number,
  clients: [name: string, received: number, sent: number][],
): ServerReport {
  return {
    ...{ time: start + time, version: "0.1.0", pid: 1, startedAt: start, engine: "openssl" },
    ...{ maximumClients: 8, received: 0, sent: 0, drops: { replayed: 2, "bad-source": 5 } },
    handshakes: { succeeded: 3, refused: 1, abandoned: 0 },
    clients: clients.map(([commonName, bytesReceived, bytesSent], clientId) => ({
      ...{
        commonName,
        bytesReceived,
        bytesSent,
        clientId,
        peerId: clientId,
        cipher: "AES-256-GCM",
      },
      ...{ realAddress: "192.0.2.1:5000", virtualAddress: "10.8.0.2", connectedSince: start },
    })),
  };
}

Deno.test("sizes and times in three digits and two units", () => {
  assert.deepEqual([0, 999, 1000, 1549, 99_949, 99_950, 1e6, 1.5e9].map(bytes), [
    ...["0 B", "999 B", "1.0 kB", "1.5 kB", "99.9 kB", "100 kB", "1.0 MB", "1.5 GB"],
  ]);
  assert.deepEqual([0, 59_999, 60_000, 3_661_000, 90_000_000].map(duration), [
    ...["0 s", "59 s", "1 min", "1 h 1 min", "1 d 1 h"],
  ]);
});

Deno.test("rates are of clients that are in both reports", () => {
  const former = report(0, [["a", 1000, 0], ["b", 50, 0]]);
  const later = report(2000, [["a", 3000, 400], ["b", 0, 0], ["c", 900, 0]]);
  assert.deepEqual([...clientRates(former, later)], [
    [0, { received: 1000, sent: 200 }],
    [1, { received: 0, sent: 0 }],
  ]);
});

Deno.test("a round trip is in the table once it is measured", () => {
  assert.deepEqual([0, 0.84, 9.94, 9.96, 35.4, 1234].map(milliseconds), [
    ...["0.0 ms", "0.8 ms", "9.9 ms", "10 ms", "35 ms", "1234 ms"],
  ]);
  const { clients: [client], ...rest } = report(0, [["a", 1, 2]]);
  const [, without] = clientTable({ ...rest, clients: [client] }, false);
  assert.doesNotMatch(without, / ms/);
  const [headings, line] = clientTable(
    { ...rest, clients: [{ ...client, roundTrip: 35.4, roundTripMeasuredAt: start }] },
    false,
  );
  assert.equal(line.indexOf("35 ms"), headings.indexOf("RTT"));
});

Deno.test("the table is sorted as asked for", () => {
  const former = report(0, [["b", 0, 0], ["a", 0, 0], ["c", 0, 0]]);
  const later = report(1000, [["b", 10, 300], ["a", 20, 100], ["c", 30, 200]]);
  const rates = clientRates(former, later);
  const names = (order: "name" | "received" | "sent") =>
    clientTable(later, false, rates, order).slice(1).map((line) => line[0]).join("");
  assert.deepEqual([names("name"), names("received"), names("sent")], ["abc", "cab", "bca"]);
});

Deno.test("nothing that a client is called moves the cursor", () => {
  const lines = clientTable(report(0, [["\x1b[2Jevil\r\nroot", 0, 0]]), false);
  assert.equal(lines.length, 2);
  // deno-lint-ignore no-control-regex -- they are what must not be there
  assert.doesNotMatch(lines.join(""), /[\x00-\x1f\x7f-\x9f]/);
});

Deno.test("the summary names the most frequent drops first, and failed handshakes", () => {
  const lines = summary(report(60_000, []));
  assert.deepEqual(lines, [
    "vpn 0.1.0, openssl, up for 1 min; 0 of 8 clients",
    "received 0 B, sent 0 B; dropped packets: 5 bad-source, 2 replayed",
    "failed handshakes: 1 refused",
  ]);
});
