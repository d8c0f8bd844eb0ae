// The messages of docs/protocol as the page sees them: their types, a validator for what comes in,
// and the words for why a socket closed. Pure.

/** @typedef {'coach' | 'client' | 'ai' | 'admin'} Role */
/** @typedef {'human' | 'ai'} ParticipantType */
/** @typedef {'off' | 'spawning' | 'ready' | 'unresponsive' | 'restarting' | 'failed' | 'full'} OrbState */
/** @typedef {'ready' | 'speaking' | 'listening' | 'processing'} AiStatus */
/** @typedef {{ audio: boolean, video: boolean }} Media what of the sender's is on */

/**
 * @typedef {object} Participant
 * @property {string} userId
 * @property {Role} userRole
 * @property {ParticipantType} participantType
 * @property {string} [userName]
 * @property {boolean} [shouldCreateOffer]
 */

/**
 * What the server or a peer sends. Only the fields the page uses are named; others pass unread.
 * @typedef {{ type: 'peer-discovery', peers: Participant[] }
 *   | { type: 'user-joined' } & Participant
 *   | { type: 'user-left', userId: string, userRole?: Role, reason?: string }
 *   | { type: 'offer', fromId: string, offer: RTCSessionDescriptionInit, session?: string, media?: Media }
 *   | { type: 'answer', fromId: string, answer: RTCSessionDescriptionInit, session?: string, media?: Media }
 *   | { type: 'ice-candidate', fromId: string, candidate: RTCIceCandidateInit | null, session?: string, media?: Media }
 *   | { type: 'renegotiate', fromId: string, session?: string, holds?: string }
 *   | { type: 'ai_status', status: AiStatus, muted?: boolean, sessionId?: string, fromId?: string }
 *   | { type: 'orb-state', state: OrbState, reason?: string }
 *   | { type: 'transcript', utteranceId: string, userId: string, text: string, final: boolean, startMs: number, endMs: number }
 *   | { type: 'suggestion', text: string, basis?: unknown }
 *   | { type: 'session-ended', reason?: string }
 *   | { type: 'error', code: string, message?: string, inReplyTo?: string }
 *   | { type: 'ping' }
 *   | { type: 'pong' }} ServerMessage
 */

/** @typedef {{ type: string, [field: string]: unknown }} OutgoingMessage */

const ROLES = ['coach', 'client', 'ai', 'admin'];
const ORB_STATES = ['off', 'spawning', 'ready', 'unresponsive', 'restarting', 'failed', 'full'];
const AI_STATUSES = ['ready', 'speaking', 'listening', 'processing'];
const ID = /^[A-Za-z0-9_.:@-]{1,128}$/;

/** @typedef {(value: any) => boolean} Check */

/** @type {Check} */
const id = (value) => typeof value === 'string' && ID.test(value);
/** @type {Check} */
const text = (value) => typeof value === 'string';
/** @type {Check} */
const flag = (value) => typeof value === 'boolean';
/** @type {Check} */
const time = (value) => Number.isFinite(value) && value >= 0;
/** @type {Check} */
const wholeTime = (value) => Number.isSafeInteger(value) && value >= 0;
/** @type {Check} */
const object = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
/** @type {(words: string[]) => Check} */
const oneOf = (words) => (value) => words.includes(value);
/** @type {(check: Check) => Check} */
const optional = (check) => (value) => value === undefined || value === null || check(value);
/** @type {(shape: Record<string, Check>) => Check} */
const shaped = (shape) => (value) => object(value) && firstWrong(value, shape) === null;

/** @type {(sdpType: string) => Check} */
const description = (sdpType) => shaped({ type: oneOf([sdpType]), sdp: text });
const candidate = optional(
  shaped({
    candidate: optional(text),
    sdpMid: optional(text),
    sdpMLineIndex: optional(time),
    usernameFragment: optional(text),
  }),
);

const media = optional(shaped({ audio: flag, video: flag }));

const PARTICIPANT = {
  userId: id,
  userRole: oneOf(ROLES),
  participantType: optional(oneOf(['human', 'ai'])),
  userName: optional(text),
  shouldCreateOffer: optional(flag),
};

