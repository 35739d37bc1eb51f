/**
 * Memory that malloc keeps for later.
 *
 * @module
 */

import { libc } from "./libc.ts";

/**
 * `malloc_trim(3)`: gives every free page of malloc's heaps back to the system. By itself malloc
 * gives back only what lies at a heap's end. It takes some milliseconds, in which other threads may
 * wait to allocate.
 */
export function releaseFreeMemory(): void {
  libc().malloc_trim(0n);
}
