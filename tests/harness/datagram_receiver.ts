/**
 * A unix datagram socket that takes what syslog's or a service manager's would.
 *
 * @module
 */

import { eventually } from "./eventually.ts";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;

function openLibc() {
  return Deno.dlopen("libc.so.6", {
    socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
    bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
    recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
    close: { parameters: ["i32"], result: "i32" },
  });
}

/** See the module's page. */
export class DatagramReceiver implements Disposable {
  readonly #libc = openLibc();
  readonly #fd: number;
  readonly #buffer = new Uint8Array(65_536);
  /** What came so far. */
  readonly received: string[] = [];

  /** @param path Of the socket; `@NAME`: in the abstract namespace. */
  constructor(path: string) {
    const { symbols } = this.#libc;
    this.#fd = symbols.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const name = new TextEncoder().encode(path.replace(/^@/, "\0"));
    const address = new Uint8Array(2 + name.length);
    address[0] = AF_UNIX;
    address.set(name, 2);
    if (symbols.bind(this.#fd, address, address.length) !== 0) {
      throw new Error(`cannot bind ${path}`);
    }
  }

  /** Takes what has come. */
  poll(): readonly string[] {
    for (;;) {
      const length = Number(
        this.#libc.symbols.recv(this.#fd, this.#buffer, BigInt(this.#buffer.length), 0),
      );
      if (length < 0) return this.received;
      this.received.push(new TextDecoder().decode(this.#buffer.subarray(0, length)));
    }
  }

  /** Resolves with the first datagram that matches. */
  async datagram(pattern: RegExp): Promise<string> {
    let found: string | undefined;
    try {
      await eventually(
        `a datagram ${pattern}`,
        () => (found = this.poll().find((text) => pattern.test(text))) !== undefined,
      );
    } catch (cause) {
      throw new Error(`no ${pattern} in ${JSON.stringify(this.received)}`, { cause });
    }
    return found!;
  }

  [Symbol.dispose](): void {
    this.#libc.symbols.close(this.#fd);
    this.#libc.close();
  }
}
