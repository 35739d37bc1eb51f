/**
 * When a session renegotiates by the clock.
 *
 * @module
 */

/**
 * Draws the moment, ms after the keys were installed. A server draws between 90 % and 100 % of
 * `reneg-sec`, so that clients that came at the same time don't renegotiate at the same time
 * (openvpn(8), `--reneg-sec`).
 *
 * @param maximum `reneg-sec`, seconds; 0: never.
 * @param minimum Its second parameter, seconds.
 */
export function drawRenegotiation(
  role: "client" | "server",
  maximum: number,
  minimum: number | undefined,
  random: () => number = Math.random,
): number {
  if (maximum === 0) return 0;
  const least = minimum ?? (role === "server" ? maximum * 0.9 : maximum);
  return Math.round((least + random() * (maximum - least)) * 1000);
}
