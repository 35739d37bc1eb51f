/**
 * How long a client's session goes on when its end is settled, so that the client hears of it.
 *
 * @module
 */

/** How long a refused client has to fetch its AUTH_FAILED, ms. */
export const refusalLinger = 5000;

/** The same for one that is in already and does not wait for an answer, ms. */
export const dismissalLinger = 1000;

/** How long a session goes on whose client has said that it ends, ms. */
export const exitLinger = 300;
