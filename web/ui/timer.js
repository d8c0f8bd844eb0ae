// <tc-timer>: how long the session runs, and how long it still may, or when it is to be.

import { clockText, timeWords } from '../lib/room-words.js';

/** @typedef {Parameters<typeof timeWords>[0]} Times */

export class Timer extends HTMLElement {
  /** @type {any} */ #tick;
  /** @type {Times} */ #times = { startsAt: null, startedAt: null, endsAt: null };

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

  set times(/** @type {Times} */ times) {
    this.#times = times;
    if (this.isConnected) {
      this.#update();
    }
  }

  #update() {
    const { startedAt } = this.#times;
    const now = Date.now();
    const [elapsed, left] = /** @type {HTMLElement[]} */ ([...this.children]);
    const { words, late, apart } = timeWords(this.#times, now);
    elapsed.textContent = startedAt === null ? '' : clockText(now - startedAt);
    left.textContent = words;
    this.classList.toggle('is-late', late);
    this.classList.toggle('is-apart', apart);
  }
}

customElements.define('tc-timer', Timer);
