// <tc-controls>: the row of buttons of a call. Wishes go up: tc-mic, tc-camera, tc-captions,
// tc-settings, tc-transcript, tc-leave.

import { iconHref, setIcon } from './media.js';

const button = (/** @type {string} */ name, /** @type {string} */ key) => `
  <button type="button" class="control control-${name}" data-wish="tc-${name}" ${key ? `aria-keyshortcuts="${key}"` : ''}>
    <svg class="icon" aria-hidden="true"><use href="${iconHref(name)}"></use></svg>
    <span class="control-label"></span>
    ${key ? `<kbd aria-hidden="true">${key}</kbd>` : ''}
  </button>`;

const TEMPLATE = `
  <div class="controls">
    ${button('mic', 'M')}${button('camera', 'V')}${button('captions', 'C')}${button('transcript', '')}
    ${button('settings', '')}${button('leave', '')}
  </div>`;

/**
 * @typedef {object} ControlsView
 * @property {import('../lib/devices.js').DeviceState} mic
 * @property {import('../lib/devices.js').DeviceState} camera
 * @property {boolean} captions
 * @property {boolean | null} transcript null: there is none
 * @property {boolean} shortcuts show the keys
 */

export class Controls extends HTMLElement {
  /** @type {ControlsView} */ #view = {
    mic: 'pending',
    camera: 'pending',
    captions: true,
    transcript: null,
    shortcuts: true,
  };
  /** @type {AbortController | null} */ #life = null;

  connectedCallback() {
    if (!this.firstElementChild) {
      this.innerHTML = TEMPLATE;
    }
    this.setAttribute('role', 'region');
    this.setAttribute('aria-label', 'Call controls');
    this.#life = new AbortController();
    this.addEventListener('click', (event) => this.#onClick(event), { signal: this.#life.signal });
    this.#update();
  }

  disconnectedCallback() {
    this.#life?.abort();
  }

  set view(/** @type {ControlsView} */ view) {
    this.#view = view;
    if (this.isConnected) {
      this.#update();
    }
  }

  /** @param {Event} event */
  #onClick(event) {
    const target = /** @type {Element} */ (event.target).closest('button');
    const wish = target?.dataset.wish;
    if (wish) {
      this.dispatchEvent(new CustomEvent(wish, { bubbles: true }));
    }
  }

  #update() {
    const { mic, camera, captions, transcript, shortcuts } = this.#view;
    this.classList.toggle('shows-keys', shortcuts);
    this.#device('mic', mic, 'Mute', 'Unmute', 'No microphone');
    this.#device('camera', camera, 'Stop video', 'Start video', 'No camera');
    this.#set('captions', 'captions', 'Captions', { pressed: captions });
    this.#set('transcript', 'transcript', 'Transcript', { pressed: transcript ?? false });
    this.#button('transcript').hidden = transcript === null;
    this.#set('settings', 'settings', 'Settings', {});
    this.#set('leave', 'leave', 'Leave', {});
  }

  /**
   * @param {'mic' | 'camera'} name
   * @param {import('../lib/devices.js').DeviceState} state
   * @param {string} stop
   * @param {string} start
   * @param {string} none
   */
  #device(name, state, stop, start, none) {
    const on = state === 'on';
    const lacking = !on && state !== 'off' && state !== 'pending';
    const label = on || state === 'pending' ? stop : lacking ? none : start;
    this.#set(name, on || state === 'pending' ? name : `${name}-off`, label, {
      off: !on && state !== 'pending',
    });
    this.#button(name).classList.toggle('is-lacking', lacking);
  }

  /**
   * @param {string} name
   * @param {string} icon
   * @param {string} label
   * @param {{ pressed?: boolean, off?: boolean }} look
   */
  #set(name, icon, label, { pressed, off = false }) {
    const element = this.#button(name);
    setIcon(element, icon);
    const text = /** @type {HTMLElement} */ (element.querySelector('.control-label'));
    if (text.textContent !== label) {
      text.textContent = label;
    }
    element.classList.toggle('is-off', off);
    if (pressed !== undefined) {
      element.setAttribute('aria-pressed', String(pressed));
    }
  }

  /** @param {string} name */
  #button(name) {
    return /** @type {HTMLButtonElement} */ (this.querySelector(`.control-${name}`));
  }
}

customElements.define('tc-controls', Controls);
