/**
 * Profiles: to download, or by a link that works once.
 *
 * @module
 */

import { html } from "hono/html";
import { audit } from "../audit.ts";
import type {
  PortalApplication,
  PortalContext,
  PortalMiddleware,
  SessionCaller,
} from "../environment.ts";
import { sessionOf } from "../guards.ts";
import type { PortalParts } from "../parts.ts";
import { RequestError } from "../refusal.ts";
import { type ClientSystem, clientSystems, type OneTimeLink, type Subscriber } from "../service.ts";
import { choice, parameter, sent } from "./form.ts";
import { formatDuration, moment } from "./format.ts";
import { csrfInput, type Html, page } from "./layout.ts";
import { qrCode } from "./qr.ts";

/** What people call them. */
const systemNames: Readonly<Record<ClientSystem, string>> = {
  linux: "Linux",
  windows: "Windows",
  macos: "macOS",
  android: "Android",
  ios: "iPhone, iPad",
};

/** How long a link may live, s. */
const lifetimes = [3600, 86_400, 604_800] as const;

/** Whose profiles, and where. */
export interface ProfileRoutes {
  /** As `/subscribers/:name`. */
  readonly base: string;
  readonly guard: PortalMiddleware;
  readonly nameOf: (context: PortalContext) => string;
  /** The page that it all belongs to. */
  readonly path: (name: string) => string;
  /** Entry of the navigation. */
  readonly current: string;
}

/** Registers downloads and links. */
export function registerProfiles(
  app: PortalApplication,
  parts: PortalParts,
  { base, guard, nameOf, path, current }: ProfileRoutes,
): void {
  const { service } = parts;
  app.get(`${base}/profile/:system`, guard, async (context) => {
    const name = nameOf(context);
    const file = await service.profile(name, systemOf(parameter(context, "system")));
    audit(context, parts, `downloaded the profile of ${name}`);
    return context.body(file.content, 200, {
      "Content-Type": file.mediaType,
      "Content-Disposition": contentDisposition(file.name),
    });
  });
  // The link is a secret that is shown once: this answer is not replaced by a redirect, which would
  // have to keep it.
  app.post(`${base}/link`, guard, async (context) => {
    const caller = sessionOf(context);
    const name = nameOf(context);
    const system = systemOf(await sent(context, "system"));
    const lifetime = lifetimeOf(await sent(context, "lifetime"));
    const link = await service.oneTimeLink(name, system, lifetime);
    audit(context, parts, `made a one-time link to the profile of ${name}`);
    return context.html(page(
      { title: `A link for ${name}`, current, caller },
      linkContent(link, system, path(name)),
    ));
  });
}

function systemOf(text: string): ClientSystem {
  const system = clientSystems.find((one) => one === text);
  if (system === undefined) throw new RequestError(404, "there are no profiles for that system");
  return system;
}

function lifetimeOf(text: string): number {
  const lifetime = lifetimes.find((one) => String(one) === text);
  if (lifetime === undefined) throw new RequestError(400, "links don't live for that long");
  return lifetime;
}

/** RFC 6266, section 4.1, and RFC 8187 for what is not ASCII. */
function contentDisposition(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9_.@+-]/g, "_");
  return `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(name)}`;
}

/** Buttons for each system, and the form for a link; says why where there can't be one. */
export function profileSection(
  { state, certificates: [newest] }: Subscriber,
  caller: SessionCaller,
  path: string,
): Html | "" {
  if (state !== "valid" || newest === undefined) return "";
  if (!newest.hasPrivateKey) {
    return html`
      <section class="panel" aria-labelledby="profile-title">
        <h2 id="profile-title">Profile</h2>
        <p
          class="quiet">The private key was made elsewhere and is not here: who has it makes the profile.</p>
      </section>
    `;
  }
  return html`
    <section class="panel" aria-labelledby="profile-title">
      <h2 id="profile-title">Profile</h2>
      <p class="quiet">The profile is a secret, for one device: it holds the private key.</p>
      <div class="buttons">${clientSystems.map((system) =>
        html`<a class="button plain" href="${path}/profile/${system}" download>${
          systemNames[system]
        }</a>`
      )}</div>
      <h3>Send it by a link that works once</h3>
      <form method="post" action="${path}/link">${csrfInput(caller)}
    <div class="row">
    ${choice({
      name: "system",
      label: "For",
      options: clientSystems.map((system) => [system, systemNames[system]] as const),
      value: "android",
    })}
    ${choice({
      name: "lifetime",
      label: "Works for",
      options: lifetimes.map((seconds) =>
        [String(seconds), formatDuration(seconds * 1000)] as const
      ),
      value: "86400",
    })}
    <button>Make a link</button>
    </div></form>
    </section>
  `;
}

/** The link, for copying and for a phone's camera. */
export function linkContent(
  { url, expires }: OneTimeLink,
  system: ClientSystem,
  path: string,
): Html {
  return html`<section class="panel narrow">
<p>Gives the profile for ${systemNames[system]} to whoever opens it first, until ${
    moment(expires)
  }. It is shown only now.</p>
<p class="secret" id="link">${url}</p>
<div class="buttons"><button class="plain" type="button" data-copy="link" hidden>Copy</button></div>
${qrCode(url, "The link as QR code, for a phone's camera")}
<p><a href="${path}">Back</a></p>
</section>`;
}
