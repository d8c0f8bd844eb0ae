// What outlives a page: the user's wishes (for good), and the session so far (in this tab, so that a
// reload resumes).

/**
 * @typedef {object} Wishes
 * @property {boolean} captions
 * @property {boolean} shortcuts
 * @property {string} speaker a device id, '' is the default
 * @property {{ audio?: string, video?: string }} chosen device ids
 * @property {{ audio: boolean, video: boolean }} on this tab only
 */

const WISHES = 'tricall.wishes';
const ON = 'tricall.on';
const SAVE_EVERY_MS = 2_000;
// A reload, or a short way out and back. Later it is another session.
const GOOD_FOR_MS = 3 * 60_000;

/** @returns {Wishes} */
export function loadWishes() {
  return {
    captions: true,
    shortcuts: true,
    speaker: '',
    chosen: {},
    ...read('localStorage', WISHES),
    on: { audio: true, video: true, ...read('sessionStorage', ON) },
  };
}

/** @param {Wishes} wishes */
export function saveWishes({ on, ...wishes }) {
  write('localStorage', WISHES, wishes);
  write('sessionStorage', ON, on);
}

/** Keeps one session's transcript and start over a reload of the tab. */
export class Keeper {
  #savedAt = 0;

  /** @param {string} roomId the session's id is not known before somebody joined */
  constructor(roomId) {
    this.key = `tricall.session.${roomId}`;
  }

  /** @returns {{ utterances?: import('./room-state.js').Utterance[], startedAt?: number }} */
  load() {
    const kept = read('sessionStorage', this.key);
    return kept && Date.now() - kept.savedAt < GOOD_FOR_MS ? kept : {};
  }

  /**
   * @param {import('./room-state.js').RoomState} state
   * @param {boolean} [now]
   */
  save({ utterances, startedAt, ended }, now = false) {
    if (ended?.code === '4000') {
      write('sessionStorage', this.key, null);
    } else if (now || Date.now() - this.#savedAt > SAVE_EVERY_MS) {
      this.#savedAt = Date.now();
      const finals = utterances.filter((utterance) => utterance.final);
      write('sessionStorage', this.key, { utterances: finals, startedAt, savedAt: this.#savedAt });
    }
  }
}

/**
 * @param {'localStorage' | 'sessionStorage'} store
 * @param {string} key
 * @returns {any}
 */
function read(store, key) {
  try {
    return JSON.parse(globalThis[store].getItem(key) ?? 'null');
  } catch {
    return null;
  }
}

/**
 * @param {'localStorage' | 'sessionStorage'} store
 * @param {string} key
 * @param {unknown} value null removes
 */
function write(store, key, value) {
  try {
    if (value === null) {
      globalThis[store].removeItem(key);
    } else {
      globalThis[store].setItem(key, JSON.stringify(value));
    }
  } catch {
    // Storage is full or forbidden: the next page starts afresh, nothing else is lost.
  }
}
