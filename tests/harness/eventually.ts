/**
 * Waiting for what shows nowhere but in a state that has to be looked at: a file, a counter.
 *
 * @module
 */

/** Between two looks, ms. */
const interval = 100;

/**
 * Resolves when the condition holds. An error that it throws counts as not yet.
 *
 * @param what What is waited for, for the message.
 * @param timeoutMs 60,000 by default.
 * @throws {Error} when it doesn't in time.
 */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  timeoutMs = 60_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      if (await holds()) return;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline) throw new Error(`not in ${timeoutMs} ms: ${what}`, { cause });
    await new Promise((resolve) => setTimeout(resolve, interval));
  }
}
