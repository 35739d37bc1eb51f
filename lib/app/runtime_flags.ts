/**
 * How V8 is to run the program.
 *
 * @module
 */

/**
 * V8's flags, as `--v8-flags` takes them. The packet path allocates nothing and does not notice.
 *
 * - New objects get half-spaces of 1 MB: a session's handshake leaves garbage for a moment, and
 *   with the default of 16 MB the pages that it touched stay resident. A server's memory per client
 *   was 310 kB with the default and 176 with this.
 * - The heap is collected when it has grown by a tenth. Strangers' datagrams come from the worker
 *   as objects, and under a flood they outlive the half-spaces: a server grew by 140 MB before the
 *   collector looked at the rest, and grows by 37 with this.
 * - `gc` is there to be called, for a server that has become quiet: see idle_collection.ts.
 * - TurboFan compiles a function after 300 calls, by default after 3,000. A tunnel with little
 *   traffic makes one call per packet, and ran for tens of thousands of packets in slower code that
 *   touches more memory, which is cold each time. A ping every 2 ms takes both ends 0.3 ms of
 *   processor time in place of 0.4 with this; a server's memory is 2 MB more.
 */
export const v8Flags = "--max-semi-space-size=1,--heap-growing-percent=10,--expose-gc," +
  "--invocation-count-for-turbofan=300";
