// What the dashboard shows: the server's overview and what its events change in it. Pure.

/** @typedef {{ session: string, state: string, reason: string, since: number | null, started: number | null, pid: number, life: number, cpuPercent: number | null, memoryMb: number | null, latencyMs: number | null }} SeenOrb */
/** @typedef {{ from: string, to: 'human' | 'orb', state: string, path: string | null, connectMs: number | null, rttMs: number | null, jitterMs: number | null, lossPercent: number | null, concealedPercent: number | null, at: number }} SeenLink */
/** @typedef {{ cpuPercent: (number | null)[], memoryMb: (number | null)[], latencyMs: (number | null)[] }} Series */
/** @typedef {{ room: string, people: { role: string, away: boolean }[], orb: SeenOrb | null, links: SeenLink[], series?: Series | null }} SeenRoom */
/** @typedef {{ at: number, room: string, session: string, life: number, pid: number, from: string, to: string, reason: string }} Step */
/** @typedef {{ minute: number, [figure: string]: number | null }} Minute */
/** @typedef {{ rooms: number, notShown: number, people: number, orbs: number, places: number, orbCpuPercent: number, orbMemoryMb: number, connected: number, failed: number, answers: number, answerP50Ms: number | null, answerP95Ms: number | null }} Totals */
/** @typedef {{ version: string, started: number, notReady: string | null, cpuPercent: number, memoryMb: number, lagMs: number }} Server */
/** @typedef {{ ahead: number, sampleMs: number, totals: Totals | null, server: Server | null, rooms: SeenRoom[], steps: Step[], history: Minute[] }} Dashboard */
/** @typedef {{ words: string, state: string }} Filter */

/** Of each series. */
export const SAMPLES = 60;
const STEPS = 256;
const DAY_MIN = 1440;
/** How a state looks. @type {Record<string, string>} */
export const TONES = {
  ready: 'good',
  spawning: '',
  restarting: 'warn',
  unresponsive: 'warn',
  draining: '',
  full: 'warn',
  failed: 'bad',
};

/** @returns {Dashboard} */
export function emptyDashboard() {
  return { ahead: 0, sampleMs: 5000, totals: null, server: null, rooms: [], steps: [], history: [] };
}

/**
 * @param {Dashboard} state
 * @param {string} name
 * @param {any} data
 * @param {number} now of the browser
 * @returns {Dashboard}
 */
export function apply(state, name, data, now) {
  switch (name) {
    case 'overview':
    case 'snapshot':
      return {
        ...state,
        ahead: data.now - now,
        sampleMs: data.sampleMs,
        totals: data.totals,
        server: data.server,
        rooms: data.rooms,
        steps: (data.steps ?? []).reduceRight(addStep, state.steps),
        history: data.history ?? state.history,
      };
    case 'update':
      return { ...state, ahead: data.now - now, ...pick(data), rooms: merge(state.rooms, data) };
    case 'samples':
      return { ...state, rooms: state.rooms.map((room) => addSample(room, data.rooms[room.room])) };
    case 'step':
      return { ...state, steps: addStep(state.steps, data) };
    case 'minute':
      return { ...state, history: addMinute(state.history, data) };
    default:
      return state;
  }
}

/** @param {{ totals: Totals, server: Server }} data */
const pick = ({ totals, server }) => ({ totals, server });

/**
 * @param {SeenRoom[]} rooms
 * @param {{ rooms: SeenRoom[], gone: string[] }} changes
 */
function merge(rooms, changes) {
  const byId = new Map(rooms.map((room) => [room.room, room]));
  changes.gone.forEach((id) => byId.delete(id));
  for (const room of changes.rooms) {
    const known = byId.get(room.room);
    // Figures of another process are not this one's.
    const same = known?.orb && room.orb && known.orb.session === room.orb.session;
    byId.set(room.room, { ...room, series: same ? known.series : null });
  }
  return [...byId.values()].sort((a, b) => (a.room < b.room ? -1 : 1));
}

/**
 * @param {SeenRoom} room
 * @param {(number | null)[] | undefined} sample
 * @returns {SeenRoom}
 */
