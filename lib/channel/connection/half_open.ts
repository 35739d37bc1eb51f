/**
 * Connections whose handshake is not done: each has a time limit, and there is room for so many.
 * When there are too many, the oldest of the network that has most of them goes, so that whoever
 * opens connections and says nothing is in nobody's way but its own.
 *
 * @module
 */

/** A bounded set of connections, each with what closes it. */
export class HalfOpenConnections<Key extends object> {
  readonly #limit: number;
  /** By network, the oldest first. */
  readonly #networks = new Map<string, Map<Key, () => void>>();
  #size = 0;

  /** @param limit How many there may be; 1 or more. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds one; if that is one too many, closes another.
   *
   * @param hostname The IP address that it comes from.
   * @param close Closes it; not called after `remove`.
   */
  add(key: Key, hostname: string, close: () => void): void {
    const network = networkOf(hostname);
    const others = this.#networks.get(network);
    if (others === undefined) this.#networks.set(network, new Map([[key, close]]));
    else others.set(key, close);
    if (++this.#size > this.#limit) this.#dropOldest();
  }

  /** Takes one out, when its handshake is done or has failed. */
  remove(key: Key): void {
    for (const [network, connections] of this.#networks) {
      if (!connections.delete(key)) continue;
      this.#size--;
      if (connections.size === 0) this.#networks.delete(network);
      return;
    }
  }

  #dropOldest(): void {
    let most = new Map<Key, () => void>();
    for (const waiting of this.#networks.values()) if (waiting.size > most.size) most = waiting;
    for (const [oldest, close] of most) {
      this.remove(oldest);
      close();
      return;
    }
  }

  /** Closes all. */
  clear(): void {
    const all = [...this.#networks.values()].flatMap((connections) => [...connections.values()]);
    this.#networks.clear();
    this.#size = 0;
    for (const close of all) close();
  }
}

/** What one person has of addresses: an IPv4 address, or the first 64 bits of an IPv6 address. */
export function networkOf(hostname: string): string {
  if (!hostname.includes(":")) return hostname;
  const mapped = hostname.match(/^::ffff:(\d+\.\d+\.\d+\.\d+)$/i);
  if (mapped) return mapped[1];
  const [head, tail] = hostname.split("%")[0].split("::");
  const groups = head === "" ? [] : head.split(":");
  const rest = tail === undefined || tail === "" ? [] : tail.split(":");
  while (groups.length + rest.length < 8) groups.push("0");
  return [...groups, ...rest].slice(0, 4).map((group) => parseInt(group, 16)).join(":");
}
