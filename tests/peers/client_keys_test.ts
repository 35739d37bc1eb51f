/** A server decides about the tls-crypt-v2 keys of OpenVPN clients: by a program, by a list. */
import assert from "node:assert/strict";
import {
  clientKeyFingerprint,
  parseTlsCryptV2ClientKey,
} from "../../lib/crypto/tls_crypt_v2_key.ts";
import { run } from "../harness/command.ts";
import { tunnelServerAddress } from "../harness/configs.ts";
import { ControlKeys } from "../harness/control_keys.ts";
import { testWith } from "../harness/requirements.ts";
import { Scenario } from "../harness/scenario.ts";
import { pingSizes } from "../harness/traffic.ts";

const patience = { timeoutMs: 60_000 };

/** The program lets in whose metadata is `staff`, and leaves a trace of what it was told. */
const verifyProgram = `#!/bin/sh
echo "type $metadata_type, $script_type: $(cat "$metadata_file")"
test "$(cat "$metadata_file")" = staff
`;

await testWith(
  "keys are verified by a program, revoked by a list, and may be missing",
  async () => {
    await using scenario = await Scenario.create("client-keys", { clients: 3 });
    const { directory } = scenario;
    const keys = await ControlKeys.create(directory, scenario.credentials);
    await Deno.writeTextFile(`${directory}/verify.sh`, verifyProgram, { mode: 0o700 });
    await Deno.writeTextFile(`${directory}/revoked.txt`, "# nobody yet\n");
    await using server = await scenario.startServer({
      implementation: "ours",
      tlsAuth: false,
      extra: [
        keys.serverLine("tls-crypt-v2"),
        // For clients without a key of their own.
        keys.serverLine("tls-auth"),
        "script-security 2",
        `tls-crypt-v2-verify ${directory}/verify.sh`,
        `tls-crypt-v2-revoked ${directory}/revoked.txt`,
        "duplicate-cn",
      ],
    });
    await server.ready(patience);
    const startClient = (line: string, index: number) =>
      scenario.startClient({
        ...{ implementation: "openvpn", tlsAuth: false, extra: [line] },
      }, index);

    const staffKey = await keys.clientKey(btoa("staff"));
    await using staff = await startClient(`tls-crypt-v2 ${staffKey}`, 0);
    await staff.ready(patience);
    await server.process.waitForLine(/type 0, tls-crypt-v2-verify: staff/, patience);
    await server.process.waitForLine(/TLS CRYPT V2 VERIFY SCRIPT OK/, patience);
    await pingSizes(scenario.clientHost(0).namespace, tunnelServerAddress, [56]);

    // Whom the program refuses gets no session: there is no word of TLS with it.
    const guestKey = await keys.clientKey(btoa("guest"));
    await using guest = await startClient(`tls-crypt-v2 ${guestKey}`, 1);
    await server.process.waitForLine(/TLS CRYPT V2 VERIFY SCRIPT ERROR/, patience);
    await guest.process.stop();
    assert.ok(!guest.process.lines().some((line) => /VERIFY OK|Control Channel: TLS/.test(line)));

    await using group = await startClient(keys.serverLine("tls-auth").replace(/0$/, "1"), 2);
    await group.ready(patience);

    // Revoked: the session ends, and the client gets no answer any more.
    const text = await Deno.readTextFile(staffKey);
    const fingerprint = clientKeyFingerprint(parseTlsCryptV2ClientKey(text).wrapped);
    // As docs/control-channel.md says to find it.
    const command = `sed '/-----/d' ${staffKey} | base64 -d | tail -c +257 | sha256sum`;
    assert.equal((await run(["sh", "-c", command])).split(" ")[0], fingerprint);
    const mark = server.process.lineCount;
    await Deno.writeTextFile(`${directory}/revoked.txt`, `${fingerprint}  a lost laptop\n`);
    const revoked = new RegExp(`the client key ${fingerprint} is revoked\\] received, client-inst`);
    await server.process.waitForLine(revoked, { ...patience, after: mark });
    const closed = server.process.lineCount;
    staff.process.signal("SIGUSR1");
    await server.process.waitForLine(
      new RegExp(`tls-crypt-v2: the client key ${fingerprint} is revoked`),
      { ...patience, after: closed },
    );
    assert.ok(!server.process.lines(closed).some((line) => /TLS: new session/.test(line)));
  },
);
