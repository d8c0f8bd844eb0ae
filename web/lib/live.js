// The server's events (GET /api/events). EventSource reconnects by itself after a lost connection, but
// gives up when it is refused; this one asks why, and tries again. No DOM.

import { wallClock } from './signaling.js';
import { logger } from './log.js';

/** @typedef {'connecting' | 'live' | 'lost' | 'refused'} LiveState */

const NAMES = ['snapshot', 'update', 'samples', 'minute', 'step'];
const AGAIN_MS = 5_000;
const log = logger('live');

/** Emits `state` (detail: LiveState) and `event` (detail: { name, data }). */
export class Live extends EventTarget {
  /** @type {LiveState} */ state = 'connecting';
  /** @type {any} */ #source;
  /** @type {any} */ #timer;

  /**
   * @param {object} options
   * @param {string} options.url
   * @param {() => Promise<boolean>} options.allowed asked when we were refused: false ends it
   * @param {any} [options.EventSource]
   * @param {import('./signaling.js').Clock} [options.clock]
   */
  constructor({ url, allowed, EventSource = globalThis.EventSource, clock = wallClock }) {
    super();
    this.url = url;
    this.allowed = allowed;
    this.EventSource = EventSource;
    this.clock = clock;
  }

  open() {
    const source = new this.EventSource(this.url);
    this.#source = source;
    source.onopen = () => this.#set('live');
    source.onerror = () => this.#onError(source);
    for (const name of NAMES) {
      source.addEventListener(name, (/** @type {MessageEvent} */ { data }) => this.#take(name, data));
    }
  }

  /** Idempotent. */
  close() {
    this.clock.clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  /** @param {any} source */
  async #onError(source) {
    if (source !== this.#source) {
      return;
    }
    this.#set('lost');
    if (source.readyState !== this.EventSource.CLOSED) {
      return; // it tries again itself
    }
    this.close();
    const may = await this.allowed().catch(() => true);
    if (!may) {
      this.#set('refused');
      return;
    }
    this.#timer = this.clock.setTimeout(() => this.open(), AGAIN_MS);
  }

  /**
   * @param {string} name
   * @param {string} text
   */
  #take(name, text) {
    try {
      this.dispatchEvent(new CustomEvent('event', { detail: { name, data: JSON.parse(text) } }));
    } catch (error) {
      log.warn(`${name}: ${error}`);
    }
  }

  /** @param {LiveState} state */
  #set(state) {
    if (this.state !== state) {
      log.info(`${this.state} -> ${state}`);
      this.state = state;
      this.dispatchEvent(new CustomEvent('state', { detail: state }));
    }
  }
}
