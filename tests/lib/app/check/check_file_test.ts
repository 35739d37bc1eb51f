import assert from "node:assert/strict";
import fc from "fast-check";
import { checkFile, type CheckReport } from "../../../../lib/app/check/check_file.ts";
import { textReport } from "../../../../lib/app/commands/check.ts";
import type { LineStatus } from "../../../../lib/config/mod.ts";
import { generateStaticKey } from "../../../../lib/crypto/static_key.ts";
import { vpnCommand } from "../../../harness/program.ts";
import { arbitraryLine } from "../../config/arbitrary_lines.ts";
import { clientLines, memoryHost, serverLines } from "../../config/profile.ts";
import { testCertificates } from "../../control/certificates.ts";

const certificates = testCertificates();
const files = {
  ca: certificates.ca,
  c: certificates.client.certificate,
  k: certificates.client.key,
  ta: generateStaticKey(),
};

function checkLines(
  lines: readonly string[],
  more: Record<string, string> = {},
): Promise<CheckReport> {
  return checkFile("f.conf", memoryHost({ ...files, ...more, "f.conf": lines.join("\n") }));
}

function statusOf(report: CheckReport, option: string): LineStatus | undefined {
  return report.lines.find(({ position }) => position.option === option)?.status;
}

Deno.test("what could start is ok, line by line", async () => {
  const report = await checkLines([...clientLines, "tls-crypt ta", "persist-key", "tls-cipher X"]);
  assert.equal(report.verdict, "ok");
  assert.equal(report.role, "client");
  assert.equal(report.lines.length, clientLines.length + 3);
  assert.equal(statusOf(report, "tls-crypt"), "supported");
  assert.equal(statusOf(report, "persist-key"), "ignored");
  assert.equal(statusOf(report, "tls-cipher"), "warned");
  assert.equal((await checkLines(serverLines)).role, "server");
});

Deno.test("everything that is wrong is told at once, with its remedy", async () => {
  const report = await checkLines([...clientLines, "fragment 1300", "remtoe x", "keepalive 10 15"]);
  assert.equal(report.verdict, "refused");
  const refused = report.lines.filter(({ status }) => status === "refused");
  assert.deepEqual(refused.map(({ position }) => position.line), [7, 8, 9]);
  assert.match(refused[1].remedy ?? "", /did you mean "remote"/);
});

Deno.test("what is missing as a whole is told without a line", async () => {
  const report = await checkLines(["client", "dev tun", "ca ca", "cert c", "key k"]);
  assert.equal(report.verdict, "refused");
  assert.match(report.problems.join(), /remote/);
});

Deno.test("a file that isn't there is told at its line, and is all that is missing", async () => {
  const more = ["remote-cert-tls server", "tls-auth nowhere 1", "auth-user-pass pass.txt"];
  const report = await checkLines([...clientLines, ...more]);
  assert.equal(report.verdict, "incomplete");
  assert.equal(statusOf(report, "tls-auth"), "missing");
  assert.equal(statusOf(report, "auth-user-pass"), "missing");
  assert.equal(statusOf(report, "ca"), "supported");
});

Deno.test("a directory that isn't there is missing as well", async () => {
  const report = await checkLines([...clientLines, "crl-verify /no/such/directory dir"]);
  assert.equal(report.verdict, "incomplete");
  assert.equal(statusOf(report, "crl-verify"), "missing");
});

Deno.test("what is in a file counts", async () => {
  const bad = async (option: string, more: Record<string, string>, ...lines: string[]) => {
    const report = await checkLines([...clientLines, ...lines], more);
    assert.equal(report.verdict, "refused", option);
    assert.equal(statusOf(report, option), "refused", option);
  };
  await bad("ca", { ca: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" });
  await bad("tls-auth", { ta: "nonsense" }, "tls-auth ta 1");
  await bad("tls-crypt-v2", {}, "tls-crypt-v2 ta");
  await bad("crl-verify", { crl: "nonsense" }, "crl-verify crl");
  const foreign = await checkLines(clientLines, { k: certificates.server.key });
  assert.equal(foreign.verdict, "refused");
  assert.equal(foreign.problems.length, 1);
});

Deno.test("included files and connection blocks are told line by line", async () => {
  const block = ["<connection>", "remote a.example", "mssfix nonsense", "</connection>"];
  const report = await checkLines([...clientLines, "config more.conf", ...block], {
    "more.conf": "mute 3\nnonsense\n",
  });
  const refused = report.lines.filter(({ status }) => status === "refused");
  assert.deepEqual(refused.map(({ position: { file, line } }) => [file, line]), [
    ["more.conf", 2],
    ["f.conf", 10],
  ]);
});

Deno.test("any configuration comes to a report, and no report shows a secret", async () => {
  const start = fc.constantFrom<readonly string[]>([], clientLines, serverLines);
  await fc.assert(
    fc.asyncProperty(start, fc.array(arbitraryLine, { maxLength: 8 }), async (base, lines) => {
      const report = await checkLines([...base, ...lines]);
      const text = textReport("f.conf", report, false).join("\n");
      assert.ok(!text.includes("PRIVATE KEY"));
      if (report.verdict !== "refused") assert.ok(report.role !== undefined);
    }),
    { numRuns: 1500 },
  );
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
      await checkLines([new TextDecoder().decode(bytes)]);
    }),
    { numRuns: 300 },
  );
});

Deno.test("vpn check: table and JSON, exit codes 0, 1 and 2", async () => {
  const directory = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${directory}/${name}`, text);
    }
    const run = async (lines: readonly string[], ...args: string[]) => {
      await Deno.writeTextFile(`${directory}/f.conf`, lines.join("\n"));
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [...vpnCommand.slice(1), "check", ...args, "f.conf"],
        cwd: directory,
        env: { NO_COLOR: "1" },
      }).output();
      return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
    };
    const ok = await run(clientLines);
    assert.equal(ok.code, 0, ok.text);
    assert.match(ok.text, /^1 +client +supported +Client of a server/m);
    assert.match(ok.text, /could start/);
    const refused = await run([...clientLines, "fragment 1300"]);
    assert.equal(refused.code, 1);
    assert.match(refused.text, /^7 +fragment +refused/m);
    const incomplete = await run([...clientLines, "tls-auth nowhere"], "--json");
    assert.equal(incomplete.code, 2);
    const json = JSON.parse(incomplete.text);
    assert.equal(json.verdict, "incomplete");
    assert.equal(json.exitCode, 2);
    assert.equal(json.lines.at(-1).status, "missing");
    const nothing = await run([], "--json");
    assert.equal(nothing.code, 1);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
