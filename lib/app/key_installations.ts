/**
 * Main's side of `install-key`: promises for keys that the worker is about to take.
 *
 * @module
 */

/** See the module's page. */
export class KeyInstallations {
  readonly #waiting = new Map<number, PromiseWithResolvers<void>>();

  /** Resolves at `key-installed`; never when the peer is removed before. */
  expect(peer: number, keyId: number): Promise<void> {
    const waiting = Promise.withResolvers<void>();
    this.#waiting.set(peer * 8 + keyId, waiting);
    return waiting.promise;
  }

  /** The worker has the key. */
  installed(peer: number, keyId: number): void {
    const key = peer * 8 + keyId;
    this.#waiting.get(key)?.resolve();
    this.#waiting.delete(key);
  }

  /** The peer is removed. */
  forget(peer: number): void {
    for (let keyId = 0; keyId < 8; keyId++) this.#waiting.delete(peer * 8 + keyId);
  }
}
