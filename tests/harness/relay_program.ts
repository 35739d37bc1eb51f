/**
 * A bad network for UDP: relays datagrams between clients and a server, losing, doubling and
 * reordering some, by a seeded generator so that a run can be repeated. Run as a program with one
 * argument, a `RelayOptions` in JSON.
 *
 * It does what `tc qdisc … netem delay D loss L duplicate U reorder R` does in each direction; not
 * every kernel has netem.
 *
 * @module
 */

import { createSocket, type Socket } from "node:dgram";

/** How bad the network is. Probabilities are from 0 to 1 and hold for each direction. */
export interface RelayOptions {
  readonly hostname: string;
  readonly port: number;
  readonly serverHostname: string;
  readonly serverPort: number;
  /** Seed of the generator, a 32-bit number. */
  readonly seed: number;
  readonly loss: number;
  readonly duplicate: number;
  /** That many datagrams go at once, overtaking those that wait for `delay`. */
  readonly reorder: number;
  /** In ms. */
  readonly delay: number;
}

/** Random numbers from 0 (inclusive) to 1 (exclusive): Marsaglia's xorshift with 32 bits. */
function generator(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 0x1_0000_0000;
  };
}

function relay(options: RelayOptions): void {
  const random = generator(options.seed);
  const counts = { relayed: 0, lost: 0, duplicated: 0, reordered: 0 };

  const impair = (send: () => void) => {
    if (random() < options.loss) {
      counts.lost++;
      return;
    }
    const copies = random() < options.duplicate ? 2 : 1;
    counts.duplicated += copies - 1;
    for (let copy = 0; copy < copies; copy++) {
      counts.relayed++;
      if (random() < options.reorder) {
        counts.reordered++;
        send();
      } else {
        setTimeout(send, options.delay);
      }
    }
  };

  const listener = createSocket("udp4");
  // One socket for each client's address and port: the server tells clients apart by them.
  const outward = new Map<string, Socket>();
  listener.on("message", (datagram, client) => {
    const key = `${client.address}:${client.port}`;
    let socket = outward.get(key);
    if (socket === undefined) {
      socket = createSocket("udp4");
      socket.on("message", (answer) => {
        impair(() => listener.send(answer, client.port, client.address));
      });
      // A server that is down answers with ICMP port unreachable; to the client that is loss.
      socket.on("error", () => {});
      outward.set(key, socket);
    }
    const { serverHostname, serverPort } = options;
    impair(() => socket.send(datagram, serverPort, serverHostname));
  });
  listener.bind(options.port, options.hostname, () => print("relaying"));
  Deno.addSignalListener("SIGTERM", () => {
    print(JSON.stringify(counts));
    Deno.exit(0);
  });
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(line + "\n"));
}

relay(JSON.parse(Deno.args[0]));
