/**
 * A machine's other programs, in a test of what leaks: `chatter_program.ts ADDRESS…` sends UDP to
 * the port of DNS and tries TCP connections, again and again, and prints each round's number.
 *
 * @module
 */

import { createSocket } from "node:dgram";
import { connect } from "node:net";

const addresses = Deno.args;
/** ms between two rounds. */
const interval = 25;

const sockets = addresses.map((address) => {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  // A kill switch refuses: that is no reason to stop trying.
  socket.on("error", () => {});
  return socket;
});

for (let round = 1;; round++) {
  for (const [i, address] of addresses.entries()) {
    sockets[i].send("a name that nobody else should see", 53, address, () => {});
    const connection = connect({ host: address, port: 9 });
    connection.on("error", () => {});
    setTimeout(() => connection.destroy(), 4 * interval);
  }
  // deno-lint-ignore no-console -- that is how it tells the test
  console.log(`round ${round}`);
  await new Promise((resolve) => setTimeout(resolve, interval));
}
