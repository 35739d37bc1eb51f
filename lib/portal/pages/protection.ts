/**
 * How the visitor is protected: what happened when this very connection was made, step by step.
 *
 * @module
 */

import { html } from "hono/html";
import type { PortalApplication, RequestConnection, SessionCaller } from "../environment.ts";
import { requireLogin, sessionOf } from "../guards.ts";
import type { PortalParts } from "../parts.ts";
import { hstsMaxAge } from "../security_headers.ts";
import type { ChainCertificate, Protection } from "../service.ts";
import { dayOf, formatDuration, moment } from "./format.ts";
import { type Html, page } from "./layout.ts";
import { badge, facts } from "./parts.ts";

/** Registers the page. */
export function registerProtection(app: PortalApplication, { service }: PortalParts): void {
  app.get("/protection", requireLogin, async (context) => {
    const caller = sessionOf(context);
    return context.html(page(
      { title: "How you are protected", current: "/protection", caller },
      protectionContent(await service.protection(), {
        connection: context.env.connection,
        host: new URL(context.req.url).host,
        caller,
      }),
    ));
  });
}

/** Whose connection it is. */
export interface Visit {
  readonly connection: RequestConnection;
  /** What the browser asked for. */
  readonly host: string;
  readonly caller: SessionCaller;
}

/** The page's content. */
export function protectionContent(protection: Protection, visit: Visit): Html {
  return html`
    <section class="panel">
      <ol class="steps">
        <li>${question(visit)}</li>
        <li>${identity(protection.chain)}</li>
        <li>${signature(protection.chain)}</li>
        <li>${validity(protection)}</li>
        <li>${sessionKey(protection, visit)}</li>
        <li>${insistence(visit)}</li>
      </ol>
    </section>
  `;
}

function question({ host, connection }: Visit): Html {
  return html`<h2>Your browser asked who this is</h2>
<p>It wanted <strong>${host}</strong>, from ${connection.address}, and lets nothing pass before that is proved.</p>`;
}

function identity(chain: readonly ChainCertificate[]): Html {
  return html`<h2>The server showed a certificate</h2>
${
    chain.length === 0
      ? html`<p class="empty">The chain is not known here.</p>`
      : chain.map((certificate, index) =>
        html`<h3>${index === 0 ? "The portal's" : "Signed by"}</h3>${certificateFacts(certificate)}`
      )
  }`;
}

function certificateFacts(certificate: ChainCertificate): Html {
  const { subject, issuer, serial, notBefore, notAfter, fingerprint, key, names } = certificate;
  return facts([
    ["Name", subject],
    ["Issued by", issuer],
    ...names.length === 0 ? [] : [["Good for", names.join(", ")] as const],
    ["Valid", html`${moment(notBefore)} to ${dayOf(notAfter)}`],
    ["Key", key],
    ["Serial", html`<code>${serial}</code>`],
    ["SHA-256", html`<code>${fingerprint.replace(/(?:..)(?=.)/g, "$&:")}</code>`],
  ]);
}

function signature(chain: readonly ChainCertificate[]): Html {
  const root = chain.at(-1);
  return html`<h2>Your browser checked the signature</h2>
<p>${
    root === undefined
      ? "It must be that of an authority which you trust."
      : html`It must be that of <strong>${root.issuer}</strong>. If your browser warned you, it doesn't know this authority yet: compare the fingerprint above with what <code>vpn pki show</code> says on the server, and import its certificate.`
  }</p>`;
}

function validity({ ocsp, revocationList, chain: [own] }: Protection): Html {
  return html`<h2>Is the certificate still valid?</h2>
${
    ocsp === undefined ? html`<p>No OCSP responder can be asked about it.</p>` : facts([
      [
        "OCSP says",
        badge(
          ocsp.status === "good" ? "good" : ocsp.status === "revoked" ? "bad" : "warning",
          ocsp.status,
        ),
      ],
      ["As of", moment(ocsp.producedAt)],
      ["Asked again after", moment(ocsp.nextUpdate)],
      ...addresses("Responder", own?.ocspUrls),
    ])
  }
${
    revocationList === undefined ? "" : html`<h3>Revocation list</h3>${
      facts([
        ["Revoked", `${revocationList.revoked}`],
        ["As of", moment(revocationList.thisUpdate)],
        ...revocationList.nextUpdate === undefined
          ? []
          : [["The next comes by", html`${dayOf(revocationList.nextUpdate)}`] as const],
        ...addresses("Address", own?.crlUrls),
      ])
    }`
  }`;
}

function addresses(
  term: string,
  urls: readonly string[] | undefined,
): (readonly [string, Html])[] {
  return urls === undefined || urls.length === 0
    ? []
    : [[term, html`<code>${urls.join(", ")}</code>`]];
}

function sessionKey({ renegotiateAfter }: Protection, { connection, caller }: Visit): Html {
  return html`<h2>Both agreed on a key for a limited time</h2>
${
    facts([
      ["This connection", connection.tlsVersion ?? "TLS, version unknown"],
      ["Cipher", html`<code>${connection.tlsCipher ?? "unknown"}</code>`],
      ["HTTP", connection.httpVersion],
      ["Its keys", "made for this connection alone by Diffie-Hellman, gone when it closes"],
      ["Your log-in", html`ends at ${moment(caller.session.ends)}, or when it is not used`],
      [
        "Tunnels",
        renegotiateAfter === 0
          ? "get new keys by volume only"
          : `get new keys after ${formatDuration(renegotiateAfter * 1000)} at the latest`,
      ],
    ])
  }`;
}

function insistence({ host }: Visit): Html {
  return html`<h2>Your browser will insist</h2>
<p>By HSTS it comes to ${host} only by HTTPS for ${
    formatDuration(hstsMaxAge * 1000)
  } from now on, whatever a link or a network in between says.</p>`;
}