/** One row a message type: the fields the page relies on. @type {Record<string, Record<string, Check>>} */
const SHAPES = {
  'peer-discovery': { peers: (list) => Array.isArray(list) && list.every(shaped(PARTICIPANT)) },
  'user-joined': PARTICIPANT,
  'user-left': { userId: id, userRole: optional(oneOf(ROLES)), reason: optional(text) },
  offer: { fromId: id, offer: description('offer'), session: optional(text), media },
  answer: { fromId: id, answer: description('answer'), session: optional(text), media },
  'ice-candidate': { fromId: id, candidate, session: optional(text), media },
  renegotiate: { fromId: id, session: optional(text), holds: optional(text) },
  ai_status: {
    status: oneOf(AI_STATUSES),
    muted: optional(flag),
    sessionId: optional(text),
    fromId: optional(id),
  },
  'orb-state': { state: oneOf(ORB_STATES), reason: optional(text) },
  transcript: {
    utteranceId: id,
    userId: id,
    text,
    final: flag,
    startMs: wholeTime,
    endMs: wholeTime,
  },
  suggestion: { text },
  'session-ended': { reason: optional(text) },
  error: { code: text, message: optional(text), inReplyTo: optional(text) },
  ping: {},
  pong: {},
};

/**
 * @param {any} value
 * @param {Record<string, Check>} shape
 * @returns {string | null} the first field that is not as it should be
 */
function firstWrong(value, shape) {
  for (const [field, check] of Object.entries(shape)) {
    if (!check(value[field])) {
      return field;
    }
  }
  return null;
}

/**
 * @param {string} frame one text frame
 * @returns {{ message: ServerMessage, why?: undefined } | { message: null, why: string }}
 */
export function parse(frame) {
  let value;
  try {
    value = JSON.parse(frame);
  } catch {
    return { message: null, why: 'not JSON' };
  }
  if (!object(value) || typeof value.type !== 'string') {
    return { message: null, why: 'no object with a type' };
  }
  const shape = Object.hasOwn(SHAPES, value.type) ? SHAPES[value.type] : null;
  if (!shape) {
    return { message: null, why: `unknown type "${value.type.slice(0, 40)}"` };
  }
  const wrong = firstWrong(value, shape);
  return wrong ? { message: null, why: `${value.type}: bad "${wrong}"` } : { message: value };
}

/** Closed for good: trying again by ourselves would only be refused again. */
const FINAL_CLOSES = new Map([
  [4000, 'Thank you for taking the time.'],
  [4400, 'The server did not understand this page. Reload it to try again.'],
  [4403, 'You cannot enter this room.'],
  [4409, 'You opened it in another window or on another device.'],
]);

/** Worth trying again, with what to say meanwhile. */
const PASSING_CLOSES = new Map([
  [1001, 'The server is being restarted. Connecting again…'],
  [1009, 'A message was too large. Connecting again…'],
  [4408, 'Joining took too long. Trying again…'],
  [4429, 'Your connection was too slow or too busy. Connecting again…'],
]);

/**
 * @param {number} code
 * @param {string} [reason] as sent with the close
 * @returns {{ final: boolean, words: string }}
 */
export function explainClose(code, reason = '') {
  if (code === 4403 && reason.includes('room-full')) {
    return { final: true, words: 'The room is full: three are in it already.' };
  }
  const final = FINAL_CLOSES.get(code);
  if (final) {
    return { final: true, words: final };
  }
  return { final: false, words: PASSING_CLOSES.get(code) ?? 'Connection lost. Connecting again…' };
}

const ENDINGS = new Map([
  ['session_complete', 'Thank you for taking the time.'],
  ['room_cleanup', 'Everybody left, so the room was closed.'],
  ['idle_timeout', 'Nothing was said for a long time, so the session was closed.'],
  ['max_lifetime', 'The session reached its longest allowed time.'],
  ['server_shutdown', 'The server is being restarted. You can join again in a moment.'],
]);

/** @param {string} [reason] of `session-ended` */
export function explainEnd(reason) {
  return ENDINGS.get(reason ?? '') ?? 'Thank you for taking the time.';
}
