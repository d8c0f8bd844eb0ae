// <tc-captions>: the words being said now. Partials are shown as they come; only finals are read out.

/** @typedef {{ id: string, name: string, text: string, final: boolean }} Caption */

export class Captions extends HTMLElement {
  /** @type {Caption[]} */ #captions = [];
  /** @type {Set<string>} */ #announced = new Set();

  connectedCallback() {
    if (!this.firstElementChild) {
      this.innerHTML = `
        <div class="caption-lines" aria-hidden="true"></div>
        <div class="visually-hidden" role="log" aria-live="polite" aria-label="Said"></div>`;
      this.setAttribute('role', 'region');
      this.setAttribute('aria-label', 'Captions');
    }
    this.#update();
  }

  set captions(/** @type {Caption[]} */ captions) {
    this.#captions = captions;
    if (this.isConnected) {
      this.#update();
    }
  }

  #update() {
    const lines = /** @type {HTMLElement} */ (this.firstElementChild);
    while (lines.children.length > this.#captions.length) {
      lines.lastElementChild?.remove();
    }
    this.#captions.forEach((caption, index) => {
      const line = lines.children[index] ?? lines.appendChild(emptyLine());
      line.classList.toggle('is-final', caption.final);
      this.#text(line.children[0], caption.name);
      this.#text(line.children[1].children[0], caption.text);
    });
    this.#announce();
  }

  #announce() {
    const live = /** @type {HTMLElement} */ (this.lastElementChild);
    for (const { id, name, text, final } of this.#captions) {
      if (final && !this.#announced.has(id)) {
        this.#announced.add(id);
        const said = document.createElement('p');
        said.textContent = `${name}: ${text}`;
        live.append(said);
      }
    }
    while (live.children.length > 4) {
      live.firstElementChild?.remove();
    }
  }

  /**
   * @param {Element} element
   * @param {string} text
   */
  #text(element, text) {
    if (element.textContent !== text) {
      element.textContent = text;
    }
  }
}

function emptyLine() {
  const line = document.createElement('p');
  line.className = 'caption';
  const name = document.createElement('b');
  // Two boxes, so that a long partial shows its end, which is what was just said.
  const box = document.createElement('span');
  box.append(document.createElement('span'));
  line.append(name, box);
  return line;
}

customElements.define('tc-captions', Captions);
