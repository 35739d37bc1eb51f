/**
 * How the server is, at a glance.
 *
 * @module
 */

import { html } from "hono/html";
import { requireAdmin, sessionOf } from "../guards.ts";
import type { PortalApplication } from "../environment.ts";
import type { PortalParts } from "../parts.ts";
import type { Expiry, Overview, ThroughputSample } from "../service.ts";
import { dayOf, formatBytes, formatCount, formatDuration, formatRate } from "./format.ts";
import { type Html, page } from "./layout.ts";
import { badge, facts, table } from "./parts.ts";
import { throughputPlot } from "./throughput_plot.ts";

/** What ends within so long is marked, ms. */
const soon = 30 * 86_400_000;

/** Registers what the overview fetches; the page itself is `/`, which depends on who asks. */
export function registerOverview(app: PortalApplication, { service }: PortalParts): void {
  app.get("/overview/throughput", requireAdmin, (context) => {
    const samples = service.throughput();
    return context.json({
      time: samples.map(({ time }) => time),
      received: samples.map(({ received }) => received),
      sent: samples.map(({ sent }) => sent),
    });
  });
  app.get("/", async (context, next) => {
    const caller = context.get("caller");
    if (caller?.kind !== "session" || caller.role !== "admin") return await next();
    const overview = await service.overview();
    return context.html(page(
      {
        title: "Overview",
        current: "/",
        caller: sessionOf(context),
        scripts: ["uplot.js", "throughput.js"],
      },
      overviewContent(overview, service.throughput()),
    ));
  });
}

/** The page's content. */
export function overviewContent(
  overview: Overview,
  samples: readonly ThroughputSample[],
  now: number = Date.now(),
): Html {
  const last = samples.at(-1);
  return html`
    <div id="figures" data-live>${figures(overview, last, now)}</div>
    <section class="panel" aria-labelledby="throughput-title">
      <h2 id="throughput-title">Throughput, last hour</h2>
      <figure class="throughput" id="throughput" data-source="/overview/throughput">${throughputPlot(
        samples,
        now,
      )}</figure>
      <p
        class="legend"><span><span class="key received"></span>from clients</span><span><span class="key sent"></span>to clients</span></p>
    </section>
    <div class="columns">
      <section class="panel" aria-labelledby="ends-title">
        <h2 id="ends-title">What ends first</h2>
        <div id="expiries" data-live>${expiries(overview.expiries, now)}</div>
      </section>
      <section class="panel" aria-labelledby="errors-title">
        <h2 id="errors-title">Handshakes and drops</h2>
        <div id="errors" data-live>${counters(overview)}</div>
      </section>
      <section class="panel" aria-labelledby="server-title">
    <h2 id="server-title">Server</h2>
    ${facts([
      ["Version", overview.version],
      ["Listens at", html`${overview.listeners.map((one) => html`<div>${one}</div>`)}`],
      ["Crypto engine", overview.engine],
    ])}
      </section>
    </div>
  `;
}

function figures(overview: Overview, last: ThroughputSample | undefined, now: number): Html {
  const figure = (term: string, value: string, note: string) =>
    html`
      <div>
        <dt>${term}</dt>
        <dd>${value}<small>${note}</small></dd>
      </div>
    `;
  const { clients, maximumClients, received, sent, startedAt } = overview;
  return html`<dl class="figures">${[
    figure("Clients", formatCount(clients), `of at most ${formatCount(maximumClients)}`),
    figure("From clients", formatRate(last?.received ?? 0), `${formatBytes(received)} in all`),
    figure("To clients", formatRate(last?.sent ?? 0), `${formatBytes(sent)} in all`),
    figure("Up for", formatDuration(now - startedAt), "since the start"),
  ]}</dl>`;
}

const kinds: Readonly<Record<Expiry["kind"], string>> = {
  authority: "authority",
  server: "server certificate",
  portal: "portal certificate",
  ocsp: "OCSP certificate",
  crl: "revocation list",
  client: "subscriber",
};

function expiries(all: readonly Expiry[], now: number): Html {
  return table<Expiry>(
    "What ends first",
    [
      { title: "What", cell: ({ kind, name }) => html`${name}<small>${kinds[kind]}</small>` },
      { title: "Ends", cell: ({ ends }) => dayOf(ends) },
      { title: "State", cell: ({ ends }) => endBadge(ends, now) },
    ],
    all,
    "Nothing that ends is known.",
  );
}

function endBadge(ends: number, now: number): Html {
  if (ends <= now) return badge("bad", "ended");
  return ends - now < soon ? badge("warning", "soon") : badge("good", "good");
}

function counters({ drops, handshakes }: Overview): Html {
  const rows = [
    ...Object.entries(handshakes).map(([name, count]) => ["handshake", name, count] as const),
    ...Object.entries(drops).map(([name, count]) => ["packet dropped", name, count] as const),
  ].filter(([, , count]) => count > 0);
  return table<typeof rows[number]>(
    "Handshakes and drops",
    [
      { title: "What", cell: ([what, name]) => html`${name}<small>${what}</small>` },
      { title: "Count", cell: ([, , count]) => formatCount(count), number: true },
    ],
    rows,
    "Nothing was dropped, nobody has connected yet.",
  );
}
