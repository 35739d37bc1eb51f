/**
 * What clients say about exit nodes in their peer-info. OpenVPN's clients can say it too:
 * `setenv UV_VPN_EXIT 1` with `push-peer-info`.
 *
 * @module
 */

/** `1`: the client offers to be an exit node. */
export const offerVariable = "UV_VPN_EXIT";

/** The exit node that the client wishes for. */
export const wishVariable = "UV_VPN_USE_EXIT";
