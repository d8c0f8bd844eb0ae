// The room as one value. reduce(state, message, now) is pure: the same messages give the same room.
// Messages are the server's (protocol.js) and our own (LocalMessage). Words for it: room-words.js.

/** @typedef {import('./protocol.js').ServerMessage} ServerMessage */
/** @typedef {import('./protocol.js').Role} Role */
/** @typedef {import('./devices.js').DeviceState} DeviceState */
/** @typedef {import('./peer.js').PeerState} PeerState */

/**
 * Shown to the user. `joining`: the socket is not in the room yet; `waiting`: in, nobody else is;
 * `connecting`: somebody is, no media yet; `live`: media flows; `reconnecting`: it did, and we lost it;
 * `awaiting`: the other did; `ended`.
 * @typedef {'joining' | 'waiting' | 'connecting' | 'live' | 'reconnecting' | 'awaiting' | 'ended'} Phase
 */

/**
 * @typedef {object} PersonState
 * @property {string} userId
 * @property {string} name
 * @property {Role} role
 * @property {boolean} ai
 * @property {PeerState} link
 * @property {boolean} still connected, but for a while nothing arrived
 * @property {boolean} video the other's picture is there
 * @property {import('./peer.js').Microphone} mic
 */

/** @typedef {{ id: string, userId: string, text: string, final: boolean, startMs: number, endMs: number, at: number }} Utterance */

/**
 * @typedef {object} RoomState
 * @property {{ id: string, name: string, role: Role }} me
 * @property {{ userId: string, name: string, role: Role }[]} people who the appointment is for
 * @property {Record<string, PersonState>} present the others in the room, by user id
 * @property {'connecting' | 'open' | 'down' | 'closed'} link the signaling socket
 * @property {boolean} joined it was open once
 * @property {string} linkWords
 * @property {{ words: string, code: string } | null} ended
 * @property {{ state: import('./protocol.js').OrbState | 'unknown', reason: string, status: import('./protocol.js').AiStatus, muted: boolean, gone: boolean }} orb gone: the one in the room, if any, is no more
 * @property {{ audio: DeviceState, video: DeviceState }} devices
 * @property {boolean} playbackBlocked
 * @property {boolean} captions
 * @property {Utterance[]} utterances oldest first; the newest 500
 * @property {string | null} departed name of the human who left last, until they are back
 * @property {{ words: string, at: number } | null} trouble an error worth showing for a moment
 * @property {number | null} startsAt when the appointment is; null: at any time
 * @property {number | null} startedAt
 * @property {number | null} endsAt
 */

/**
 * @typedef {{ type: 'link', state: RoomState['link'], words: string, code?: number }
 *   | { type: 'peer', userId: string, link: PeerState, video: boolean, mic?: import('./peer.js').Microphone }
 *   | { type: 'still', userId: string, still: boolean }
 *   | { type: 'device', kind: 'audio' | 'video', state: DeviceState }
 *   | { type: 'playback', blocked: boolean }
 *   | { type: 'captions', on: boolean }
 *   | { type: 'orb-muted', muted: boolean }
 *   | { type: 'ended', words: string, code: string }} LocalMessage
 */

const UTTERANCE_LIMIT = 500;
const CAPTION_STAYS_MS = 6_000;
const TROUBLE_STAYS_MS = 8_000;

/**
 * @param {import('./api.js').RoomInfo} info
 * @param {number} now
 * @param {{ captions?: boolean, utterances?: Utterance[], startedAt?: number }} [kept] over a reload
 * @returns {RoomState}
 */
export function createRoom(info, now, kept = {}) {
  return {
    me: info.user,
    people: info.people ?? [],
    present: {},
    link: 'connecting',
    joined: false,
    linkWords: '',
    ended: null,
    orb: { state: 'unknown', reason: '', status: 'ready', muted: false, gone: false },
    devices: { audio: 'pending', video: 'pending' },
    playbackBlocked: false,
    captions: kept.captions ?? true,
    utterances: kept.utterances ?? [],
    departed: null,
    trouble: null,
    ...timesOf(info, now, kept.startedAt),
  };
}

/**
 * The appointment's own times count; one for any time has its minutes from when the session began.
 * @param {import('./api.js').RoomInfo} info
 * @param {number} now
 * @param {number | undefined} keptStart
 */
function timesOf({ starts, minutes, started }, now, keptStart) {
  const startedAt = (started && Date.parse(started)) || keptStart || now;
  const startsAt = (starts && Date.parse(starts)) || null;
  const endsAt = minutes ? (startsAt ?? startedAt) + minutes * 60_000 : null;
  return { startsAt, startedAt, endsAt };
}

/**
 * @param {RoomState} state
 * @param {ServerMessage | LocalMessage} message
 * @param {number} now
 * @returns {RoomState}
 */
