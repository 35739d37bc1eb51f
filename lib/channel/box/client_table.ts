/**
 * What a packet server keeps of its clients, bounded: two tables by ephemeral key, in each of which
 * the one that was silent longest makes room. A key is in the first until its second packet, so that
 * a flood of fresh keys pushes out fresh keys only.
 *
 * @module
 */

/** Tables of at most so many entries each. */
export class ClientTable<Client extends { readonly name: string }> {
  readonly #fresh = new Map<string, Client>();
  readonly #known = new Map<string, Client>();
  readonly #limit: number;
  readonly #forget: (client: Client) => void;

  /**
   * @param limit Entries of each of the two tables.
   * @param forget Told of each client that is forgotten.
   */
  constructor(limit: number, forget: (client: Client) => void) {
    this.#limit = limit;
    this.#forget = forget;
  }

  /** How many there are. */
  get size(): number {
    return this.#fresh.size + this.#known.size;
  }

  /** The client of a key; for looking only. */
  find(name: string): Client | undefined {
    return this.#known.get(name) ?? this.#fresh.get(name);
  }

  /** A new client has sent its first authentic packet. */
  add(client: Client): void {
    this.#put(this.#fresh, client);
  }

  /** A client that is there has sent another one. */
  touch(client: Client): void {
    if (!this.#known.delete(client.name) && !this.#fresh.delete(client.name)) return;
    this.#put(this.#known, client);
  }

  #put(table: Map<string, Client>, client: Client): void {
    if (table.size >= this.#limit) {
      for (const [name, oldest] of table) {
        table.delete(name);
        this.#forget(oldest);
        break;
      }
    }
    table.set(client.name, client);
  }

  /** Forgets those of whom this is true. */
  forgetWhere(isOver: (client: Client) => boolean): void {
    for (const table of [this.#fresh, this.#known]) {
      for (const [name, client] of table) {
        // The oldest are first: the others are younger.
        if (!isOver(client)) break;
        table.delete(name);
        this.#forget(client);
      }
    }
  }

  /** Forgets all. */
  clear(): void {
    this.forgetWhere(() => true);
  }
}
