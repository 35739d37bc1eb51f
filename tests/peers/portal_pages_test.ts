/** The portal's pages in Chromium, with samples on them: for everybody, on every screen. */
import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { SetupToken } from "../../lib/portal/setup.ts";
import { seriousViolations } from "../harness/accessibility.ts";
import { startBrowser } from "../harness/browser.ts";
import { testWith } from "../harness/requirements.ts";
import { SampleService } from "../lib/portal/sample_service.ts";
import { portalPassword } from "../lib/portal/portal_fixture.ts";
import { sampleUsers } from "../lib/portal/sample_users.ts";
import { ServedPortal } from "../lib/portal/served_portal.ts";

const administratorPaths = [
  "/",
  "/sessions",
  "/subscribers",
  "/subscribers/alice",
  "/subscribers/mallory",
  "/subscribers/alice/revoke",
  "/users",
  "/users/root",
  "/users/alice",
  "/users/alice/remove",
  "/account",
  "/network",
  "/log",
  "/access",
  "/settings",
  "/protection",
  "/nothing",
];

/** What the browser complains of: scripts that fail, what the content security policy stops. */
function complaints(page: Page): string[] {
  const all: string[] = [];
  page.on("pageerror", (error) => all.push(error.message));
  page.on("console", (message) => {
    // A status of 404 is asked for on purpose.
    if (message.type() === "error" && !/status of 40\d/.test(message.text())) {
      all.push(message.text());
    }
  });
  return all;
}

/** Says of the page that is open what is wrong with it. */
async function check(page: Page, path: string): Promise<void> {
  assert.deepEqual(await seriousViolations(page), [], path);
  const [width, room] = await page.evaluate(
    "[document.documentElement.scrollWidth, document.documentElement.clientWidth]",
  ) as [number, number];
  assert.ok(width <= room, `${path} is ${width} px wide, on a screen of ${room} px`);
}

async function withPage(
  browser: Browser,
  options: Parameters<Browser["newContext"]>[0],
  body: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext(options);
  try {
    await body(await context.newPage());
  } finally {
    await context.close();
  }
}

await testWith("the portal's pages are good for everybody, on every screen", async (t) => {
  await using served = await ServedPortal.open({
    service: new SampleService(),
    users: sampleUsers(),
  });
  await using fresh = await ServedPortal.open({ setupToken: SetupToken.make().token });
  const { origin, portal: { service } } = served;
  const browser = await startBrowser();
  await using _browser = { [Symbol.asyncDispose]: () => browser.close() };

  for (
    const [name, viewport, colorScheme] of [
      ["light, on a desktop", { width: 1280, height: 800 }, "light"],
      ["dark, on a phone", { width: 360, height: 740 }, "dark"],
    ] as const
  ) {
    await t.step(name, () =>
      withPage(browser, { viewport, colorScheme }, async (page) => {
        const wrong = complaints(page);
        for (const path of [`${fresh.origin}/setup`, `${origin}/login`]) {
          await page.goto(path);
          await check(page, path);
        }
        await page.goto(`${origin}/test-login/root`);
        for (const path of administratorPaths) {
          await page.goto(`${origin}${path}`);
          if (path === "/") await page.locator("#throughput[data-drawn]").waitFor();
          await check(page, path);
        }
        await page.goto(`${origin}/subscribers/alice`);
        await page.getByRole("button", { name: "Make a link" }).click();
        await page.getByRole("img", { name: /QR code/ }).waitFor();
        await check(page, "link");
        const invited = `invited-${colorScheme}`;
        await page.goto(`${origin}/users`);
        await page.getByLabel("Name", { exact: true }).fill(invited);
        await page.getByRole("button", { name: "Add and make a link" }).click();
        const link = (await page.locator("#link").textContent())!;
        await check(page, "link for a user");
        await page.goto(`${origin}/users/${invited}`);
        await check(page, "a user who is invited");
        await page.getByRole("button", { name: "Log out" }).click();
        await page.goto(`${origin}${new URL(link).pathname}${new URL(link).search}`);
        await check(page, "invitation");
        await page.getByLabel("New password", { exact: true }).fill(portalPassword);
        await page.getByLabel("New password again").fill(portalPassword);
        await page.getByRole("button", { name: "Continue" }).click();
        await page.locator("#secret").waitFor();
        await check(page, "one-time codes");
        await page.goto(`${origin}/test-login/alice`);
        await page.goto(`${origin}/`);
        await check(page, "own");
        assert.deepEqual(wrong, []);
      }));
  }

  await t.step(
    "without JavaScript all of it can be read, and forms work",
    () =>
      withPage(browser, { javaScriptEnabled: false }, async (page) => {
        await page.goto(`${origin}/test-login/root`);
        await page.goto(`${origin}/`);
        await page.locator("#throughput svg path.received").waitFor({ state: "attached" });
        await page.goto(`${origin}/sessions`);
        await page.getByRole("button", { name: "Disconnect bob" }).click();
        await page.getByText("The session was disconnected.").waitFor();
        assert.deepEqual(service.done.filter((line) => /^disconnect/.test(line)), ["disconnect 3"]);
      }),
  );

  await t.step(
    "without JavaScript a user's role and state are changed, and a link is made",
    () =>
      withPage(browser, { javaScriptEnabled: false }, async (page) => {
        await page.goto(`${origin}/test-login/root`);
        await page.goto(`${origin}/users`);
        await page.getByRole("link", { name: "alice" }).click();
        await page.getByLabel("State", { exact: true }).selectOption("disabled");
        await page.getByRole("button", { name: "Save" }).click();
        await page.getByText("It counts at once.").waitFor();
        await page.getByLabel("password", { exact: true }).check();
        await page.getByRole("button", { name: "Make a link" }).click();
        await page.getByRole("img", { name: /QR code/ }).waitFor();
        const alice = (await served.portal.file.read())!.find(({ name }) => name === "alice");
        assert.ok(alice?.disabled && alice.invitation?.password);
      }),
  );

  await t.step(
    "with the keyboard alone: past the navigation, into the page, out of it",
    () =>
      withPage(browser, {}, async (page) => {
        await page.goto(`${origin}/test-login/root`);
        await page.goto(`${origin}/subscribers`);
        await page.keyboard.press("Tab");
        await page.keyboard.press("Enter");
        await page.waitForURL(/#content$/);
        await page.keyboard.press("Tab");
        await page.keyboard.type("zoe");
        await page.keyboard.press("Enter");
        await page.waitForURL(/subscribers\/zoe\?done=issued$/);
        assert.ok(service.done.includes("issue zoe"));
      }),
  );

  await t.step(
    "what changes on the server is seen without loading the page again",
    () =>
      withPage(browser, {}, async (page) => {
        await page.goto(`${origin}/test-login/root`);
        await page.goto(`${origin}/sessions`);
        const [first] = service.connected;
        await page.getByRole("button", { name: `Disconnect ${first.name}` }).focus();
        service.connected = [...service.connected, { ...first, id: 77, name: "newcomer" }];
        await page.getByRole("button", { name: "Disconnect newcomer" }).waitFor();
        // The focus stays where it was.
        const focused = await page.evaluate("document.activeElement.id");
        assert.equal(focused, `disconnect-${first.id}`);
      }),
  );
}, ["chromium"]);
