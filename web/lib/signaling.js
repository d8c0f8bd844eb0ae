// The signaling socket: joins, keeps itself alive, comes back after a loss with its seat (`resume`),
// and holds what is to be sent meanwhile. The only module that touches WebSocket.

import { explainClose, parse } from './protocol.js';
import { logger } from './log.js';

/** @typedef {import('./protocol.js').OutgoingMessage} OutgoingMessage */
/** @typedef {'connecting' | 'open' | 'down' | 'closed'} LinkState */
/** @typedef {{ state: LinkState, words: string, code?: number, retryAt?: number, attempt: number }} LinkDetail */

/**
 * Timers as functions, so that a test can own time.
 * @typedef {object} Clock
 * @property {() => number} now
 * @property {(fn: () => void, ms: number) => any} setTimeout
 * @property {(id: any) => void} clearTimeout
 */

/** @type {Clock} */
export const wallClock = {
  now: () => Date.now(),
  setTimeout: (fn, ms) => globalThis.setTimeout(fn, ms),
  clearTimeout: (id) => globalThis.clearTimeout(id),
};

const SOCKET_OPEN = 1; // WebSocket.OPEN
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 15_000;
const PING_EVERY_MS = 15_000;
const SILENCE_MEANS_DEAD_MS = 10_000;
// The server holds a lost seat for 10 s (protocol.md section 1). Past this, ask for a fresh join, so
// that the others rebuild what they closed.
const SEAT_HELD_MS = 9_000;
const QUEUE_LIMIT = 256;
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Emits `state` (detail: LinkDetail), `message` (detail: ServerMessage), and `fresh` before a join
 * that does not resume: the others may have given up what was agreed with them.
 */
export class Signaling extends EventTarget {
  /** @type {WebSocket | null} */ #socket = null;
  /** @type {LinkState} */ #state = 'connecting';
  /** @type {OutgoingMessage[]} */ #queue = [];
  #attempt = 0;
  #joined = false;
  #lostAt = 0;
  /** @type {any} */ #retryTimer;
  /** @type {any} */ #pingTimer;
  /** @type {any} */ #deadTimer;
  #log = logger('signaling');

  /**
   * @param {object} options
   * @param {string} options.url
   * @param {OutgoingMessage} options.join the message to join with
   * @param {typeof globalThis.WebSocket} [options.WebSocket]
   * @param {Clock} [options.clock]
   * @param {() => number} [options.random]
   */
  constructor({ url, join, WebSocket = globalThis.WebSocket, clock = wallClock, random = Math.random }) {
    super();
    this.url = url;
    this.join = join;
    this.WebSocket = WebSocket;
    this.clock = clock;
    this.random = random;
  }

  get state() {
    return this.#state;
  }

  /** How many messages wait for the socket. */
  get queued() {
    return this.#queue.length;
  }

  open() {
    if (this.#socket || this.#state === 'closed') {
      return;
    }
    this.clock.clearTimeout(this.#retryTimer);
    const socket = new this.WebSocket(this.url);
    this.#socket = socket;
    // A listener of a socket that was given up must not touch its successor.
    const mine = () => this.#socket === socket;
    socket.onopen = () => mine() && this.#onOpen(socket);
    socket.onmessage = (event) => mine() && this.#onFrame(event.data);
    socket.onclose = (event) => mine() && this.#onClose(event.code, event.reason);
    this.#deadTimer = this.clock.setTimeout(() => this.#giveUp('no connection'), CONNECT_TIMEOUT_MS);
  }

  /**
   * Sends now, or as soon as the room is joined (again). A socket that is closing already takes
   * nothing any more, though its close event is still to come.
   * @param {OutgoingMessage} message
   */
  send(message) {
    if (this.#state === 'open' && this.#socket?.readyState === SOCKET_OPEN) {
      this.#socket.send(JSON.stringify(message));
    } else if (this.#state !== 'closed') {
      this.#queue.push(message);
      if (this.#queue.length > QUEUE_LIMIT) {
        this.#queue.shift();
        this.#log.warn('queue full, oldest message dropped');
      }
    }
  }

  /** Something suggests that the network is back: do not wait for the timer. */
  nudge() {
    if (this.#state === 'down') {
      this.open();
    } else if (this.#state === 'open') {
      this.#ping();
    }
  }

  /** Leaves for good. Idempotent. */
  close() {
    if (this.#state === 'closed') {
      return;
    }
    if (this.#state === 'open') {
      this.send({ type: 'leave' });
    }
    const socket = this.#socket;
    this.#drop();
    this.#queue = [];
    socket?.close(1000);
    this.#setState('closed', { words: 'You left the call.' });
  }

  /** @param {WebSocket} socket */
  #onOpen(socket) {
    this.#clearDead();
    const resume = this.#joined && this.clock.now() - this.#lostAt < SEAT_HELD_MS;
    if (this.#joined && !resume) {
      this.#queue = [];
      this.dispatchEvent(new Event('fresh'));
    }
    socket.send(JSON.stringify(resume ? { ...this.join, resume: true } : this.join));
    this.#log.info(resume ? 'resuming' : 'joining');
  }

