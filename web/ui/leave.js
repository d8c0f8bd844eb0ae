// <tc-leave>: the coach's two ways out, asked at the Leave button. Emits tc-leave-alone (the others
// go on) and tc-end (for everybody).

/** @typedef {{ leave: string, end: string }} LeaveWords what either way means for the others */

const choice = (/** @type {string} */ name, /** @type {string} */ wish, /** @type {string} */ label) => `
  <button type="button" class="leave-choice leave-${name}" data-wish="${wish}">
    <span class="leave-name" id="leave-${name}">${label}</span>
    <span class="leave-words" id="leave-${name}-words"></span>
  </button>`;

const TEMPLATE = `
  <dialog class="leave" aria-labelledby="leave-title">
    <h2 id="leave-title">How do you want to go?</h2>
    ${choice('alone', 'tc-leave-alone', 'Leave')}
    ${choice('end', 'tc-end', 'End for everyone')}
    <p class="message leave-trouble" role="alert" hidden></p>
    <button type="button" class="button quiet leave-stay">Stay in the call</button>
  </dialog>`;

const NARROW = '(max-width: 640px)';
const GAP = 12;

export class Leave extends HTMLElement {
  /** @type {AbortController | null} */ #life = null;

  connectedCallback() {
    if (!this.firstElementChild) {
      this.innerHTML = TEMPLATE;
    }
    this.#life = new AbortController();
    this.addEventListener('click', (event) => this.#onClick(event), { signal: this.#life.signal });
  }

  disconnectedCallback() {
    this.#life?.abort();
  }

  set words(/** @type {LeaveWords} */ { leave, end }) {
    this.#text('#leave-alone-words', leave);
    this.#text('#leave-end-words', end);
  }

  /** @param {Element | null} button where it is asked, on a screen that has the room */
  open(button) {
    if (this.#dialog.open) {
      return;
    }
    this.#settle('');
    this.#dialog.showModal();
    this.#place(button);
  }

  /** It could not be ended. @param {string} words */
  failed(words) {
    this.#settle(words);
  }

  get #dialog() {
    return /** @type {HTMLDialogElement} */ (this.querySelector('dialog'));
  }

  /** @param {Event} event */
  #onClick(event) {
    const target = /** @type {Element} */ (event.target);
    const button = target.closest('button');
    if (target === this.#dialog || button?.matches('.leave-stay')) {
      this.#dialog.close();
    } else if (button?.dataset.wish) {
      this.#settle('', button.matches('.leave-end'));
      this.dispatchEvent(new CustomEvent(button.dataset.wish, { bubbles: true }));
    }
  }

  /**
   * @param {string} trouble
   * @param {boolean} [ending] it is on its way
   */
  #settle(trouble, ending = false) {
    const message = /** @type {HTMLElement} */ (this.querySelector('.leave-trouble'));
    message.textContent = trouble;
    message.hidden = trouble === '';
    this.#text('#leave-end', ending ? 'Ending…' : 'End for everyone');
    /** @type {HTMLButtonElement} */ (this.querySelector('.leave-end')).disabled = ending;
  }

  /** @param {Element | null} button */
  #place(button) {
    const { style, classList } = this.#dialog;
    const anchored = button !== null && !matchMedia(NARROW).matches;
    style.inset = '';
    classList.toggle('at-button', anchored);
    if (anchored) {
      const { top, left, right } = button.getBoundingClientRect();
      const width = this.#dialog.offsetWidth;
      const middle = (left + right - width) / 2;
      const { clientWidth, clientHeight } = document.documentElement;
      const most = clientWidth - width - GAP;
      style.inset = `auto auto ${clientHeight - top + GAP}px ${Math.max(GAP, Math.min(middle, most))}px`;
    }
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

customElements.define('tc-leave', Leave);
