// The room's state in plain words. Pure.

import { atText } from './appointments.js';
import { holdOf, isOurTrouble, orbOf, partnerOf, phaseOf } from './room-state.js';

/** @typedef {import('./room-state.js').RoomState} RoomState */
/**
 * mood: what the orb's tile looks like. label: one or two words. words: a sentence if something is
 * to be explained.
 * @typedef {{ mood: 'absent' | 'coming' | 'ready' | 'listening' | 'processing' | 'speaking' | 'trouble', label: string, words: string }} OrbWords
 */
/** @typedef {{ id: string, tone: 'info' | 'warn', words: string, action?: string }} Notice */

/** @type {Record<string, [OrbWords['mood'], string, string]>} */
const ORB_STATES = {
  off: ['absent', 'Not here', 'The orb is not part of this call.'],
  spawning: ['coming', 'Joining…', 'The orb is joining…'],
  unresponsive: [
    'trouble',
    'Not answering',
    'The orb does not answer at the moment. You can go on without it.',
  ],
  restarting: ['coming', 'Coming back…', 'The orb had a problem and is coming back…'],
  failed: ['trouble', 'Not here', 'The orb had a problem and is not here. You can go on without it.'],
  full: ['absent', 'Not here', 'The orb is not here: all places are taken.'],
};

/**
 * Why it cannot come, where the server says so in words for people; else ''.
 * @param {RoomState} state
 */
const lackOf = ({ orb }) => (/^its [a-z ]+ is missing$/.test(orb.reason) ? orb.reason : '');

/** @type {Record<string, [OrbWords['mood'], string]>} */
const ORB_STATUSES = {
  ready: ['ready', 'Ready'],
  listening: ['listening', 'Listening'],
  processing: ['processing', 'Thinking…'],
  speaking: ['speaking', 'Speaking'],
};

/** @param {RoomState} state @returns {OrbWords} */
export function orbWords(state) {
  const told = ORB_STATES[state.orb.state];
  const orb = orbOf(state);
  if (told && !(orb?.link === 'connected' && state.orb.state === 'spawning')) {
    const [mood, label, words] = told;
    const lack = state.orb.state === 'failed' && lackOf(state);
    return { mood, label, words: lack ? `The orb is not here: ${lack}. You can go on without it.` : words };
  }
  if (!orb) {
    const words = state.joined ? 'The orb is joining…' : '';
    return { mood: 'coming', label: state.joined ? 'Joining…' : '', words };
  }
  if (orb.link === 'unstable' || orb.link === 'restarting') {
    return {
      mood: 'coming',
      label: 'Reconnecting…',
      words: 'The connection to the orb was lost. Connecting again…',
    };
  }
  if (orb.link !== 'connected') {
    return { mood: 'coming', label: 'Connecting…', words: 'Connecting to the orb…' };
  }
  if (state.orb.muted && state.orb.status !== 'speaking') {
    return { mood: 'ready', label: 'Muted, listens', words: '' };
  }
  const [mood, label] = ORB_STATUSES[state.orb.status];
  return { mood, label, words: '' };
}

/**
 * Whom the orb answers now, for who reads it, as src/mind/policy.c has it: '' while it answers
 * nobody because it is not there.
 * @param {RoomState} state
 */
export function orbAnswers(state) {
  if (orbOf(state)?.link !== 'connected' || orbWords(state).words !== '') {
    return '';
  }
  if (state.orb.muted) {
    return state.me.role === 'client'
      ? 'Muted: answers nobody.'
      : 'Muted: answers nobody until you unmute it.';
  }
  const partner = partnerOf(state);
  const first = partner?.name.split(' ')[0] ?? '';
  const [mine, theirs] = [state.me.role === 'client', partner?.role === 'client'];
  if (!partner || (mine && theirs)) {
    return partner ? `Answers you and ${first}.` : 'Answers you.';
  }
  if (mine) {
    return `Answers you, and ${first} after “orb, …”.`;
  }
  return theirs ? `Answers ${first}. Say “orb, …” to ask it yourself.` : 'Answers who says “orb, …”.';
}

/**
 * The other human's tile while there is no picture of them, or one that stands still.
 * @param {RoomState} state
 */
export function partnerWords(state) {
  const partner = partnerOf(state);
  const name = partner?.name ?? expectedName(state);
  if (!partner) {
    if (!state.joined) {
      return { name, words: '' };
    }
    const left = state.departed !== null;
    return { name, words: left ? `${state.departed} left the call.` : `${name} is not here yet.` };
  }
  if (holdOf(partner) !== 'good') {
    return { name, words: lossWords(state, partner) };
  }
  if (partner.link === 'connected') {
    return { name, words: partner.video ? '' : 'Camera is off' };
  }
  return { name, words: 'Connecting…' };
}

/**
 * Whose connection it is that does not hold.
 * @param {RoomState} state
 * @param {import('./room-state.js').PersonState} partner
 */
