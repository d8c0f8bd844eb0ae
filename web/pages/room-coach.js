// The coach's room: the shared parts, the transcript, the orb's mute button, and the two ways to leave.

import '../ui/leave.js';
import '../ui/record.js';
import '../ui/transcript.js';
import { setIcon } from '../ui/media.js';
import * as api from '../lib/api.js';
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
const record = /** @type {import('../ui/record.js').SessionRecordView} */ (
  document.querySelector('tc-record')
);
// An orb has half a minute for its summary; the server writes one in its place then.
const SUMMARY_WITHIN_MS = 45_000;
const ASK_EVERY_MS = 1_500;
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

/**
 * What came of it, below the last words. While an orb may still write, ask again.
 * @param {RoomState} state
 * @param {string} sessionId
 */
async function showRecord({ ended }, sessionId) {
  if (!['left', '4000'].includes(ended?.code ?? '')) {
    return;
  }
  const over = ended?.code === '4000';
  const until = Date.now() + SUMMARY_WITHIN_MS;
  const fileUrl = (/** @type {'md' | 'vtt'} */ format) => api.sessionFile(sessionId, format);
  record.hidden = false;
  for (;;) {
    const session = await api.session(sessionId).catch((error) => error);
    const late = Date.now() > until;
    if (session instanceof Error) {
      const nothing = session instanceof api.ApiError && session.status === 404;
      record.view = { state: nothing ? 'none' : 'failed', session: null, fileUrl };
      return;
    }
    const without = over ? (late ? 'none' : 'waiting') : 'open';
    record.view = { state: session.summary ? 'there' : without, session, fileUrl };
    if (session.summary || !over || late) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
}

showPanel();
openRoom({
  update,
  ended: (state, sessionId) => showRecord(state, sessionId),
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
