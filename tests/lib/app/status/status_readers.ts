/**
 * Readers of OpenVPN's status, as the exporters of its figures have them: kumina's (versions 2 and
 * 3 and the client's) and patrickjahns' (all three) state the rules.
 *
 * @module
 */

/** A client as an exporter sees it. */
export interface ExportedClient {
  readonly commonName: string;
  readonly realAddress: string;
  readonly received: number;
  readonly sent: number;
  readonly since: number;
}

function number(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new Error(`not a number: ${JSON.stringify(text)}`);
  return Number(text);
}

function time(text: string): number {
  const match = text.match(/^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)$/);
  if (match === null) throw new Error(`not a time: ${JSON.stringify(text)}`);
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number);
  return new Date(year, month - 1, day, hour, minute, second).getTime() / 1000;
}

/** Version 1: sections by their first lines; a client is a line of five fields. */
export function readFirstVersion(text: string): ExportedClient[] {
  const lines = text.split("\n");
  if (lines[0] !== "OpenVPN CLIENT LIST") throw new Error(`bad start: ${lines[0]}`);
  if (lines.at(-1) !== "" || lines.at(-2) !== "END") throw new Error("no end");
  const clients: ExportedClient[] = [];
  for (const line of lines) {
    const fields = line.split(",");
    if (fields[0] === "Updated") time(fields[1]);
    if (fields[0] === "Max bcast/mcast queue length") number(fields[1]);
    if (fields.length !== 5 || fields[0] === "Common Name") continue;
    clients.push({
      commonName: fields[0],
      realAddress: fields[1],
      received: number(fields[2]),
      sent: number(fields[3]),
      since: time(fields[4]),
    });
  }
  return clients;
}

/**
 * Versions 2 and 3: a row has as many fields as the header of its kind said before; any other
 * keyword is an error.
 */
export function readLaterVersion(text: string, separator: string): {
  clients: Record<string, string>[];
  routes: Record<string, string>[];
  updated: number;
  version: string;
} {
  const headers = new Map<string, string[]>();
  const rows: Record<string, Record<string, string>[]> = { CLIENT_LIST: [], ROUTING_TABLE: [] };
  let updated = NaN;
  let version = "";
  let ended = false;
  for (const line of text.replace(/\n$/, "").split("\n")) {
    const fields = line.split(separator);
    if (ended) throw new Error(`after the end: ${line}`);
    if (fields[0] === "END" && fields.length === 1) ended = true;
    else if (fields[0] === "GLOBAL_STATS") number(fields[2]);
    else if (fields[0] === "HEADER" && fields.length > 2) headers.set(fields[1], fields.slice(2));
    else if (fields[0] === "TIME" && fields.length === 3) updated = number(fields[2]);
    else if (fields[0] === "TITLE" && fields.length === 2) {
      const words = fields[1].split(" ");
      if (words[0] !== "OpenVPN") throw new Error(`bad title: ${fields[1]}`);
      version = words[1];
    } else if (fields[0] in rows) {
      const columns = headers.get(fields[0]);
      if (columns === undefined) throw new Error(`${fields[0]} before its header`);
      if (fields.length !== columns.length + 1) {
        throw new Error(`the header describes ${columns.length} columns: ${line}`);
      }
      rows[fields[0]].push(
        Object.fromEntries(columns.map((column, i) => [column, fields[i + 1]])),
      );
    } else throw new Error(`unsupported key: ${fields[0]}`);
  }
  if (!ended) throw new Error("no end");
  return { clients: rows.CLIENT_LIST, routes: rows.ROUTING_TABLE, updated, version };
}

const clientKeys = [
  "TUN/TAP read bytes",
  "TUN/TAP write bytes",
  "TCP/UDP read bytes",
  "TCP/UDP write bytes",
  "Auth read bytes",
];

/** A client's: two fields a line, none that is not known. */
export function readClientStatistics(text: string): Record<string, number> {
  const figures: Record<string, number> = {};
  const lines = text.replace(/\n$/, "").split("\n");
  if (lines.shift() !== "OpenVPN STATISTICS" || lines.pop() !== "END") throw new Error("no frame");
  for (const line of lines) {
    const [key, value, ...rest] = line.split(",");
    if (rest.length > 0) throw new Error(`more than two fields: ${line}`);
    if (key === "Updated") figures[key] = time(value);
    else if (clientKeys.includes(key)) figures[key] = number(value);
    else throw new Error(`unsupported key: ${key}`);
  }
  return figures;
}
