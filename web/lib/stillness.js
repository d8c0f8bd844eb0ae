// Whether nothing arrives any more: the browser itself calls a connection lost only after 5 s, and
// shows the last picture as if it were alive.

const STILL_AFTER_MS = 2_000;

/**
 * @typedef {{ arrived: number, since: number }} Arrival the newest that came, and when we saw it come
 */

/**
 * @param {Arrival | undefined} before
 * @param {number | null} arrived when the newest packet played; null: nothing is to come
 * @param {number} now
 * @returns {Arrival | undefined} undefined: nothing to judge by
 */
export function watchArrival(before, arrived, now) {
  if (arrived === null || (!before && arrived === 0)) {
    return undefined;
  }
  // What is ten seconds old the browser forgets, which is no news either.
  return before && arrived <= before.arrived ? before : { arrived, since: now };
}

/**
 * @param {Arrival | undefined} arrival
 * @param {number} now
 */
export function isStill(arrival, now) {
  return arrival !== undefined && now - arrival.since >= STILL_AFTER_MS;
}