export function reduce(state, message, now) {
  if (state.ended && message.type !== 'device') {
    return state;
  }
  switch (message.type) {
    case 'link':
      return onLink(state, message);
    case 'ended':
      return { ...state, ended: { words: message.words, code: message.code }, present: {} };
    case 'peer-discovery':
      return onDiscovery(state, message.peers);
    case 'user-joined':
      return onJoined(state, message);
    case 'user-left':
      return onLeft(state, message.userId);
    case 'peer':
      return onPeer(state, message);
    case 'still':
      return onStill(state, message);
    case 'orb-state':
      return onOrbState(state, message);
    case 'ai_status':
      return onStatus(state, message);
    case 'orb-muted':
      return { ...state, orb: { ...state.orb, muted: message.muted } };
    case 'transcript':
      return { ...state, utterances: withUtterance(state.utterances, message, now) };
    case 'device':
      return { ...state, devices: { ...state.devices, [message.kind]: message.state } };
    case 'playback':
      return state.playbackBlocked === message.blocked
        ? state
        : { ...state, playbackBlocked: message.blocked };
    case 'captions':
      return { ...state, captions: message.on };
    case 'error':
      return { ...state, trouble: troubleOf(message, now) ?? state.trouble };
    default:
      return state;
  }
}

/** @param {RoomState} state @returns {Phase} */
export function phaseOf(state) {
  if (state.ended) {
    return 'ended';
  }
  if (!state.joined) {
    return 'joining';
  }
  if (isOurTrouble(state)) {
    return 'reconnecting';
  }
  if (othersOf(state).some((person) => !person.ai && holdOf(person) !== 'good')) {
    return 'awaiting';
  }
  if (othersOf(state).some((person) => person.link === 'connected')) {
    return 'live';
  }
  return othersOf(state).length > 0 ? 'connecting' : 'waiting';
}

/**
 * How well a connection that was there holds.
 * @param {PersonState} person
 * @returns {'good' | 'shaky' | 'lost'}
 */
export function holdOf({ link, still }) {
  if (link === 'restarting') {
    return 'lost';
  }
  return link === 'unstable' || (link === 'connected' && still) ? 'shaky' : 'good';
}

/**
 * Our own connection, as far as one can tell from here: the server is gone, or everybody is at once.
 * @param {RoomState} state
 */
export function isOurTrouble(state) {
  const others = othersOf(state);
  return state.link === 'down' || (others.length > 1 && others.every((each) => holdOf(each) !== 'good'));
}

/** @param {RoomState} state */
export function othersOf(state) {
  return Object.values(state.present);
}

/** @param {RoomState} state */
export function orbOf(state) {
  return othersOf(state).find((person) => person.ai) ?? null;
}

/**
 * A browser shows the last frame for ever: `none` when the orb is known to be gone, `stale` when it
 * may be.
 * @param {RoomState} state
 * @returns {'none' | 'stale' | 'live'}
 */
export function orbPicture(state) {
  const orb = orbOf(state);
  if (!orb?.video || orb.link === 'restarting' || state.orb.gone) {
    return 'none';
  }
  return orb.link === 'unstable' || state.orb.state === 'unresponsive' ? 'stale' : 'live';
}

/** @param {RoomState} state @returns {PersonState | null} the other human, if here */
export function partnerOf(state) {
  return othersOf(state).find((person) => !person.ai) ?? null;
}

/**
 * @param {RoomState} state
 * @param {string} userId
 */
export function nameOf(state, userId) {
  if (userId === state.me.id) {
    return 'You';
  }
  const present = state.present[userId];
  if (present) {
    return present.name;
  }
  // Who is neither of the two people can only be the orb, also after it left.
  return state.people.find((person) => person.userId === userId)?.name ?? 'Orb';
}

/**
 * What to show as captions now: of each speaker the newest, the last two of them.
 * @param {RoomState} state
 * @param {number} now
 * @returns {Utterance[]}
 */
export function captionsOf(state, now) {
  const newest = new Map();
  for (const utterance of state.utterances.slice(-12)) {
    if (now - utterance.at < CAPTION_STAYS_MS && utterance.text.trim()) {
      newest.delete(utterance.userId);
      newest.set(utterance.userId, utterance);
    }
  }
  return [...newest.values()].slice(-2);
}

/**
 * @param {RoomState} state
 * @param {number} now
 */
export function troubleNow(state, now) {
  return state.trouble && now - state.trouble.at < TROUBLE_STAYS_MS ? state.trouble.words : '';
}

/**
 * @param {RoomState} state
 * @param {LocalMessage & { type: 'link' }} message
 * @returns {RoomState}
 */
function onLink(state, { state: link, words, code }) {
  const next = { ...state, link, linkWords: words };
  if (link === 'open') {
    return { ...next, joined: true };
  }
  return link === 'closed' ? { ...next, ended: { words, code: String(code ?? 'left') } } : next;
}

/**
 * An orb that says nothing of being muted (the guide's) is as muted as the coach's page asked for.
 * @param {RoomState} state
 * @param {ServerMessage & { type: 'ai_status' }} message
 * @returns {RoomState}
 */
function onStatus(state, { status, muted }) {
  return { ...state, orb: { ...state.orb, status, muted: muted ?? state.orb.muted } };
}

// In these no orb is there that could finish its sentences.
const WITHOUT_ORB = ['off', 'restarting', 'failed', 'full'];

