// <tc-tile>: one person, self or other: picture, or initials and a word why there is none.

import { initials } from '../lib/appointments.js';
import { isSilenced, playIn, playOn, resume, setIcon } from './media.js';

const TEMPLATE = `
  <video class="tile-video" autoplay playsinline></video>
  <div class="tile-empty">
    <div class="tile-face" aria-hidden="true"></div>
    <p class="tile-words"></p>
  </div>
  <p class="tile-name">
    <svg class="icon" aria-hidden="true" hidden><use></use></svg>
    <span class="tile-who"></span>
    <span class="tile-mic"></span>
  </p>`;

/**
 * @typedef {object} TileView
 * @property {string} name
 * @property {string} words under the initials, or over a picture that is stale
 * @property {boolean} picture
 * @property {boolean} stale it stands still
 * @property {MediaStream | null} stream
 * @property {boolean} self mirrored, silent
 * @property {string} mic why they are not heard, '': they are
 * @property {boolean} away nobody is there
 */

export class Tile extends HTMLElement {
  /** @type {TileView} */ #view = {
    name: '',
    words: '',
    picture: false,
    stale: false,
    stream: null,
    self: false,
    mic: '',
    away: false,
  };
  #built = false;

  connectedCallback() {
    if (!this.#built) {
      this.innerHTML = TEMPLATE;
      this.#built = true;
    }
    this.#update();
  }

  disconnectedCallback() {
    this.#video.srcObject = null;
  }

  set view(/** @type {TileView} */ view) {
    this.#view = view;
    if (this.isConnected) {
      this.#update();
    }
  }

  /** Many times a second, so apart from update(). @param {import('../lib/speaking.js').Voice} voice */
  set voice(voice) {
    this.classList.toggle('speaking', voice.speaking);
    this.style.setProperty('--level', voice.level.toFixed(2));
  }

  /** After a click: the browser lets us now. */
  resume() {
    resume(this.#video);
  }

  /** @param {string} deviceId */
  playOn(deviceId) {
    playOn(this.#video, deviceId);
  }

  get #video() {
    return /** @type {HTMLVideoElement} */ (this.querySelector('video'));
  }

  #update() {
    const { name, words, picture, stale, stream, self, mic, away } = this.#view;
    const label = self ? `${name} (you)` : name;
    this.classList.toggle('has-picture', picture);
    this.classList.toggle('is-stale', stale);
    this.classList.toggle('is-self', self);
    this.classList.toggle('is-away', away);
    this.setAttribute('role', 'group');
    this.setAttribute('aria-label', [label, mic, words].filter(Boolean).join('. '));
    this.#video.muted = self || isSilenced(this.#video);
    playIn(this.#video, stream);
    this.#text('.tile-face', initials(name));
    this.#text('.tile-words', words);
    this.#text('.tile-who', self ? 'You' : name);
    this.#text('.tile-mic', mic);
    const icon = /** @type {SVGElement} */ (this.querySelector('.tile-name .icon'));
    icon.toggleAttribute('hidden', mic === '');
    setIcon(icon, 'mic-off');
  }

  /**
   * @param {string} selector
   * @param {string} text
   */
  #text(selector, text) {
    const element = /** @type {HTMLElement} */ (this.querySelector(selector));
    if (element.textContent !== text) {
      element.textContent = text;
    }
  }
}

customElements.define('tc-tile', Tile);
