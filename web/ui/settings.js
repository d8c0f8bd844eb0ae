// <tc-settings>: the dialog with devices, keyboard shortcuts and diagnostics. Emits tc-choose
// (detail: { kind, deviceId }), tc-shortcuts (detail: boolean), tc-diagnose.

import { deviceListWords } from '../lib/room-words.js';

const KINDS = /** @type {const} */ ({ audio: 'audioinput', video: 'videoinput', speaker: 'audiooutput' });
const NAMES = { audio: 'Microphone', video: 'Camera', speaker: 'Speaker' };

const field = (/** @type {keyof typeof NAMES} */ kind) => `
  <div class="field" data-kind="${kind}">
    <label for="settings-${kind}">${NAMES[kind]}</label>
    <select id="settings-${kind}" aria-describedby="settings-${kind}-help"></select>
    <p class="settings-hint" id="settings-${kind}-help" hidden></p>
  </div>`;

const TEMPLATE = `
  <dialog class="settings" aria-labelledby="settings-title">
    <h2 id="settings-title">Settings</h2>
    ${field('audio')}${field('video')}${field('speaker')}
    <label class="settings-check">
      <input type="checkbox" id="settings-keys" />
      <span>Keyboard shortcuts <kbd>M</kbd> microphone, <kbd>V</kbd> video, <kbd>C</kbd> captions</span>
    </label>
    <div class="settings-help">
      <p class="muted">Something not working? Copy the technical details for support. They hold nothing that was said.</p>
      <button type="button" class="button" id="settings-copy">Copy diagnostics</button>
    </div>
    <button type="button" class="button primary" id="settings-done">Done</button>
  </dialog>`;

/**
 * @typedef {object} SettingsView
 * @property {{ kind: string, deviceId: string, label: string }[]} devices
 * @property {{ audio: string, video: string, speaker: string }} current device ids
 * @property {Record<'audio' | 'video', import('../lib/devices.js').DeviceState>} states
 * @property {boolean} canChooseSpeaker
 * @property {boolean} shortcuts
 */

export class Settings extends HTMLElement {
  /** @type {AbortController | null} */ #life = null;
  /** @type {SettingsView | null} */ #view = null;

  connectedCallback() {
    if (!this.firstElementChild) {
      this.innerHTML = TEMPLATE;
    }
    this.#life = new AbortController();
    const { signal } = this.#life;
    this.addEventListener('change', (event) => this.#onChange(event), { signal });
    this.addEventListener('click', (event) => this.#onClick(event), { signal });
    this.#update();
  }

  disconnectedCallback() {
    this.#life?.abort();
  }

  set view(/** @type {SettingsView} */ view) {
    this.#view = view;
    if (this.isConnected) {
      this.#update();
    }
  }

  open() {
    if (!this.#dialog.open) {
      this.#dialog.showModal();
    }
  }

  /** @param {boolean} done */
  copied(done) {
    const button = /** @type {HTMLElement} */ (this.querySelector('#settings-copy'));
    button.textContent = done ? 'Copied' : 'The browser refused to copy';
  }

  get #dialog() {
    return /** @type {HTMLDialogElement} */ (this.querySelector('dialog'));
  }

  /** @param {Event} event */
  #onChange(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const kind = target.closest('[data-kind]')?.getAttribute('data-kind');
    if (kind) {
      const deviceId = /** @type {HTMLSelectElement} */ (target).value;
      this.#emit('tc-choose', { kind, deviceId });
    } else if (target.id === 'settings-keys') {
      this.#emit('tc-shortcuts', /** @type {HTMLInputElement} */ (target).checked);
    }
  }

  /** @param {Event} event */
  #onClick(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (target.id === 'settings-copy') {
      this.#emit('tc-diagnose', null);
    } else if (target.id === 'settings-done' || target === this.#dialog) {
      this.#dialog.close();
    }
  }

  /**
   * @param {string} name
   * @param {unknown} detail
   */
  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
  }

  #update() {
    const view = this.#view;
    if (!view) {
      return;
    }
    for (const kind of /** @type {(keyof typeof KINDS)[]} */ (Object.keys(KINDS))) {
      this.#updateList(kind, view);
    }
    /** @type {HTMLInputElement} */ (this.querySelector('#settings-keys')).checked = view.shortcuts;
  }

  /**
   * @param {keyof typeof KINDS} kind
   * @param {SettingsView} view
   */
  #updateList(kind, view) {
    const select = /** @type {HTMLSelectElement} */ (this.querySelector(`#settings-${kind}`));
    const devices = view.devices.filter((device) => device.kind === KINDS[kind]);
    const box = /** @type {HTMLElement} */ (select.closest('.field'));
    box.hidden = kind === 'speaker' && (!view.canChooseSpeaker || devices.length === 0);
    select.disabled = devices.length === 0;
    const options = devices.map((device, index) => {
      const name = device.label || `${NAMES[kind]} ${index + 1}`;
      return new Option(name, device.deviceId, false, device.deviceId === view.current[kind]);
    });
    const words = kind === 'speaker' ? null : deviceListWords(kind, view.states[kind]);
    select.replaceChildren(
      ...(options.length > 0 ? options : [new Option(words?.empty ?? 'None found', '')]),
    );
    const help = /** @type {HTMLElement} */ (this.querySelector(`#settings-${kind}-help`));
    // A device that is listed may still be forbidden, by the system for one.
    const wanted = view.states[/** @type {'audio'} */ (kind)] === 'denied' || options.length === 0;
    help.textContent = wanted ? (words?.help ?? '') : '';
    help.hidden = !help.textContent;
  }
}

customElements.define('tc-settings', Settings);
