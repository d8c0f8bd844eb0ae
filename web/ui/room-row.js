// <tc-room-row>: one room and its orb on the dashboard. Wishes go up as `tc-orb` { room, action }.

import './chart.js';
import { age, figure, linkWords, SAMPLES, TONES } from '../lib/dashboard-state.js';

/** @typedef {import('../lib/dashboard-state.js').SeenRoom} SeenRoom */
/** @typedef {{ row: SeenRoom, now: number, sampleMs: number }} RowView */

const TEMPLATE = `
  <div class="row-head">
    <h3></h3>
    <p class="muted row-people"></p>
  </div>
  <div class="row-orb">
    <p><span class="pill"></span> <span class="muted row-age"></span></p>
    <p class="row-reason muted"></p>
  </div>
  <dl class="row-figures">
    <div><dt>CPU</dt><dd></dd><dd><tc-chart></tc-chart></dd></div>
    <div><dt>Memory</dt><dd></dd><dd><tc-chart></tc-chart></dd></div>
    <div><dt>Answer</dt><dd></dd><dd><tc-chart></tc-chart></dd></div>
  </dl>
  <ul class="row-links muted"></ul>
  <div class="row-actions">
    <button class="button small" type="button" data-action="restart">Restart</button>
    <button class="button small danger" type="button" data-action="end">End</button>
  </div>`;

const FIGURES = /** @type {const} */ ([
  { name: 'cpuPercent', label: 'CPU', unit: '%', colour: '--accent' },
  { name: 'memoryMb', label: 'Memory', unit: 'MB', colour: '--good' },
  { name: 'latencyMs', label: 'Answer latency', unit: 'ms', colour: '--warn' },
]);

export class RoomRow extends HTMLElement {
  /** @type {RowView | null} */ #view = null;
  #built = false;

  connectedCallback() {
    if (!this.#built) {
      this.innerHTML = TEMPLATE;
      this.#built = true;
      this.addEventListener('click', (event) => this.#onClick(event));
    }
    this.#update();
  }

  set view(/** @type {RowView} */ view) {
    this.#view = view;
    if (this.isConnected) {
      this.#update();
    }
  }

  /** @param {Event} event */
  #onClick(event) {
    const button = /** @type {HTMLElement} */ (event.target).closest('button');
    if (button && this.#view) {
      const detail = { room: this.#view.row.room, action: button.dataset.action };
      this.dispatchEvent(new CustomEvent('tc-orb', { bubbles: true, detail }));
    }
  }

  #update() {
    if (!this.#view) {
      return;
    }
    const { row, now } = this.#view;
    const orb = row.orb;
    this.#text('h3', row.room);
    this.#text('.row-people', peopleWords(row.people));
    const pill = this.#find('.pill');
    pill.className = `pill ${orb ? (TONES[orb.state] ?? '') : ''}`;
    this.#text('.pill', orb ? orb.state : 'no orb');
    this.#text('.row-age', ageWords(orb, now));
    this.#text('.row-reason', orb?.reason ?? '');
    this.#figures();
    this.#links();
    const buttons = /** @type {NodeListOf<HTMLButtonElement>} */ (this.querySelectorAll('button'));
    buttons.forEach((button) => {
      const end = button.dataset.action === 'end';
      button.disabled = !orb || (end && !orb.pid) || orb.state === 'draining';
      button.setAttribute('aria-label', `${end ? 'End' : 'Restart'} the orb of ${row.room}`);
    });
  }

  #figures() {
    const { row, now, sampleMs } = /** @type {RowView} */ (this.#view);
    const boxes = this.querySelectorAll('.row-figures > div');
    FIGURES.forEach(({ name, label, unit, colour }, index) => {
      const box = boxes[index];
      const value = figure(row.orb?.[name] ?? null, unit);
      const values = row.series?.[name] ?? [];
      const dd = /** @type {HTMLElement} */ (box.querySelector('dd'));
      setText(dd, value);
      const begin = now - (values.length - 1) * sampleMs;
      /** @type {import('./chart.js').Chart} */ (box.querySelector('tc-chart')).view = {
        columns: [values.map((_, at) => (begin + at * sampleMs) / 1000), values],
        lines: [{ label, colour, unit }],
        label: `${label} of the last minutes: ${value} now`,
        spanS: (SAMPLES * sampleMs) / 1000,
        spark: true,
      };
    });
  }

  #links() {
    const { row } = /** @type {RowView} */ (this.#view);
    const list = this.#find('.row-links');
    const words = row.links.map(linkWords);
    while (list.children.length > words.length) {
      list.lastElementChild?.remove();
    }
    words.forEach((text, index) => {
      const item = list.children[index] ?? list.appendChild(document.createElement('li'));
      setText(/** @type {HTMLElement} */ (item), text);
    });
    list.hidden = words.length === 0;
  }

  /** @param {string} selector */
  #find(selector) {
    return /** @type {HTMLElement} */ (this.querySelector(selector));
  }

  /**
   * @param {string} selector
   * @param {string} text
   */
  #text(selector, text) {
    setText(this.#find(selector), text);
  }
}

/**
 * @param {HTMLElement} element
 * @param {string} text
 */
function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/** @param {SeenRoom['people']} people */
function peopleWords(people) {
  if (people.length === 0) {
    return 'nobody is in';
  }
  return people.map(({ role, away }) => (away ? `${role} (away)` : role)).join(', ');
}

/**
 * @param {SeenRoom['orb']} orb
 * @param {number} now
 */
function ageWords(orb, now) {
  if (!orb) {
    return '';
  }
  if (!orb.started) {
    return orb.since ? `for ${age(now - orb.since)}` : '';
  }
  const life = orb.life > 1 ? `, life ${orb.life}` : '';
  return `up ${age(now - orb.started)} · pid ${orb.pid}${life}`;
}

customElements.define('tc-room-row', RoomRow);
