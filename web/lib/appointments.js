// When an appointment is, in words, and which list it belongs to. Pure.

/** @typedef {import('./api.js').Appointment} Appointment */

const MINUTE = 60_000;
const DOOR_OPENS_MS = 15 * MINUTE;
const CLOSED = ['cancelled', 'completed', 'ended'];

/**
 * @param {Appointment} appointment
 * @param {number} now
 * @returns {'now' | 'later' | 'past'}
 */
export function listOf({ starts, minutes, status }, now) {
  if (CLOSED.includes(status)) {
    return 'past';
  }
  if (!starts) {
    return 'now';
  }
  const at = Date.parse(starts);
  if (now > at + (minutes || 60) * MINUTE) {
    return 'past';
  }
  return now >= at - DOOR_OPENS_MS ? 'now' : 'later';
}

/**
 * @param {Appointment} appointment
 * @param {number} now
 */
export function whenText({ starts, minutes }, now) {
  const length = minutes ? `${minutes}\u00a0min` : ''; // the two stay on one line
  if (!starts) {
    return ['Any time', length].filter(Boolean).join(' · ');
  }
  const at = new Date(starts);
  const day = dayText(at, new Date(now));
  const time = (/** @type {Date} */ t) => t.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  const end = minutes ? `–${time(new Date(at.getTime() + minutes * MINUTE))}` : '';
  return [`${day}, ${time(at)}${end}`, length].filter(Boolean).join(' · ');
}

/**
 * @param {Date} from
 * @param {Date} to
 */
function daysBetween(from, to) {
  const midnight = (/** @type {Date} */ d) => new Date(d.getFullYear(), d.getMonth(), d.getDate()).getTime();
  return Math.round((midnight(to) - midnight(from)) / (24 * 60 * MINUTE));
}

/**
 * @param {Date} at
 * @param {Date} now
 */
function dayText(at, now) {
  const days = daysBetween(now, at);
  if (days >= -1 && days <= 1) {
    return ['Yesterday', 'Today', 'Tomorrow'][days + 1];
  }
  const year = at.getFullYear() === now.getFullYear() ? undefined : 'numeric';
  return at.toLocaleDateString([], { weekday: 'long', day: 'numeric', month: 'long', year });
}

/**
 * @param {Appointment} appointment
 * @param {number} now
 * @returns {{ words: string, tone: 'good' | 'warn' | '' }}
 */
export function badge({ starts, minutes, status }, now) {
  if (status === 'test') {
    return { words: 'Test', tone: '' };
  }
  if (CLOSED.includes(status)) {
    return { words: status === 'cancelled' ? 'Cancelled' : 'Done', tone: '' };
  }
  if (!starts) {
    return { words: 'Open', tone: 'good' };
  }
  const at = Date.parse(starts);
  const until = Math.ceil((at - now) / MINUTE);
  if (until > 0) {
    return until <= 60
      ? { words: `In ${until} min`, tone: until <= 15 ? 'good' : '' }
      : { words: '', tone: '' };
  }
  return now < at + (minutes || 60) * MINUTE ? { words: 'Now', tone: 'good' } : { words: 'Over', tone: '' };
}

/**
 * "at 15:00", "tomorrow at 15:00", "30 Nov at 15:00".
 * @param {number} at
 * @param {number} now
 */
export function atText(at, now) {
  const date = new Date(at);
  const today = new Date(now);
  const time = date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  const days = daysBetween(today, date);
  if (Math.abs(days) <= 1) {
    return `${['yesterday ', '', 'tomorrow '][days + 1]}at ${time}`;
  }
  const year = date.getFullYear() === today.getFullYear() ? undefined : 'numeric';
  return `${date.toLocaleDateString([], { day: 'numeric', month: 'short', year })} at ${time}`;
}

/**
 * Who it is with; for an admin, whose it is.
 * @param {Appointment} appointment
 * @param {string} userId
 */
export function whoText({ coach, client }, userId) {
  if (userId !== coach.id && userId !== client.id) {
    return { name: `${coach.name} and ${client.name}`, call: `the call of ${coach.name} and ${client.name}` };
  }
  const other = userId === coach.id ? client : coach;
  return { name: other.name, call: `the call with ${other.name}` };
}

/** @param {string} name @returns {string} at most two letters */
export function initials(name) {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const picked = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return picked.map((word) => [...word][0].toLocaleUpperCase()).join('') || '?';
}
