// Room state → the elements of the page. The only place that knows both.

import {
  captionsOf,
  holdOf,
  nameOf,
  orbOf,
  orbPicture,
  partnerOf,
  phaseOf,
  troubleNow,
} from '../lib/room-state.js';
import {
  endedActions,
  endedTitle,
  noticesOf,
  orbAnswers,
  orbWords,
  ownMic,
  partnerMic,
  partnerWords,
  phaseWords,
  roomTitle,
} from '../lib/room-words.js';

/** @typedef {import('../lib/room-state.js').RoomState} RoomState */
/** @typedef {import('../lib/speaking.js').Voice} Voice */

/** @param {string} selector @returns {any} */
const one = (selector) => document.querySelector(selector);

export class RoomView {
  #title = /** @type {HTMLElement} */ (one('#title'));
  #phase = /** @type {HTMLElement} */ (one('#phase'));
  #orb = /** @type {import('../ui/orb.js').Orb} */ (one('tc-orb'));
  #partner = /** @type {import('../ui/tile.js').Tile} */ (one('.partner'));
  #self = /** @type {import('../ui/tile.js').Tile} */ (one('.self'));
  #controls = /** @type {import('../ui/controls.js').Controls} */ (one('tc-controls'));
  #captions = /** @type {import('../ui/captions.js').Captions} */ (one('tc-captions'));
  #notices = /** @type {import('../ui/notices.js').Notices} */ (one('tc-notices'));
  #timer = /** @type {import('../ui/timer.js').Timer} */ (one('tc-timer'));
  settings = /** @type {import('../ui/settings.js').Settings} */ (one('tc-settings'));
  /** @type {MediaStream} */ #own = new MediaStream();

  /**
   * @param {import('../lib/call.js').Call} call
   * @param {boolean} shortcuts
   * @param {boolean | null} transcript
   */
  update(call, shortcuts, transcript) {
    const { state } = call;
    const partner = partnerWords(state);
    const { heading, short, tab } = roomTitle(state);
    setText(one('#title .wide'), heading);
    setText(one('#title .narrow'), short);
    this.#title.title = heading;
    document.title = `${tab} · tricall`;
    setText(this.#phase, phaseWords(state));
    this.#phase.dataset.phase = phaseOf(state);
    document.body.classList.toggle('has-captions', state.captions);
    this.#updatePartner(call, partner);
    this.#updateOrb(call);
    this.#updateSelf(call);
    this.#controls.view = {
      mic: state.devices.audio,
      camera: state.devices.video,
      captions: state.captions,
      transcript,
      shortcuts,
    };
    const { startsAt, startedAt, endsAt } = state;
    this.#timer.times = { startsAt, startedAt, endsAt };
    if (state.ended) {
      const words = state.ended.code === 'left' ? 'Thank you for taking the time.' : state.ended.words;
      showOver({ title: endedTitle(state), words, ...endedActions(state) });
    }
  }

  set voices(/** @type {{ self: Voice, partner: Voice, orb: Voice }} */ { self, partner, orb }) {
    this.#self.voice = self;
    this.#partner.voice = partner;
    this.#orb.voice = orb;
  }

  /**
   * Captions and passing trouble fade by the clock, not only by messages.
   * @param {RoomState} state
   * @param {number} now
   */
  captionsAt(state, now) {
    const shown = state.captions ? captionsOf(state, now) : [];
    this.#captions.captions = shown.map(({ id, userId, text, final }) => {
      return { id, name: nameOf(state, userId).split(' ')[0], text, final };
    });
    const trouble = troubleNow(state, now);
    const notices = noticesOf(state);
    this.#notices.notices = trouble ? [...notices, { id: 'trouble', tone: 'warn', words: trouble }] : notices;
  }

  /** @param {import('../ui/settings.js').SettingsView} view */
  updateSettings(view) {
    this.settings.view = view;
  }

  /** @param {string} deviceId */
  playOn(deviceId) {
    this.#partner.playOn(deviceId);
    this.#orb.playOn(deviceId);
  }

  resume() {
    this.#partner.resume();
    this.#orb.resume();
  }

  /**
   * @param {import('../lib/call.js').Call} call
   * @param {{ name: string, words: string }} words
   */
  #updatePartner(call, { name, words }) {
    const partner = partnerOf(call.state);
    this.#partner.view = {
      name,
      words,
      picture: partner?.video === true,
      stale: partner !== null && holdOf(partner) !== 'good',
      stream: (partner && call.peer(partner.userId)?.stream) ?? null,
      self: false,
      mic: partnerMic(call.state),
      away: partner === null,
    };
  }

  /** @param {import('../lib/call.js').Call} call */
  #updateOrb(call) {
    const orb = orbOf(call.state);
    this.#orb.view = {
      words: orbWords(call.state),
      answers: orbAnswers(call.state),
      picture: orbPicture(call.state),
      muted: call.state.orb.muted,
      stream: (orb && call.peer(orb.userId)?.stream) ?? null,
    };
  }

  /** @param {import('../lib/call.js').Call} call */
  #updateSelf(call) {
    const { devices, me } = call.state;
    const track = call.devices.track('video');
    this.#own.getTracks().forEach((old) => old !== track && this.#own.removeTrack(old));
    if (track && !this.#own.getTracks().includes(track)) {
      this.#own.addTrack(track);
    }
    this.#self.view = {
      name: me.name,
      words: SELF_WORDS[devices.video] ?? '',
      picture: devices.video === 'on' && track !== null,
      stale: false,
      stream: track ? this.#own : null,
      self: true,
      mic: ownMic(devices.audio),
      away: false,
    };
  }
}

/** @type {Record<string, string>} */
const SELF_WORDS = {
  off: 'Your camera is off',
  denied: 'Your camera is blocked',
  missing: 'No camera found',
  busy: 'Your camera is in use elsewhere',
  insecure: 'No camera without HTTPS',
  failed: 'Your camera did not start',
  pending: 'Starting your camera…',
};

/**
 * @param {HTMLElement} element
 * @param {string} text
 */
function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/**
 * The page after the call, or in place of one.
 * @param {{ title: string, words: string, rejoin: string }} over
 */
export function showOver({ title, words, rejoin }) {
  const over = /** @type {HTMLElement} */ (one('#over'));
  if (!over.hidden) {
    return;
  }
  setText(one('#over-title'), title);
  setText(one('#over-words'), words);
  const button = /** @type {HTMLButtonElement} */ (one('#rejoin'));
  setText(button, rejoin);
  button.hidden = rejoin === '';
  button.onclick = () => location.reload();
  for (const element of document.body.children) {
    /** @type {HTMLElement} */ (element).inert = element !== over;
  }
  // A dialog would stay above it, and could not be closed any more.
  document.querySelectorAll('dialog').forEach((dialog) => dialog.close());
  over.hidden = false;
  one('#over-title').focus();
}
