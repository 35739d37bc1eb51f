import assert from "node:assert/strict";
import fc from "fast-check";
import type { SessionCaller } from "../../../../lib/portal/environment.ts";
import { accessContent } from "../../../../lib/portal/pages/access.ts";
import { type Html, page } from "../../../../lib/portal/pages/layout.ts";
import { logContent } from "../../../../lib/portal/pages/log.ts";
import { loginContent } from "../../../../lib/portal/pages/login.ts";
import { networkContent } from "../../../../lib/portal/pages/network.ts";
import { overviewContent } from "../../../../lib/portal/pages/overview.ts";
import { ownContent } from "../../../../lib/portal/pages/own.ts";
import { linkContent } from "../../../../lib/portal/pages/profiles.ts";
import { protectionContent } from "../../../../lib/portal/pages/protection.ts";
import { sessionsContent } from "../../../../lib/portal/pages/sessions.ts";
import { settingsContent } from "../../../../lib/portal/pages/settings.ts";
import { accountContent } from "../../../../lib/portal/pages/account.ts";
import { invitationContent } from "../../../../lib/portal/pages/invitation.ts";
import { enrolmentContent, setupContent } from "../../../../lib/portal/pages/setup.ts";
import { revokeContent, subscriberContent } from "../../../../lib/portal/pages/subscriber.ts";
import { subscribersContent } from "../../../../lib/portal/pages/subscribers.ts";
import { removeContent, userContent } from "../../../../lib/portal/pages/user.ts";
import { invitationLinkContent, usersContent } from "../../../../lib/portal/pages/users.ts";
import type { PortalUser } from "../../../../lib/portal/portal_users.ts";
import type { Overview, Protection } from "../../../../lib/portal/service.ts";
import { SampleService } from "../sample_service.ts";

/**
 * Every string of a value made longer by the same text, numbers and the rest as they are; words
 * that choose how something is shown stay too.
 */
function tainted<Value>(value: Value, taint: string): Value {
  const fixed = ["kind", "state", "status", "level"];
  const visit = (one: unknown, key = ""): unknown => {
    if (typeof one === "string") return fixed.includes(key) ? one : one + taint;
    if (Array.isArray(one)) return one.map((each) => visit(each));
    if (typeof one !== "object" || one === null) return one;
    return Object.fromEntries(Object.entries(one).map(([name, each]) => [name, visit(each, name)]));
  };
  return visit(value) as Value;
}

function caller(name: string): SessionCaller {
  const session = {
    user: name,
    passwordSet: 0,
    csrfToken: "token",
    startedAt: 0,
    lastUsed: 0,
    ends: 1,
  };
  return { kind: "session", name, role: "admin", session };
}

const now = Date.UTC(2026, 10, 30);

interface Data {
  readonly service: SampleService;
  readonly overview: Overview;
  readonly protection: Protection;
  readonly subscribers: Awaited<ReturnType<SampleService["subscribers"]>>;
  readonly lists: Awaited<ReturnType<SampleService["accessLists"]>>;
}

async function data(): Promise<Data> {
  const service = new SampleService(now);
  return {
    service,
    overview: await service.overview(),
    protection: await service.protection(),
    subscribers: await service.subscribers(),
    lists: await service.accessLists(),
  };
}

