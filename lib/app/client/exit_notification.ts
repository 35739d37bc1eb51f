/**
 * `explicit-exit-notify`: tells the server that the client goes.
 *
 * @module
 */

/** Between two notifications, and two looks whether one has arrived, ms. */
const moment = 100;

/** What tells it. */
export interface ExitNotifier {
  /** Tells the server; returns whether it has to be called again. */
  notifyExit(): boolean;
  /** Whether the server has acknowledged all that was sent over the control channel. */
  readonly acknowledged: boolean;
}

/** @param count What the option says: how often, and how many seconds there are for it. */
export async function notifyExit(connection: ExitNotifier, count: number): Promise<void> {
  const pause = () => new Promise((resolve) => setTimeout(resolve, moment));
  for (let i = 0; i < Math.min(count, 3); i++) {
    const again = connection.notifyExit();
    // The worker needs a moment to send it before it is stopped; a lost one is repeated.
    await pause();
    if (again) continue;
    const patience = performance.now() + count * 1000;
    while (!connection.acknowledged && performance.now() < patience) await pause();
    return;
  }
}