/**
 * @param {RoomState} state
 * @param {ServerMessage & { type: 'orb-state' }} message
 * @returns {RoomState}
 */
function onOrbState(state, { state: now, reason = '' }) {
  const ended = WITHOUT_ORB.includes(now);
  const orb = { ...state.orb, state: now, reason, gone: ended || (state.orb.gone && now !== 'ready') };
  return { ...state, orb, utterances: ended ? withoutOpen(state.utterances) : state.utterances };
}

/**
 * Every partial is an orb's, and only that orb would have ended it: what was understood so far stays,
 * as said.
 * @param {Utterance[]} utterances
 */
function withoutOpen(utterances) {
  return utterances.every(({ final }) => final)
    ? utterances
    : utterances.map((each) =>
        each.final ? each : { ...each, text: `${each.text.trimEnd()}…`, final: true },
      );
}

/**
 * @param {RoomState} state
 * @param {import('./protocol.js').Participant[]} peers
 * @returns {RoomState}
 */
function onDiscovery(state, peers) {
  /** @type {RoomState['present']} */
  const present = {};
  for (const peer of peers) {
    present[peer.userId] = state.present[peer.userId] ?? personOf(state, peer);
  }
  const orb = orbOf(state);
  const utterances = orb && !present[orb.userId] ? withoutOpen(state.utterances) : state.utterances;
  return { ...state, present, utterances };
}

/**
 * @param {RoomState} state
 * @param {import('./protocol.js').Participant} peer
 * @returns {RoomState}
 */
function onJoined(state, peer) {
  const person = personOf(state, peer);
  const departed = person.ai ? state.departed : null;
  const orb = person.ai ? { ...state.orb, gone: false } : state.orb;
  return { ...state, departed, orb, present: { ...state.present, [peer.userId]: person } };
}

/**
 * @param {RoomState} state
 * @param {string} userId
 * @returns {RoomState}
 */
function onLeft(state, userId) {
  const { [userId]: gone, ...present } = state.present;
  const departed = gone && !gone.ai ? gone.name : state.departed;
  if (!gone?.ai) {
    return { ...state, present, departed };
  }
  const orb = { ...state.orb, status: /** @type {const} */ ('ready') };
  return { ...state, present, departed, orb, utterances: withoutOpen(state.utterances) };
}

/**
 * @param {RoomState} state
 * @param {LocalMessage & { type: 'peer' }} message
 * @returns {RoomState}
 */
function onPeer(state, { userId, link, video, mic = 'on' }) {
  const person = state.present[userId];
  return person
    ? { ...state, present: { ...state.present, [userId]: { ...person, link, video, mic } } }
    : state;
}

/**
 * @param {RoomState} state
 * @param {LocalMessage & { type: 'still' }} message
 * @returns {RoomState}
 */
function onStill(state, { userId, still }) {
  const person = state.present[userId];
  return person && person.still !== still
    ? { ...state, present: { ...state.present, [userId]: { ...person, still } } }
    : state;
}

/**
 * @param {RoomState} state
 * @param {import('./protocol.js').Participant} peer
 * @returns {PersonState}
 */
function personOf(state, peer) {
  const ai = peer.participantType === 'ai';
  const known = state.people.find((person) => person.userId === peer.userId)?.name;
  const spoken = peer.userRole === 'coach' ? 'Your coach' : 'Your client';
  const name = ai ? 'Orb' : peer.userName || known || spoken;
  const nothing = { link: /** @type {const} */ ('new'), still: false, video: false };
  return { userId: peer.userId, name, role: peer.userRole, ai, ...nothing, mic: 'on' };
}

/**
 * Partials of one utterance replace each other, and its final replaces them; a late partial never
 * replaces a final.
 * @param {Utterance[]} utterances
 * @param {ServerMessage & { type: 'transcript' }} message
 * @param {number} now
 */
function withUtterance(utterances, message, now) {
  const { userId, text, final, startMs, endMs } = message;
  const id = `${userId}/${message.utteranceId}`;
  const next = { id, userId, text, final, startMs, endMs, at: now };
  const index = utterances.findLastIndex((known) => known.id === id);
  if (index < 0) {
    return text.trim() ? [...utterances, next].slice(-UTTERANCE_LIMIT) : utterances;
  }
  if (utterances[index].final && !final) {
    return utterances;
  }
  // No words any more: what was only guessed is taken back, its line with it.
  if (!text.trim()) {
    return utterances.filter((known) => known.id !== id);
  }
  return utterances.map((known, at) => (at === index ? next : known));
}

/**
 * @param {ServerMessage & { type: 'error' }} message
 * @param {number} now
 */
function troubleOf({ code, inReplyTo }, now) {
  if (code === 'rate-limited') {
    return { words: 'This page sent too much at once; some of it was dropped.', at: now };
  }
  if (code === 'offer-refused') {
    return { words: 'The orb cannot connect with this browser. You can go on without it.', at: now };
  }
  if (code === 'forbidden' && inReplyTo === 'orb-control') {
    return { words: 'Only the coach can control the orb.', at: now };
  }
  return null;
}
