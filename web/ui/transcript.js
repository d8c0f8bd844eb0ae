// <tc-transcript>: everything said, by whom and when. Follows the end unless one scrolled up.

import { iconHref } from './media.js';

// So near the end still counts as at it: about a line.
const NEAR_END_PX = 48;

/** @typedef {{ id: string, speaker: string, name: string, side: 'self' | 'other' | 'orb', stamp: string, text: string, final: boolean }} Entry */

export class Transcript extends HTMLElement {
  /** @type {Entry[]} */ #entries = [];
  #follows = true;
  #size = '';
  /** @type {AbortController | null} */ #life = null;

  connectedCallback() {
    if (!this.firstElementChild) {
      // No live region: captions read the words out already. It scrolls, so the keyboard must reach it.
      this.innerHTML = `
        <p class="transcript-empty">What is said appears here, with who said it and when.</p>
        <ol class="transcript-list" tabindex="0" aria-label="Transcript"></ol>
        <button type="button" class="button transcript-newest" hidden>
          <svg class="icon" aria-hidden="true"><use href="${iconHref('down')}"></use></svg>
          <span>Jump to newest</span>
        </button>`;
    }
    this.#life = new AbortController();
    const { signal } = this.#life;
    this.#list.addEventListener('scroll', () => this.#onScroll(), { signal });
    this.#button.addEventListener('click', () => this.#jump(), { signal });
    // A turned phone or a moved window moves the end away without anybody scrolling.
    const observer = new ResizeObserver(() => this.#settle());
    observer.observe(this.#list);
    signal.addEventListener('abort', () => observer.disconnect());
    this.#update();
  }

  disconnectedCallback() {
    this.#life?.abort();
  }

  set entries(/** @type {Entry[]} */ entries) {
    this.#entries = entries;
    if (this.isConnected) {
      this.#update();
    }
  }

  #update() {
    const empty = /** @type {HTMLElement} */ (this.firstElementChild);
    const list = this.#list;
    empty.hidden = this.#entries.length > 0;
    list.hidden = this.#entries.length === 0;
    const known = new Map([...list.children].map((item) => [item.getAttribute('data-id'), item]));
    this.#entries.forEach((entry, index) => {
      const item = known.get(entry.id) ?? emptyItem(entry.id);
      known.delete(entry.id);
      fill(item, entry, this.#entries[index - 1]?.speaker === entry.speaker);
      if (list.children[index] !== item) {
        list.insertBefore(item, list.children[index] ?? null);
      }
    });
    known.forEach((item) => item.remove());
    this.#settle();
  }

  get #list() {
    return /** @type {HTMLElement} */ (this.querySelector('.transcript-list'));
  }

  get #button() {
    return /** @type {HTMLButtonElement} */ (this.querySelector('.transcript-newest'));
  }

  /** Scrolled by the reader, or by the browser since something changed its size: then it is no wish. */
  #onScroll() {
    const list = this.#list;
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_END_PX;
    if (atEnd || this.#size === sizeOf(list)) {
      this.#follows = atEnd;
    }
    this.#settle();
  }

  #jump() {
    this.#follows = true;
    this.#list.focus();
    this.#settle();
  }

  #settle() {
    const list = this.#list;
    if (this.#follows) {
      list.scrollTop = list.scrollHeight;
    }
    this.#size = sizeOf(list);
    this.#button.hidden = this.#follows;
  }
}

/** @param {HTMLElement} list */
function sizeOf(list) {
  return `${list.clientWidth} ${list.clientHeight} ${list.scrollHeight}`;
}

/** @param {string} id */
function emptyItem(id) {
  const item = document.createElement('li');
  item.dataset.id = id;
  const head = document.createElement('p');
  head.className = 'transcript-head';
  head.append(document.createElement('b'), document.createElement('time'));
  const text = document.createElement('p');
  text.className = 'transcript-text';
  item.append(head, text);
  return item;
}

/**
 * @param {Element} item
 * @param {Entry} entry
 * @param {boolean} goesOn the same one spoke just before: a new orb is another
 */
function fill(item, entry, goesOn) {
  item.className = `transcript-item from-${entry.side}`;
  item.classList.toggle('is-partial', !entry.final);
  item.classList.toggle('goes-on', goesOn);
  const [name, time] = item.children[0].children;
  const text = item.children[1];
  name.textContent = entry.name;
  time.textContent = entry.stamp;
  if (text.textContent !== entry.text) {
    text.textContent = entry.text;
  }
}

customElements.define('tc-transcript', Transcript);
