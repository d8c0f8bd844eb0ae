// <tc-orb>: the orb. Its own picture when it comes, a drawn one of the same mood until then.

import { playIn, playOn, resume } from './media.js';

const TEMPLATE = `
  <div class="orb-halo" aria-hidden="true"></div>
  <div class="orb-drawn" aria-hidden="true"><i></i></div>
  <video class="orb-video" autoplay playsinline></video>
  <p class="orb-answers"></p>
  <p class="orb-words" role="status"></p>
  <p class="tile-name"><i class="orb-dot" aria-hidden="true"></i><span></span></p>`;

/**
 * @typedef {object} OrbView
 * @property {import('../lib/room-words.js').OrbWords} words
 * @property {string} answers whom it answers
 * @property {'none' | 'stale' | 'live'} picture
 * @property {boolean} muted by the coach
 * @property {MediaStream | null} stream
 */

export class Orb extends HTMLElement {
  /** @type {OrbView} */ #view = {
    words: { mood: 'coming', label: '', words: '' },
    answers: '',
    picture: 'none',
    muted: false,
    stream: null,
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

  set view(/** @type {OrbView} */ view) {
    this.#view = view;
    if (this.isConnected) {
      this.#update();
    }
  }

  /** @param {import('../lib/speaking.js').Voice} voice */
  set voice(voice) {
    this.style.setProperty('--level', voice.level.toFixed(2));
  }

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
    const { words, answers, picture, muted, stream } = this.#view;
    this.dataset.mood = words.mood;
    this.classList.toggle('has-picture', picture !== 'none');
    this.classList.toggle('is-stale', picture === 'stale');
    this.classList.toggle('is-muted', muted);
    this.setAttribute('role', 'group');
    this.setAttribute('aria-label', words.label ? `Orb: ${words.label}` : 'Orb');
    playIn(this.#video, stream);
    this.#text('.orb-words', words.words);
    this.#text('.orb-answers', answers);
    this.#text('.tile-name span', words.label ? `Orb · ${words.label}` : 'Orb');
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

customElements.define('tc-orb', Orb);
