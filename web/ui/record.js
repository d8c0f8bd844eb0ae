// <tc-record>: after the call, what came of it: the summary once there is one, and the transcript to
// save. The coach's.

import { summaryParts } from '../lib/session.js';

/**
 * @typedef {object} RecordView
 * @property {'waiting' | 'there' | 'open' | 'none' | 'failed'} state open: the call goes on
 * @property {import('../lib/session.js').SessionRecord | null} session
 * @property {(format: 'md' | 'vtt') => string} fileUrl
 */

const WORDS = {
  waiting: 'The summary is being written…',
  there: '',
  open: 'The session goes on; its summary comes when it has ended.',
  none: 'There is no summary of this session.',
  failed: 'The summary cannot be loaded at the moment.',
};
const FILES = /** @type {const} */ ([
  ['md', 'Transcript as text'],
  ['vtt', 'Transcript as captions'],
]);

export class SessionRecordView extends HTMLElement {
  connectedCallback() {
    if (!this.firstElementChild) {
      this.innerHTML = `
        <h2>Summary</h2>
        <p class="muted record-words" role="status"></p>
        <dl class="record-parts"></dl>
        <p class="record-files"></p>`;
    }
  }

  set view(/** @type {RecordView} */ { state, session, fileUrl }) {
    /** @type {HTMLElement} */ (this.querySelector('.record-words')).textContent = WORDS[state];
    const parts = /** @type {HTMLElement} */ (this.querySelector('.record-parts'));
    parts.replaceChildren(...summaryParts(session?.summary ?? null).flatMap(partOf));
    const files = /** @type {HTMLElement} */ (this.querySelector('.record-files'));
    const any = (session?.transcript.length ?? 0) > 0;
    files.replaceChildren(...(any ? FILES.map(([format, name]) => fileLink(fileUrl(format), name)) : []));
  }
}

/** @param {{ heading: string, lines: string[] }} part */
function partOf({ heading, lines }) {
  const term = document.createElement('dt');
  term.textContent = heading;
  return [
    term,
    ...lines.map((line) => {
      const item = document.createElement('dd');
      item.textContent = line;
      return item;
    }),
  ];
}

/**
 * @param {string} href
 * @param {string} name
 */
function fileLink(href, name) {
  const link = document.createElement('a');
  link.className = 'button';
  link.href = href;
  link.download = '';
  link.textContent = name;
  return link;
}

customElements.define('tc-record', SessionRecordView);
