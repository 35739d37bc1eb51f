import assert from "node:assert/strict";
import { parseIperf } from "../../../scripts/bench/iperf.ts";

// Parts of what iperf 3.12 of Debian 12 printed: a stream over the loopback interface, and a
// server that wasn't there.
const report = `{
	"start":	{
		"version":	"iperf 3.12"
	},
	"intervals":	[],
	"end":	{
		"sum_sent":	{
			"start":	0,
			"end":	1.000101,
			"seconds":	1.000101,
			"bytes":	2705326080,
			"bits_per_second":	21640422957.281315,
			"retransmits":	3,
			"sender":	true
		},
		"sum_received":	{
			"start":	0,
			"end":	1.000133,
			"seconds":	1.000133,
			"bytes":	2697461760,
			"bits_per_second":	21576824362.359806,
			"sender":	true
		},
		"sender_tcp_congestion":	"bbr"
	}
}
`;
const refused = `{
	"start":	{
		"connected":	[],
		"version":	"iperf 3.12"
	},
	"intervals":	[],
	"end":	{
	},
	"error":	"unable to connect to server: Connection refused"
}
`;

Deno.test("what arrived counts, not what was sent", () => {
  assert.deepEqual(parseIperf(report), { bytes: 2697461760, seconds: 1.000133 });
});

Deno.test("iperf3's own error is passed on", () => {
  assert.throws(() => parseIperf(refused), /unable to connect to server: Connection refused/);
});

Deno.test("a report without bytes is refused", () => {
  assert.throws(() => parseIperf('{"end": {}}'), /no bytes received/);
  assert.throws(() => parseIperf("{}"), /no bytes received/);
  assert.throws(
    () => parseIperf('{"end": {"sum_received": {"bytes": 1, "seconds": 0}}}'),
    /no bytes received/,
  );
});
