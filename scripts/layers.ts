/**
 * Which room may import which, and that nothing goes in circles.
 *
 * @module
 */

/** Files and what each one imports; paths relative to the project, with `/`. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

const base = "lib/base";
const wire = "lib/wire";
const crypto = "lib/crypto";
const ffi = "ffi";

/** What each room may import beside itself; `lib/app` may import every room. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  "ffi": [],
  "lib/base": [],
  "lib/wire": [base],
  "lib/crypto": [wire, ffi, base],
  "lib/reliable": [wire, base],
  "lib/config": [base],
  "lib/pki": [base],
  "lib/control": [wire, crypto, "lib/reliable", "lib/config", "lib/pki", base],
  "lib/data": [wire, crypto, base],
  // The engines' types reach the loop through the messages that carry keys.
  "lib/loop": ["lib/data", wire, ffi, base, crypto],
  "lib/net": [ffi, "lib/config", base],
  "lib/users": [base],
  "lib/management": [base],
  "lib/portal": [base, "lib/users", "lib/pki"],
  "lib/doctor": [ffi, "lib/config", "lib/pki", "lib/net", base],
  // What both channels are: streams over records, listeners, datagrams (by FFI: Deno has them only
  // as an unstable API and as node:dgram, which loses most of a burst), their errors.
  "lib/channel/connection": [ffi, base],
  "lib/channel/psk": ["lib/channel/connection", base, crypto],
  "lib/channel/box": ["lib/channel/connection", base, crypto],
  "main.ts": ["lib/app", base, "lib/config"],
};

/** Rooms whose files may import every room of the program. */
const unrestricted = new Set(["lib/app", "mod.ts"]);

/** The room of a file: `lib/wire/opcode.ts` is in `lib/wire`; undefined outside the program. */
export function roomOf(path: string): string | undefined {
  if (path === "main.ts" || path === "mod.ts") return path;
  if (path.startsWith("ffi/")) return ffi;
  const parts = path.split("/");
  if (parts[0] !== "lib" || parts.length < 3) return undefined;
  return parts.slice(0, parts[1] === "channel" ? 3 : 2).join("/");
}

/** One line for each import that crosses the wrong way. */
export function forbiddenImports(graph: ImportGraph): string[] {
  const problems: string[] = [];
  for (const [file, imports] of graph) {
    const room = roomOf(file);
    if (room === undefined) continue;
    for (const imported of imports) {
      const target = roomOf(imported);
      if (target === undefined) {
        problems.push(`${file} imports ${imported}, which is no part of the program`);
      } else if (target === "main.ts" || (target === "mod.ts" && room !== "mod.ts")) {
        problems.push(`${file} imports ${imported}, an entry point`);
      } else if (target !== room && !unrestricted.has(room)) {
        const rooms = allowed[room];
        if (rooms === undefined) {
          problems.push(`${file} is in ${room}, a room that scripts/layers.ts doesn't know`);
        } else if (!rooms.includes(target)) {
          problems.push(`${file} imports ${imported}: ${room} may not import ${target}`);
        }
      }
    }
  }
  return problems;
}

/** The circles of a graph, each as the names that are in it, sorted. */
export function findCycles(graph: ImportGraph): string[][] {
  // Tarjan's strongly connected components: R. Tarjan, "Depth-first search and linear graph
  // algorithms", SIAM Journal on Computing 1(2), 1972.
  const index = new Map<string, number>();
  const stack: string[] = [];
  const onStack = new Set<string>();
  const cycles: string[][] = [];

  const visit = (node: string): number => {
    const order = index.size;
    index.set(node, order);
    let lowest = order;
    stack.push(node);
    onStack.add(node);
    for (const next of graph.get(node) ?? []) {
      if (!index.has(next)) lowest = Math.min(lowest, visit(next));
      else if (onStack.has(next)) lowest = Math.min(lowest, index.get(next) ?? 0);
    }
    if (lowest === order) {
      const component = stack.splice(stack.indexOf(node));
      for (const member of component) onStack.delete(member);
      if (component.length > 1 || graph.get(node)?.includes(node)) cycles.push(component.sort());
    }
    return lowest;
  };
  for (const node of graph.keys()) if (!index.has(node)) visit(node);
  return cycles;
}

/** The same graph with rooms for nodes. */
export function roomGraph(graph: ImportGraph): ImportGraph {
  const rooms = new Map<string, Set<string>>();
  for (const [file, imports] of graph) {
    const room = roomOf(file);
    if (room === undefined) continue;
    const targets = rooms.get(room) ?? new Set();
    rooms.set(room, targets);
    for (const imported of imports) {
      const target = roomOf(imported);
      if (target !== undefined && target !== room) targets.add(target);
    }
  }
  return new Map([...rooms].map(([room, targets]) => [room, [...targets]]));
}

/** Everything that is wrong with a graph, a line each; empty when the house stands. */
export function layerProblems(graph: ImportGraph): string[] {
  return [
    ...forbiddenImports(graph),
    ...findCycles(roomGraph(graph)).map((rooms) => `rooms in a circle: ${rooms.join(", ")}`),
    ...findCycles(graph).map((files) => `files in a circle: ${files.join(", ")}`),
  ];
}