/** All contents with that text in all that comes from elsewhere. */
function contents({ service, overview, protection, subscribers, lists }: Data, taint: string) {
  const taintedCaller = caller(`root${taint}`);
  const given = <Value>(value: Value) => tainted(value, taint);
  const problem = { status: 409 as const, message: `wrong${taint}` };
  const [subscriber] = given(subscribers);
  const connection = { address: "192.0.2.1", httpVersion: "2", tlsVersion: "TLSv1.3" };
  const token = { name: "backup", digest: "00", scopes: ["read" as const], createdAt: 0 };
  const user: PortalUser = {
    ...{ name: `alice${taint}`, role: "admin", disabled: false, oneTimeCodes: true },
    ...{ created: 1, passwordSet: 2, lastLogin: 3, lockedUntil: 4 },
    invitation: { expires: 5, password: true, oneTimeCodes: true },
  };
  const link = { url: `https://x/${taint}`, expires: now };
  const all: Record<string, Html> = {
    overview: overviewContent(given(overview), service.throughput(), now),
    sessions: sessionsContent(given(service.sessions()), taintedCaller),
    subscribers: subscribersContent(
      given(subscribers),
      taintedCaller,
      { name: `x${taint}`, problem },
      "",
    ),
    found: subscribersContent(given(subscribers), taintedCaller, {}, `y${taint}`),
    subscriber: subscriberContent(subscriber, taintedCaller, problem),
    revoke: revokeContent(subscriber, taintedCaller),
    own: ownContent(subscriber, given(service.sessions()), taintedCaller),
    nothing: ownContent(undefined, [], taintedCaller),
    link: linkContent(link, "ios", "/own"),
    users: usersContent([user], taintedCaller, {
      ...{ name: `x${taint}`, role: "user", oneTimeCodes: true, problem },
    }),
    user: userContent(user, taintedCaller, problem),
    remove: removeContent(user, taintedCaller),
    invitationLink: invitationLinkContent({ user, link }),
    account: accountContent(taintedCaller, true, { form: "password", problem }),
    invitation: invitationContent(
      { name: `alice${taint}`, password: true, totp: true },
      `token${taint}`,
      { field: "password", message: `no${taint}` },
    ),
    network: networkContent(
      {
        exitNodes: given(service.exitNodes()),
        lists: given(lists),
        clients: given(["alice"]),
      },
      taintedCaller,
      { list: { name: `default${taint}`, rules: `rules${taint}`, problem } },
    ),
    log: logContent(given(service.log())),
    settings: settingsContent(given(service.settings()), taintedCaller),
    access: accessContent(
      [{ ...token, name: `backup${taint}` }],
      taintedCaller,
      { name: `name${taint}`, scopes: [], problem },
    ),
    protection: protectionContent(given(protection), {
      connection: given(connection),
      host: `host${taint}`,
      caller: taintedCaller,
    }),
    login: loginContent({ username: `me${taint}`, next: `/${taint}`, error: `no${taint}` }),
    setup: setupContent({
      token: `token${taint}`,
      name: `me${taint}`,
      problem: { field: "name", message: `no${taint}` },
    }),
    enrolment: enrolmentContent(`token${taint}`, { secret: "AAAA", uri: `otpauth://${taint}` }),
  };
  return Object.entries(all).map(([title, content]) =>
    [
      title,
      String(page({ title: `t${taint}`, caller: taintedCaller, notice: taint }, content)),
    ] as const
  );
}

/** Tags and the names of their attributes, in order: what the browser makes elements of. */
function structure(text: string): string[] {
  return [
    ...text.matchAll(/<\/?([a-z0-9]+)((?:\s+[^\s"=<>]+(?:=(?:"[^"]*"|[^\s"<>]+))?)*)\s*\/?>/g),
  ]
    .map(([, tag, attributes]) =>
      [
        tag,
        ...[...attributes.matchAll(/([^\s"=]+)(?:=(?:"[^"]*"|[^\s"]+))?/g)].map(([, name]) => name),
      ]
        .join(" ")
    )
    // The number of modules of a QR code and of a search's finds follow from the text.
    .filter((tag) => !/^path/.test(tag));
}

Deno.test("no name, log line or address becomes markup, on any page", async () => {
  const all = await data();
  const harmless = new Map(contents(all, "x").map(([title, text]) => [title, structure(text)]));
  const character = fc.constantFrom(..."<>\"'&`=/ abc-\n\\${}".split(""));
  fc.assert(
    fc.property(fc.string({ unit: character, minLength: 1, maxLength: 24 }), (taint) => {
      for (const [title, text] of contents(all, taint)) {
        assert.deepEqual(structure(text), harmless.get(title), title);
        assert.doesNotMatch(text, /\son\w+\s*=(?=[^&]*>)/, title);
      }
    }),
    {
      numRuns: 60,
      examples: [
        ["<script>alert(1)</script>"],
        ['" onfocus="alert(1)'],
        ["' autofocus '"],
        ["</textarea><b>"],
        ["&lt;b&gt;"],
      ],
    },
  );
});

Deno.test("no page has a style, a script or a handler of its own", async () => {
  for (const [title, text] of contents(await data(), "x")) {
    assert.doesNotMatch(text, /\sstyle=|<style|\son[a-z]+=|javascript:/i, title);
    for (const [, attributes, body] of text.matchAll(/<script([^>]*)>([^<]*)/g)) {
      assert.match(attributes, / src="\/assets\//, title);
      assert.equal(body, "", title);
    }
    assert.doesNotMatch(text, /(?:href|src|action)="(?!\/|#)/, title);
  }
});