function lossWords(state, partner) {
  const lost = holdOf(partner) === 'lost';
  if (isOurTrouble(state)) {
    return lost ? 'Connection lost. Connecting again…' : 'Your connection is unstable';
  }
  const first = firstName(partner.name);
  return lost ? `${first} lost the connection. Waiting for them…` : `${first}’s connection is unstable`;
}

/** What to call somebody in few words. @param {string} name may be “Your coach” */
function firstName(name) {
  return name.startsWith('Your ') ? name : name.split(' ')[0];
}

/**
 * Whose session it is, for who reads it: an admin is neither of the two. `short`: on a phone.
 * @param {RoomState} state
 */
export function roomTitle(state) {
  const { me, people } = state;
  if (me.role !== 'admin' || people.filter((person) => person.userId !== me.id).length < 2) {
    const { name } = partnerWords(state);
    const first = firstName(name).replace(/^Your /, 'your ');
    return { heading: `Session with ${name}`, short: `With ${first}`, tab: name };
  }
  const names = people.filter((person) => person.userId !== me.id).map((person) => person.name);
  const both = names.join(' and ');
  return { heading: `Session of ${both}`, short: names.map(firstName).join(' and '), tab: both };
}

/**
 * Whether the other can answer: '' if nothing is known to be in the way.
 * @param {RoomState} state
 */
export function partnerMic(state) {
  const partner = partnerOf(state);
  return partner?.link === 'connected' ? MIC_MARKS[partner.mic] : '';
}

const MIC_MARKS = { on: '', off: 'Muted', none: 'No microphone' };

/** @param {import('./devices.js').DeviceState} audio */
export function ownMic(audio) {
  if (audio === 'on' || audio === 'pending') {
    return '';
  }
  return audio === 'off' ? MIC_MARKS.off : MIC_MARKS.none;
}

/** @param {RoomState} state */
function expectedName(state) {
  const other = state.people.find((person) => person.userId !== state.me.id && person.role !== 'ai');
  return other?.name ?? (state.me.role === 'coach' ? 'Your client' : 'Your coach');
}

/** @type {Record<string, string>} */
const MICROPHONE = {
  denied:
    'Your microphone is blocked, so nobody hears you. Allow it in the browser’s address bar, then try again.',
  missing: 'No microphone was found, so nobody hears you. Plug one in, and it is used at once.',
  busy: 'Another program is using your microphone, so nobody hears you.',
  insecure:
    'This page is not open over HTTPS, so the browser offers no microphone or camera. You can watch and listen.',
  failed: 'Your microphone did not start, so nobody hears you.',
};
/** @type {Record<string, string>} */
const CAMERA = {
  denied:
    'Your camera is blocked, so nobody sees you. Allow it in the browser’s address bar, then try again.',
  missing: 'No camera was found. The call works without one.',
  busy: 'Another program is using your camera, so nobody sees you.',
  failed: 'Your camera did not start, so nobody sees you.',
};

const DEVICE_NAMES = { audio: 'microphone', video: 'camera' };

/**
 * In the settings: the line of an empty list, and what to do about it ('': nothing).
 * @param {'audio' | 'video'} kind
 * @param {import('./devices.js').DeviceState} state
 */
export function deviceListWords(kind, state) {
  const name = DEVICE_NAMES[kind];
  switch (state) {
    case 'denied':
      return {
        empty: 'Not allowed',
        help: `The browser does not let this page use your ${name}. Open the site settings beside the address, set the ${name} to “Allow”, and it is used at once. If nothing changes, reload the page.`,
      };
    case 'pending':
      return {
        empty: 'Waiting for your permission',
        help: `Allow the ${name} where the browser asks for it.`,
      };
    case 'insecure':
      return {
        empty: 'Not offered by the browser',
        help: `Browsers offer a ${name} to pages over HTTPS only. Ask for an address that begins with https.`,
      };
    case 'missing':
      return { empty: 'None found', help: `Plug in a ${name}, and it is used at once.` };
    default:
      return { empty: 'None found', help: '' };
  }
}

/**
 * What must be said right now, most important first.
 * @param {RoomState} state
 * @returns {Notice[]}
 */
export function noticesOf(state) {
  /** @type {Notice[]} */
  const notices = [];
  if (phaseOf(state) === 'ended') {
    return notices;
  }
  if (state.link === 'down') {
    const words = state.joined ? state.linkWords : 'The server cannot be reached. Trying again…';
    notices.push({ id: 'link', tone: 'warn', words, action: 'Try now' });
  }
  if (state.playbackBlocked) {
    const words = 'The browser keeps this page silent until you click.';
    notices.push({ id: 'playback', tone: 'warn', words, action: 'Turn on sound' });
  }
  if (state.orb.state === 'failed' && state.joined && state.me.role !== 'client') {
    const lack = lackOf(state);
    const words = lack
      ? `The orb cannot come: ${lack}.`
      : 'The orb had a problem and could not come back by itself.';
    notices.push({ id: 'orb', tone: 'warn', words, action: 'Try again' });
  }
  return notices.concat(deviceNotices(state));
}

