/**
 * The portal as somebody uses it who has never seen it: from the token of the first start to a
 * subscriber who is revoked, in Chromium, with OpenVPN at the other end of the tunnel.
 */
import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { decodeBase32 } from "../../lib/users/base32.ts";
import { totpCode, totpStep } from "../../lib/users/totp.ts";
import { startBrowser } from "../harness/browser.ts";
import { Capture } from "../harness/capture.ts";
import { run } from "../harness/command.ts";
import { tunnelServerAddress } from "../harness/configs.ts";
import { TemporaryDirectory } from "../harness/directory.ts";
import type { NetworkNamespace } from "../harness/namespace.ts";
import { hostDevice, Network } from "../harness/network.ts";
import { vpnCommand } from "../harness/program.ts";
import { peerRequirements, testWith } from "../harness/requirements.ts";
import { ContinuousPing } from "../harness/traffic.ts";

const host = "vpn.test";
const portal = `https://${host}`;
const password = "seven wild geese";
const completed = /Initialization Sequence Completed/;

/** CI is slow, ms. */
const patience = 60_000;

/** Chromium on a host of the test's network, with an authority that it trusts. */
async function browserOn(
  namespace: NetworkNamespace,
  directory: string,
  authority: string,
  server: string,
): Promise<Browser> {
  const database = `${directory}/.pki/nssdb`;
  await Deno.mkdir(database, { recursive: true });
  await run(["certutil", "-d", `sql:${database}`, "-N", "--empty-password"]);
  await run(["certutil", "-d", `sql:${database}`, "-A", "-t", "C,,", "-n", "ca", "-i", authority]);
  const program = `${directory}/chromium`;
  const command = namespace.command(["chromium"]).join(" ");
  await Deno.writeTextFile(program, `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o700 });
  return await startBrowser({
    program,
    home: directory,
    arguments: [`--host-resolver-rules=MAP ${host} ${server}`],
  });
}

/** A code of now, or of the next interval, which is taken as well: no code is good twice. */
function codeOf(secret: string, ahead = 0): string {
  return totpCode(decodeBase32(secret)!, totpStep(Date.now()) + ahead);
}

async function setUp(page: Page, token: string): Promise<string> {
  await page.goto(`${portal}/`);
  await page.getByLabel("One-time token").fill(token);
  await page.getByLabel("Your name").fill("root");
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByLabel("Password again").fill(password);
  await page.getByRole("button", { name: "Continue" }).click();
  const secret = (await page.locator("#secret").textContent())!.trim();
  await page.getByLabel("The code that it shows").fill(codeOf(secret));
  await page.getByRole("button", { name: "Make me the administrator" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  return secret;
}

async function logIn(page: Page, code: string): Promise<void> {
  await page.getByLabel("Name", { exact: true }).fill("root");
  await page.getByLabel("Password").fill(password);
  await page.getByLabel("One-time code").fill(code);
  await page.getByRole("button", { name: "Log in" }).click();
}

await testWith("from the first token to a revoked subscriber, by the portal alone", async (t) => {
  await using directory = await TemporaryDirectory.create();
  await using network = await Network.create("portal");
  const [server, client] = network.hosts;
  const state = `${directory.path}/state`;
  await using ours = server.namespace.spawn([
    ...[...vpnCommand, "serve", "--state", state, "--public-address", server.address],
    ...["--http", `${server.address}:80`],
    ...["--portal", `${server.address}:443`, "--portal-host", host],
  ]);
  const [, setupToken] = await ours.waitForLine(/one-time token\s+([A-Z2-7-]{20,})/);
  await ours.waitForLine(completed);
  const home = `${directory.path}/home`;
  await Deno.mkdir(home);
  const browser = await browserOn(client.namespace, home, `${state}/ca.crt`, server.address);
  await using _browser = { [Symbol.asyncDispose]: () => browser.close() };
  const context = await browser.newContext();
  context.setDefaultTimeout(patience);
  const page = await context.newPage();
  const plainHttp = (name: string) =>
    Capture.start(server.namespace, hostDevice, "tcp port 80", `${directory.path}/${name}.pcap`);

  await t.step(
    "by http the first visit is led to https, later ones don't leave the browser",
    async () => {
      await using before = await plainHttp("before");
      const first = await page.goto(`http://${host}/login`);
      assert.match(first!.url(), new RegExp(`^${portal}/`));
      assert.ok((await before.stop()).length > 0);
      await using after = await plainHttp("after");
      const second = await page.goto(`http://${host}/login`);
      assert.match(second!.url(), new RegExp(`^${portal}/`));
      assert.equal((await after.stop()).length, 0);
    },
  );

  let secret = "";
  await t.step(
    "the token makes an administrator with one-time codes, who can log in again",
    async () => {
      secret = await setUp(page, setupToken);
      await page.getByRole("button", { name: "Log out" }).click();
      await logIn(page, "000000");
      await page.getByRole("alert").waitFor();
      await logIn(page, codeOf(secret, 1));
      await page.getByRole("heading", { name: "Overview" }).waitFor();
    },
  );

  const profile = `${directory.path}/phone.ovpn`;
  await t.step("a subscriber is issued, and the profile downloaded", async () => {
    await page.getByRole("link", { name: "Subscribers" }).click();
    await page.getByLabel("Name", { exact: true }).fill("phone");
    await page.getByRole("button", { name: "Issue a certificate" }).click();
    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: "Linux" }).click();
    await (await download).saveAs(profile);
  });

  await page.goto(`${portal}/sessions`);
  await page.getByText("Nobody is connected.").waitFor();
  const command = ["openvpn", "--config", profile, "--disable-dco", "--connect-retry", "1", "1"];
  await using openvpn = client.namespace.spawn(command, { cwd: directory.path });
  await openvpn.waitForLine(completed);

  await t.step("OpenVPN's session comes into sight, and its traffic into the plot", async () => {
    await page.getByRole("button", { name: "Disconnect phone" }).waitFor();
    await page.getByRole("cell", { name: /2\.6\./ }).waitFor();
    await page.getByRole("link", { name: "Overview" }).click();
    await using _ping = await ContinuousPing.start(client.namespace, tunnelServerAddress);
    // The drawing of the server has no such words, and what stands still is "0 bit/s".
    await page.getByRole("img", { name: /now [1-9][\d.]* k?bit\/s from clients/ }).waitFor();
  });

  await t.step("how the visitor is protected stands there", async () => {
    await page.getByRole("link", { name: "Protection" }).click();
    await page.getByText("TLSv1.3").waitFor();
    await page.getByText("good", { exact: true }).waitFor();
    assert.match(await page.locator("main").innerText(), /CN=.*\n[^]*get new keys after 1/);
  });

  await t.step("the session is disconnected, and the client ends", async () => {
    await page.getByRole("link", { name: "Sessions" }).click();
    await page.getByRole("button", { name: "Disconnect phone" }).click();
    await page.getByText("The session was disconnected.").waitFor();
    await openvpn.ended;
    await page.getByText("Nobody is connected.").waitFor();
  });

  await using again = client.namespace.spawn(command, { cwd: directory.path });
  await again.waitForLine(completed);

  await t.step("revoked, it is gone and comes back no more", async () => {
    await page.getByRole("link", { name: "Subscribers" }).click();
    await page.getByRole("link", { name: "phone" }).click();
    await page.getByRole("link", { name: "Revoke" }).click();
    await page.getByLabel("Why").selectOption("keyCompromise");
    await page.getByRole("button", { name: "Revoke for good" }).click();
    await page.getByText("revoked", { exact: true }).first().waitFor();
    await again.ended;
    await page.getByRole("link", { name: "Sessions" }).click();
    await page.getByText("Nobody is connected.").waitFor();
    const mark = ours.lineCount;
    await using _refused = client.namespace.spawn(command, { cwd: directory.path });
    await ours.waitForLine(/VERIFY ERROR.*is revoked/, { after: mark });
  });

  let token = "";
  await t.step(
    "a second administrator is added, and sets password and codes by the link",
    async () => {
      await page.getByRole("link", { name: "Users" }).click();
      await page.getByLabel("Name", { exact: true }).fill("anna");
      await page.getByLabel("Role").selectOption("administrator");
      await page.getByRole("button", { name: "Add and make a link" }).click();
      const link = (await page.locator("#link").textContent())!;
      token = new URL(link).searchParams.get("token")!;
      const anna = await browser.newContext();
      anna.setDefaultTimeout(patience);
      const hers = await anna.newPage();
      await hers.goto(link);
      await hers.getByLabel("New password", { exact: true }).fill(password);
      await hers.getByLabel("New password again").fill(password);
      await hers.getByRole("button", { name: "Continue" }).click();
      const own = (await hers.locator("#secret").textContent())!.trim();
      await hers.getByLabel("The code that it shows").fill(codeOf(own));
      await hers.getByRole("button", { name: "Done" }).click();
      await hers.getByRole("heading", { name: "Overview" }).waitFor();
      await server.namespace.exec([...vpnCommand, "user", "disable", "anna", "--state", state]);
      // The session of the browser that is open ends with the command.
      await hers.goto(`${portal}/users`);
      await hers.getByRole("heading", { name: "Log in" }).waitFor();
      await hers.goto(link);
      await hers.getByText("It was used, it has expired").waitFor();
      await anna.close();
    },
  );

  await t.step("the last administrator can't remove themselves", async () => {
    await page.getByRole("link", { name: "Users" }).click();
    await page.getByRole("cell").getByRole("link", { name: "root" }).click();
    await page.getByRole("link", { name: "Remove" }).click();
    await page.getByRole("button", { name: "Remove for good" }).click();
    await page.getByText("this is the last administrator").waitFor();
  });

  await t.step("no secret is in the log", () => {
    const { output } = ours;
    for (const hidden of [password, secret, token]) assert.ok(!output.includes(hidden));
  });
}, [...peerRequirements, "chromium", "certutil"]);