  /** @param {any} data */
  #onFrame(data) {
    this.#clearDead();
    const { message, why } = parse(String(data));
    if (!message) {
      this.#log.warn(`dropped a message: ${why}`);
      return;
    }
    if (message.type === 'peer-discovery' && this.#state !== 'open') {
      this.#onJoined();
    }
    if (message.type === 'ping') {
      this.send({ type: 'pong' });
    } else if (message.type !== 'pong') {
      this.#log.debug(`<- ${message.type}`);
      this.dispatchEvent(new CustomEvent('message', { detail: message }));
    }
  }

  #onJoined() {
    this.#joined = true;
    this.#attempt = 0;
    this.#setState('open', { words: '' });
    const queue = this.#queue;
    this.#queue = [];
    queue.forEach((message) => this.send(message));
    this.#schedulePing();
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #onClose(code, reason) {
    const { final, words } = explainClose(code, reason);
    this.#log.info(`closed ${code} ${reason}`);
    this.#drop();
    if (final) {
      this.#setState('closed', { words, code });
      return;
    }
    if (this.#state === 'open') {
      this.#lostAt = this.clock.now();
    }
    const wait = this.#backOff();
    this.#retryTimer = this.clock.setTimeout(() => this.open(), wait);
    this.#setState('down', { words, code, retryAt: this.clock.now() + wait });
  }

  /** @param {string} why */
  #giveUp(why) {
    const socket = this.#socket;
    this.#log.warn(`giving the socket up: ${why}`);
    this.#onClose(1006, why);
    socket?.close();
  }

  /** Doubles, with half of it random, so that a restarted server is not hit by all at once. */
  #backOff() {
    const most = Math.min(FIRST_RETRY_MS * 2 ** this.#attempt++, LONGEST_RETRY_MS);
    return Math.round(most / 2 + (this.random() * most) / 2);
  }

  #schedulePing() {
    this.clock.clearTimeout(this.#pingTimer);
    this.#pingTimer = this.clock.setTimeout(() => this.#ping(), PING_EVERY_MS);
  }

  #ping() {
    this.send({ type: 'ping' });
    this.#deadTimer ??= this.clock.setTimeout(() => this.#giveUp('no answer'), SILENCE_MEANS_DEAD_MS);
    this.#schedulePing();
  }

  #clearDead() {
    this.clock.clearTimeout(this.#deadTimer);
    this.#deadTimer = undefined;
  }

  #drop() {
    this.#socket = null;
    this.#clearDead();
    this.clock.clearTimeout(this.#pingTimer);
    this.clock.clearTimeout(this.#retryTimer);
  }

  /**
   * @param {LinkState} state
   * @param {Partial<LinkDetail>} detail
   */
  #setState(state, detail) {
    this.#state = state;
    this.dispatchEvent(
      new CustomEvent('state', { detail: { state, words: '', attempt: this.#attempt, ...detail } }),
    );
  }
}
