/**
 * Small pieces of several pages.
 *
 * @module
 */

import { html } from "hono/html";
import type { Subscriber } from "../service.ts";
import type { Html } from "./layout.ts";

/** A state in a word; the colour only repeats it. */
export function badge(kind: "good" | "warning" | "bad" | "neutral", text: string): Html {
  return html`<span class="badge ${kind}">${text}</span>`;
}

/** The state of somebody's certificate. */
export function subscriberBadge(state: Subscriber["state"]): Html {
  return badge(state === "valid" ? "good" : state === "expired" ? "warning" : "bad", state);
}

/** A column of a table. */
export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => Html | string;
  /** Numbers stand in line at the right. */
  readonly number?: boolean;
  /** What should stay in one line where there is room. */
  readonly wide?: boolean;
}

/**
 * A table, which becomes cards on a narrow screen: each cell carries its column's title.
 *
 * @param empty What is said where there are no rows.
 */
export function table<Row>(
  caption: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  empty: Html | string,
): Html {
  if (rows.length === 0) return html`<p class="empty">${empty}</p>`;
  const kind = ({ number, wide }: Column<Row>) =>
    number === true ? " class=number" : wide === true ? " class=wide" : "";
  // The roles are repeated: styles that turn rows to cards take them away in some browsers.
  return html`
    <table role="table">
      <caption class="hidden">${caption}</caption>
      <thead role="rowgroup">
        <tr role="row">${columns.map((column) =>
          html`
            <th role="columnheader" scope="col" ${kind(column)}>${column.title}</th>
          `
        )}</tr>
      </thead>
      <tbody role="rowgroup">${rows.map((row) =>
        html`
          <tr role="row">${columns.map((column) =>
            html`
              <td role="cell" data-title="${column.title}" ${kind(column)}>${column.cell(row)}</td>
            `
          )}</tr>
        `
      )}</tbody>
    </table>
  `;
}

/** Terms and what they are. */
export function facts(rows: readonly (readonly [string, Html | string])[]): Html {
  return html`<dl class="facts">${
    rows.map(([term, value]) =>
      html`
        <div>
          <dt>${term}</dt>
          <dd>${value}</dd>
        </div>
      `
    )
  }</dl>`;
}
