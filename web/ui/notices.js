// <tc-notices>: what must be said right now, each with at most one button. Emits tc-notice with the
// notice's id when its button is pressed.

import { iconHref } from './media.js';

/** @typedef {import('../lib/room-words.js').Notice} Notice */

export class Notices extends HTMLElement {
  /** @type {Notice[]} */ #notices = [];
  /** @type {Set<string>} */ #dismissed = new Set();

  connectedCallback() {
    this.setAttribute('role', 'status');
    this.#update();
  }

  set notices(/** @type {Notice[]} */ notices) {
    this.#notices = notices;
    if (this.isConnected) {
      this.#update();
    }
  }

  #update() {
    // Dismissed holds for these words only: a new reason is news.
    const shown = this.#notices.filter((notice) => !this.#dismissed.has(notice.id + notice.words));
    const keys = shown.map((notice) => notice.id + notice.words);
    for (const element of [...this.children]) {
      if (!keys.includes(element.getAttribute('data-key') ?? '')) {
        element.remove();
      }
    }
    shown.forEach((notice, index) => {
      const known = [...this.children].some((each) => each.getAttribute('data-key') === keys[index]);
      if (!known) {
        this.insertBefore(this.#make(notice, keys[index]), this.children[index] ?? null);
      }
    });
  }

  /**
   * @param {Notice} notice
   * @param {string} key
   */
  #make({ id, tone, words, action }, key) {
    const element = document.createElement('div');
    element.className = `notice ${tone}`;
    element.dataset.key = key;
    const text = document.createElement('p');
    text.textContent = words;
    element.append(text);
    if (action) {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'button';
      button.textContent = action;
      button.onclick = () => this.dispatchEvent(new CustomEvent('tc-notice', { detail: id, bubbles: true }));
      element.append(button);
    }
    if (id !== 'playback' && id !== 'link') {
      element.append(this.#dismissButton(key));
    }
    return element;
  }

  /** @param {string} key */
  #dismissButton(key) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'notice-close';
    button.setAttribute('aria-label', 'Dismiss');
    button.innerHTML = `<svg class="icon" aria-hidden="true"><use href="${iconHref('close')}"></use></svg>`;
    button.onclick = () => {
      this.#dismissed.add(key);
      this.#update();
    };
    return button;
  }
}

customElements.define('tc-notices', Notices);
