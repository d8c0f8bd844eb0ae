// Who is not in the room's list just now, though their media still flows: after a restart of the
// server all come back one by one. Each has a while to do so.

const GRACE_MS = 20_000;

export class Grace {
  /** @type {Map<string, any>} */ #timers = new Map();

  /**
   * @param {import('./signaling.js').Clock} clock
   * @param {(userId: string) => void} over they did not come back
   */
  constructor(clock, over) {
    this.clock = clock;
    this.over = over;
  }

  /** @param {string} userId */
  has(userId) {
    return this.#timers.has(userId);
  }

  /** Begins a while, or lets one go on. @param {string} userId */
  give(userId) {
    if (!this.has(userId)) {
      const end = () => {
        this.#timers.delete(userId);
        this.over(userId);
      };
      this.#timers.set(userId, this.clock.setTimeout(end, GRACE_MS));
    }
  }

  /** They are back, or gone for good. @param {string} userId */
  take(userId) {
    this.clock.clearTimeout(this.#timers.get(userId));
    this.#timers.delete(userId);
  }
}
