// <tc-timer>: how long the session runs, and how long it still may.

import { clockText } from '../lib/room-words.js';

const LAST_MINUTES_MS = 5 * 60_000;

export class Timer extends HTMLElement {
  /** @type {any} */ #tick;
  /** @type {{ startedAt: number | null, endsAt: number | null }} */ #times = {
    startedAt: null,
    endsAt: null,
  };

  connectedCallback() {
    if (!this.firstElementChild) {
      this.innerHTML = `<span class="timer-elapsed" role="timer" aria-label="Elapsed"></span><span class="timer-left"></span>`;
    }
    this.#tick = setInterval(() => this.#update(), 1000);
    this.#update();
  }

  disconnectedCallback() {
    clearInterval(this.#tick);
  }

  set times(/** @type {{ startedAt: number | null, endsAt: number | null }} */ times) {
    this.#times = times;
    if (this.isConnected) {
      this.#update();
    }
  }

  #update() {
    const { startedAt, endsAt } = this.#times;
    const now = Date.now();
    const [elapsed, left] = /** @type {HTMLElement[]} */ ([...this.children]);
    elapsed.textContent = startedAt === null ? '' : clockText(now - startedAt);
    left.textContent = endsAt === null ? '' : leftText(endsAt - now);
    this.classList.toggle('is-late', endsAt !== null && endsAt - now < LAST_MINUTES_MS);
  }
}

/** @param {number} ms */
function leftText(ms) {
  if (ms < 0) {
    return `${clockText(-ms)} over`;
  }
  const minutes = Math.ceil(ms / 60_000);
  return minutes > 1 ? `${minutes} min left` : 'last minute';
}

customElements.define('tc-timer', Timer);