/** @param {RoomState} state @returns {Notice[]} */
function deviceNotices({ devices: { audio, video } }) {
  if (audio === 'denied' && video === 'denied') {
    const words =
      'Microphone and camera are blocked: you can watch and listen. To be heard and seen, allow them in the browser’s address bar, then try again.';
    return [{ id: 'devices', tone: 'warn', words, action: 'Try again' }];
  }
  if (audio === 'missing' && video === 'missing') {
    const words = 'No microphone and no camera were found: you can watch and listen.';
    return [{ id: 'devices', tone: 'info', words, action: 'Try again' }];
  }
  /** @type {Notice[]} */
  const notices = [];
  if (MICROPHONE[audio]) {
    const action = audio === 'insecure' ? undefined : 'Try again';
    notices.push({ id: 'audio', tone: 'warn', words: MICROPHONE[audio], action });
  }
  if (CAMERA[video]) {
    const tone = video === 'missing' ? 'info' : 'warn';
    notices.push({ id: 'video', tone, words: CAMERA[video], action: 'Try again' });
  }
  return notices;
}

/** @param {RoomState} state */
export function phaseWords(state) {
  switch (phaseOf(state)) {
    case 'joining':
      return 'Joining…';
    case 'waiting':
      return 'Waiting';
    case 'connecting':
      return 'Connecting…';
    case 'live':
      return 'Live';
    case 'reconnecting':
      return 'Reconnecting…';
    case 'awaiting':
      return `${firstName(partnerOf(state)?.name ?? '')} is reconnecting`;
    case 'ended':
      return 'Ended';
  }
}

/**
 * What the coach's two ways out mean for the others.
 * @param {RoomState} state
 * @returns {import('../ui/leave.js').LeaveWords}
 */
export function leaveWords(state) {
  const partner = partnerOf(state)?.name;
  const orb = orbOf(state) !== null;
  const stay = partner
    ? `${partner}${orb ? ' and the orb go' : ' goes'} on without you.`
    : 'The session stays open for a little while.';
  const end = partner ? `The call ends for ${partner}, too` : 'The session is complete';
  return {
    leave: `${stay} You can come back.`,
    end: `${end}${orb ? ', and the orb writes its summary.' : '.'}`,
  };
}

/** The heading of the last page. @param {RoomState} state */
export function endedTitle(state) {
  switch (state.ended?.code) {
    case 'left':
      return 'You left the call';
    case '4000':
      return 'The session has ended';
    case '4409':
      return 'The call goes on elsewhere';
    case '401':
    case '4403':
    case 'refused':
      return 'You are no longer in the call';
    default:
      return 'The call is over';
  }
}

/** What a button on the last page offers. @param {RoomState} state */
export function endedActions(state) {
  switch (state.ended?.code) {
    case '4409':
      return { rejoin: 'Use it here instead' };
    case '4000':
    case '4403':
    case 'refused':
      return { rejoin: '' };
    default:
      return { rejoin: 'Join again' };
  }
}

/**
 * @param {number} ms
 * @returns {string} 3:07, 1:02:03
 */
export function clockText(ms) {
  const total = Math.max(0, Math.floor(ms / 1000));
  const [h, m, s] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

const LAST_MINUTES_MS = 5 * 60_000;
const USUAL_MS = 60 * 60_000;

/**
 * How long the session still may run; out of its time, when that is. `late`: worth a warning.
 * `apart`: not about the time that passes.
 * @param {{ startsAt: number | null, startedAt: number | null, endsAt: number | null }} times
 * @param {number} now
 * @returns {{ words: string, late: boolean, apart: boolean }}
 */
export function timeWords({ startsAt, startedAt, endsAt }, now) {
  if (startsAt !== null && now < startsAt) {
    return { words: `Starts ${atText(startsAt, now)}`, late: false, apart: true };
  }
  const end = endsAt ?? (startsAt === null ? Infinity : startsAt + USUAL_MS);
  // Begun in its time and longer than planned is another thing.
  if (startsAt !== null && now > end && (startedAt ?? now) >= end) {
    return { words: `Was ${atText(startsAt, now)}`, late: false, apart: true };
  }
  if (endsAt === null) {
    return { words: '', late: false, apart: false };
  }
  return { words: leftText(endsAt - now), late: endsAt - now < LAST_MINUTES_MS, apart: false };
}

/** @param {number} ms */
function leftText(ms) {
  if (ms < 0) {
    return `${clockText(-ms)} over`;
  }
  const minutes = Math.ceil(ms / 60_000);
  return minutes > 1 ? `${minutes} min left` : 'last minute';
}

/**
 * When an utterance began: counted from the session's start, or a time of day if the sender
 * counts from 1970.
 * @param {number} startMs
 */
export function stampText(startMs) {
  return startMs > 1e11
    ? new Date(startMs).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
    : clockText(startMs);
}
