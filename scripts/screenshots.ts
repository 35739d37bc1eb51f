/**
 * Pictures of the portal's pages: `deno task screenshots`, into docs/screenshots. The pages are the
 * program's own, in Debian's Chromium; what they show are samples.
 *
 * @module
 */

import type { Browser, Page } from "playwright-core";
import { SetupToken } from "../lib/portal/setup.ts";
import { startBrowser } from "../tests/harness/browser.ts";
import { SampleService } from "../tests/lib/portal/sample_service.ts";
import { sampleUsers } from "../tests/lib/portal/sample_users.ts";
import { ServedPortal } from "../tests/lib/portal/served_portal.ts";
import { projectDirectory } from "./files.ts";
import { recompressPng } from "./png.ts";
import { print } from "./print.ts";

const directory = `${projectDirectory}/docs/screenshots`;

const desktop = { width: 1100, height: 640 } as const;
const phone = { width: 390, height: 844 } as const;

/** Longer pages are cut, px. */
const tallest = 1000;

/** Pages of an administrator, and the file that each goes to. */
const pages = [
  ["/", "overview"],
  ["/sessions", "sessions"],
  ["/subscribers", "subscribers"],
  ["/subscribers/alice", "subscriber"],
  ["/subscribers/alice/revoke", "revoke"],
  ["/users", "users"],
  ["/users/alice", "user"],
  ["/account", "account"],
  ["/network", "network"],
  ["/log", "log"],
  ["/access", "access"],
  ["/settings", "settings"],
  ["/protection", "protection"],
] as const;

type Look = Parameters<Browser["newContext"]>[0];

async function save(page: Page, name: string): Promise<void> {
  await page.evaluate("document.fonts.ready");
  if (await page.locator("#throughput").count() > 0) {
    await page.locator("#throughput[data-drawn]").waitFor();
  }
  const path = `${directory}/${name}.png`;
  const { width, height } = page.viewportSize()!;
  const all = await page.evaluate("document.documentElement.scrollHeight") as number;
  const clip = { x: 0, y: 0, width, height: Math.max(height, Math.min(all, tallest)) };
  const picture = recompressPng(await page.screenshot({ clip, fullPage: true }));
  await Deno.writeFile(path, picture);
  print(`${path}: ${Math.ceil(picture.length / 1000)} kB`);
}

async function visit(
  browser: Browser,
  origin: string,
  look: Look,
  user: "root" | "alice" | undefined,
  shoot: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext({ locale: "en", timezoneId: "UTC", ...look });
  const page = await context.newPage();
  if (user !== undefined) await page.goto(`${origin}/test-login/${user}`);
  await shoot(page);
  await context.close();
}

async function main(): Promise<void> {
  await Deno.mkdir(directory, { recursive: true });
  await using served = await ServedPortal.open({
    service: new SampleService(),
    users: sampleUsers(),
  });
  await using fresh = await ServedPortal.open({ setupToken: SetupToken.make().token });
  const browser = await startBrowser();
  const { origin } = served;
  const light = { viewport: desktop, colorScheme: "light" } as const;
  try {
    await visit(browser, fresh.origin, light, undefined, async (page) => {
      await page.goto(`${fresh.origin}/`);
      await save(page, "setup");
    });
    await visit(browser, origin, light, undefined, async (page) => {
      await page.goto(`${origin}/`);
      await save(page, "login");
    });
    await visit(browser, origin, light, "root", async (page) => {
      for (const [path, name] of pages) {
        await page.goto(`${origin}${path}`);
        await save(page, name);
      }
      await page.goto(`${origin}/subscribers/alice`);
      await page.getByRole("button", { name: "Make a link" }).click();
      await save(page, "link");
      await page.goto(`${origin}/users`);
      await page.getByLabel("Name", { exact: true }).fill("frank");
      await page.getByRole("button", { name: "Add and make a link" }).click();
      await save(page, "invitation-link");
      const { search } = new URL((await page.locator("#link").textContent())!);
      await page.getByRole("button", { name: "Log out" }).click();
      await page.goto(`${origin}/invitation${search}`);
      await save(page, "invitation");
    });
    await visit(browser, origin, light, "alice", async (page) => {
      await page.goto(`${origin}/`);
      await save(page, "own");
    });
    const dark = { viewport: desktop, colorScheme: "dark" } as const;
    await visit(browser, origin, dark, "root", async (page) => {
      await page.goto(`${origin}/`);
      await save(page, "overview-dark");
    });
    const small = { viewport: phone, colorScheme: "dark" } as const;
    await visit(browser, origin, small, "root", async (page) => {
      for (const [path, name] of [["/", "overview-phone"], ["/sessions", "sessions-phone"]]) {
        await page.goto(`${origin}${path}`);
        await save(page, name);
      }
    });
  } finally {
    await browser.close();
  }
}

if (import.meta.main) await main();
