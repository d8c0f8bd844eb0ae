// The coach's room: the shared parts, the transcript, the orb's mute button, and the two ways to leave.

import '../ui/leave.js';
import '../ui/transcript.js';
import { setIcon } from '../ui/media.js';
import { nameOf, orbOf } from '../lib/room-state.js';
import { leaveWords, stampText } from '../lib/room-words.js';
import { openRoom } from './room.js';

/** @typedef {import('../lib/room-state.js').RoomState} RoomState */

const transcript = /** @type {import('../ui/transcript.js').Transcript} */ (
  document.querySelector('tc-transcript')
);
const leave = /** @type {import('../ui/leave.js').Leave} */ (document.querySelector('tc-leave'));
const mute = /** @type {HTMLButtonElement} */ (document.getElementById('orb-mute'));
const close = /** @type {HTMLButtonElement} */ (document.getElementById('panel-close'));
const wide = matchMedia('(min-width: 1021px)');
let shown = wide.matches;

function showPanel() {
  document.body.classList.toggle('has-panel', shown);
}

/**
 * @param {RoomState} state
 * @param {string} userId
 */
function sideOf(state, userId) {
  if (userId === state.me.id) {
    return 'self';
  }
  return nameOf(state, userId) === 'Orb' ? 'orb' : 'other';
}

/** @param {RoomState} state */
function update(state) {
  transcript.entries = state.utterances.map(({ id, userId, text, final, startMs }) => ({
    id,
    speaker: userId,
    name: nameOf(state, userId),
    side: sideOf(state, userId),
    stamp: stampText(startMs),
    text,
    final,
  }));
  leave.words = leaveWords(state);
  const { muted } = state.orb;
  mute.disabled = !orbOf(state);
  mute.setAttribute('aria-pressed', String(muted));
  setIcon(mute, muted ? 'sound-off' : 'sound');
  /** @type {HTMLElement} */ (mute.querySelector('span')).textContent = muted ? 'Orb is muted' : 'Mute orb';
}

showPanel();
openRoom({
  update,
  leave: {
    ask: () => leave.open(document.querySelector('.control-leave')),
    failed: (words) => leave.failed(words),
  },
  transcript: {
    shown: () => shown,
    toggle: () => {
      shown = !shown;
      showPanel();
    },
  },
  wire: (call, refresh) => {
    mute.onclick = () => call.controlOrb(call.state.orb.muted ? 'unmute' : 'mute');
    close.onclick = () => {
      shown = false;
      showPanel();
      refresh();
      /** @type {HTMLElement} */ (document.querySelector('.control-transcript')).focus();
    };
  },
});