function addSample(room, sample) {
  if (!sample) {
    return room;
  }
  const names = /** @type {(keyof Series)[]} */ (['cpuPercent', 'memoryMb', 'latencyMs']);
  const series = Object.fromEntries(
    names.map((name, index) => [name, [...(room.series?.[name] ?? []), sample[index]].slice(-SAMPLES)]),
  );
  return { ...room, series: /** @type {Series} */ (series) };
}

/** @param {Step} step */
const keyOf = ({ at, room, life, to }) => `${at} ${room} ${life} ${to}`;

/**
 * Newest first; one that is known already (told again after a reconnect) stays one.
 * @param {Step[]} steps
 * @param {Step} step
 */
function addStep(steps, step) {
  const key = keyOf(step);
  return steps.some((known) => keyOf(known) === key) ? steps : [step, ...steps].slice(0, STEPS);
}

/**
 * @param {Minute[]} history
 * @param {Minute} minute
 */
function addMinute(history, minute) {
  const before = history.filter((known) => known.minute < minute.minute);
  return [...before, minute].slice(-DAY_MIN);
}

// What is shown of it

/**
 * @param {SeenRoom} room
 * @param {Filter} filter
 */
export function roomMatches({ room, people, orb, links }, { words, state }) {
  const shown = [
    room,
    orb?.state,
    orb?.reason,
    ...people.map(({ role }) => role),
    ...links.map(({ path }) => path),
  ];
  return (state === '' || orb?.state === state) && includes(shown, words);
}

/**
 * @param {Step} step
 * @param {Filter} filter
 */
export function stepMatches({ room, from, to, reason, session }, { words, state }) {
  return (state === '' || to === state) && includes([room, from, to, reason, session], words);
}

/**
 * @param {(string | null | undefined)[]} texts
 * @param {string} words all of them, in any order
 */
function includes(texts, words) {
  const all = texts.join(' ').toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}

/** How much of the day there is, in seconds; an hour at least, so that a new server's lines are no steps. @param {Minute[]} history */
export function spanOf(history) {
  const minutes = history.length > 0 ? history[history.length - 1].minute - history[0].minute : 0;
  return Math.max(60, minutes) * 60;
}

/** Columns for a chart: seconds, then each figure; a gap where no server ran. @param {Minute[]} history @param {string[]} names */
export function columns(history, names) {
  /** @type {(number | null)[][]} */
  const out = [[], ...names.map(() => [])];
  let last = 0;
  for (const minute of history) {
    if (last && minute.minute > last + 1) {
      out.forEach((column, index) => column.push(index === 0 ? (last + 1) * 60 : null));
    }
    last = minute.minute;
    out[0].push(minute.minute * 60);
    names.forEach((name, index) => out[index + 1].push(minute[name] ?? null));
  }
  return out;
}

/** @param {number | null | undefined} value @param {string} unit */
export function figure(value, unit) {
  if (value === null || value === undefined) {
    return '–';
  }
  const digits = Math.abs(value) < 10 && !Number.isInteger(value) ? 1 : 0;
  return `${value.toFixed(digits)} ${unit}`.trim();
}

/** @param {number | null} ms */
export function age(ms) {
  if (ms === null) {
    return '–';
  }
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) {
    return `${s} s`;
  }
  if (s < 3600) {
    return `${Math.floor(s / 60)} min ${s % 60} s`;
  }
  return s < 86_400
    ? `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`
    : `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`;
}

/** @param {Totals} totals */
export function success({ connected, failed }) {
  const all = connected + failed;
  const percent = Math.floor((connected / all) * 1000) / 10;
  return all === 0 ? '–' : `${percent} %`;
}

/** @param {SeenLink} link */
export function linkWords({ from, to, state, path, rttMs, lossPercent, connectMs }) {
  const what =
    state === 'connected'
      ? [path, `rtt ${figure(rttMs, 'ms')}`, `loss ${figure(lossPercent, '%')}`]
      : [state];
  const took = connectMs === null ? [] : [`in ${figure(connectMs, 'ms')}`];
  return `${from} → ${to === 'orb' ? 'orb' : 'other'}: ${[...what, ...took].filter(Boolean).join(', ')}`;
}
