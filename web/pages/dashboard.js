// The operators' page: wires the live events, the state and the elements together.

import '../ui/room-row.js';
import * as api from '../lib/api.js';
import { charts } from '../ui/chart.js';
import {
  age,
  apply,
  columns,
  emptyDashboard,
  figure,
  roomMatches,
  spanOf,
  stepMatches,
  success,
  TONES,
} from '../lib/dashboard-state.js';
import { Live } from '../lib/live.js';

/** @typedef {import('../lib/dashboard-state.js').Step} Step */
/** @typedef {import('../ui/room-row.js').RoomRow} RoomRow */

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const EVENTS_SHOWN = 100;
const ASK = {
  end: {
    title: 'End the orb?',
    words: 'It says good-bye and gives its summary. The people in the room talk on without it.',
    yes: 'End the orb',
  },
  restart: {
    title: 'Restart the orb?',
    words: 'It leaves the room for a moment, and a new one follows that knows what was said.',
    yes: 'Restart the orb',
  },
};
const DAY = [
  {
    title: 'Rooms and orbs',
    unit: '',
    lines: [
      ['rooms', 'Rooms', '--accent'],
      ['orbs', 'Orbs', '--good'],
    ],
    step: true,
  },
  {
    title: 'CPU',
    unit: '%',
    lines: [
      ['orbCpuPercent', 'All orbs', '--accent'],
      ['cpuPercent', 'Server', '--good'],
    ],
  },
  {
    title: 'Memory',
    unit: 'MB',
    lines: [
      ['orbMemoryMb', 'All orbs', '--accent'],
      ['memoryMb', 'Server', '--good'],
    ],
  },
  {
    title: 'Answer latency',
    unit: 'ms',
    lines: [
      ['answerP50Ms', 'p50', '--accent'],
      ['answerP95Ms', 'p95', '--warn'],
    ],
  },
  {
    title: 'Connections of browsers',
    unit: '',
    lines: [
      ['connected', 'Made', '--good'],
      ['failed', 'Failed', '--bad'],
    ],
    step: true,
  },
];
const LIVE = {
  connecting: { words: 'Connecting…', tone: '' },
  live: { words: 'Live', tone: 'good' },
  lost: { words: 'Reconnecting…', tone: 'warn' },
  refused: { words: 'Signed out', tone: 'warn' },
};

let state = emptyDashboard();
let csrf = '';
/** @type {Map<string, RoomRow>} */
const rows = new Map();
/** @type {(number | null)[]} where the pointer is in each chart */
const pointed = DAY.map(() => null);
const live = new Live({ url: '/api/events', allowed });

// ---- data ----

/** Refused: no admin any more, or too many dashboards? */
async function allowed() {
  try {
    const { user } = await api.me();
    return user.role === 'admin';
  } catch (error) {
    return !(error instanceof api.ApiError && error.status === 401);
  }
}

async function loadOverview() {
  take('overview', await api.overview());
}

/**
 * @param {string} name
 * @param {any} data
 */
function take(name, data) {
  state = apply(state, name, data, Date.now());
  update();
  if (name === 'overview' || name === 'minute') {
    updateDay();
  }
}

function onLive() {
  const { words, tone } = LIVE[live.state];
  const pill = byId('live');
  pill.className = `pill ${tone}`;
  setText(pill, words);
  if (live.state === 'refused') {
    location.assign('/?return=/admin');
  }
  if (live.state === 'live') {
    // The day was going on while nobody listened.
    loadOverview().catch((error) => problem(`The last 24 hours could not be loaded. ${error.message}`));
  }
}

// ---- showing ----

function update() {
  updateServer();
  updateTiles();
  updateRooms();
  updateEvents();
}

/** @param {HTMLElement} element @param {string} text */
function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

const serverNow = () => Date.now() + state.ahead;

function updateServer() {
  if (!state.server) {
    return;
  }
  const { version, started, notReady } = state.server;
  setText(byId('server'), `tricall ${version}, up ${age(serverNow() - started)}`);
  problem(notReady ? `This server is not ready: ${notReady}.` : '');
}

/** @param {string} words */
function problem(words) {
  const element = byId('problem');
  setText(element, words);
  element.hidden = words === '';
}

function tiles() {
  const { totals, server } = state;
  if (!totals || !server) {
    return [];
  }
  const full = totals.places > 0 && totals.orbs >= totals.places;
  return [
    {
      name: 'Rooms',
      value: `${totals.rooms}`,
      more: `${totals.people} ${totals.people === 1 ? 'person' : 'people'}`,
    },
    {
      name: 'Orbs',
      value: `${totals.orbs}`,
      more: totals.places ? `of ${totals.places} places` : 'turned off',
      tone: full ? 'warn' : '',
    },
    {
      name: 'Orbs use',
      value: figure(totals.orbCpuPercent, '%'),
      more: `of a core, ${figure(totals.orbMemoryMb, 'MB')}`,
    },
    {
      name: 'Connections made',
      value: success(totals),
      more: `${totals.connected} of ${totals.connected + totals.failed} in the last hour`,
      tone: totals.failed > 0 ? 'warn' : '',
    },
    {
      name: 'Answer latency',
      value: figure(totals.answerP50Ms, 'ms'),
      more: `p95 ${figure(totals.answerP95Ms, 'ms')}, ${totals.answers} in the last hour`,
    },
    {
      name: 'Server',
      value: figure(server.cpuPercent, '%'),
      more: `${figure(server.memoryMb, 'MB')}, loop ${server.lagMs} ms late`,
      tone: server.lagMs >= 50 ? 'warn' : '',
    },
  ];
}

function updateTiles() {
  const list = byId('tiles');
  tiles().forEach(({ name, value, more, tone }, index) => {
    const tile = /** @type {HTMLElement} */ (list.children[index] ?? list.appendChild(makeTile()));
    const [title, figures, words] = /** @type {HTMLElement[]} */ ([...tile.children]);
    tile.className = `tile card ${tone ?? ''}`;
    setText(title, name);
    setText(figures, value);
    setText(words, more);
  });
}

function makeTile() {
  const tile = document.createElement('div');
  tile.append(...['dt', 'dd', 'dd'].map((tag) => document.createElement(tag)));
  return tile;
}

function filter() {
  const words = /** @type {HTMLInputElement} */ (byId('words')).value.trim();
  return { words, state: /** @type {HTMLSelectElement} */ (byId('state')).value };
}

function updateRooms() {
  const wanted = filter();
  const shown = state.rooms.filter((room) => roomMatches(room, wanted));
  const list = byId('rooms');
  const ids = new Set(shown.map(({ room }) => room));
  for (const [id, row] of rows) {
    if (!ids.has(id)) {
      row.remove();
      rows.delete(id);
    }
  }
  shown.forEach((row, index) => {
    const element = rows.get(row.room) ?? /** @type {RoomRow} */ (document.createElement('tc-room-row'));
    rows.set(row.room, element);
    element.classList.add('room-row', 'card');
    if (list.children[index] !== element) {
      list.insertBefore(element, list.children[index] ?? null);
    }
    element.view = { row, now: serverNow(), sampleMs: state.sampleMs };
  });
  setText(byId('rooms-count'), countWords(shown.length, state.totals?.rooms ?? state.rooms.length));
  const none = byId('no-rooms');
  none.hidden = shown.length > 0 || !state.totals;
  setText(none, state.rooms.length > 0 ? 'No room matches the filter.' : 'Nobody is in a call right now.');
}

/** @param {number} shown @param {number} all */
function countWords(shown, all) {
  return shown === all ? `${all}` : `${shown} of ${all}`;
}

function updateEvents() {
  const wanted = filter();
  const found = state.steps.filter((step) => stepMatches(step, wanted));
  const shown = found.slice(0, EVENTS_SHOWN);
  const list = byId('events');
  const key = JSON.stringify([wanted, shown.length, shown[0]]);
  setText(byId('events-count'), countWords(found.length, state.steps.length));
  if (list.dataset.key !== key) {
    list.dataset.key = key;
    list.replaceChildren(...shown.map(eventItem));
  }
}

/** @param {Step} step */
function eventItem({ at, room, from, to, reason }) {
  const item = document.createElement('li');
  const time = document.createElement('time');
  time.dateTime = new Date(at).toISOString();
  time.textContent = new Date(at).toLocaleTimeString();
  const name = document.createElement('strong');
  name.textContent = room;
  const pill = document.createElement('span');
  pill.className = `pill ${TONES[to] ?? ''}`;
  pill.textContent = `${from} → ${to}`;
  const why = document.createElement('p');
  why.textContent = reason;
  item.append(time, name, pill, why);
  return item;
}

function updateDay() {
  const day = byId('day');
  DAY.forEach(({ title, unit, lines, step }, index) => {
    const card = day.children[index] ?? day.appendChild(makeDay(title, lines, index));
    const data = columns(
      state.history,
      lines.map(([name]) => name),
    );
    const now = legend(data, lines, unit, data[0].length - 1);
    /** @type {import('../ui/chart.js').Chart} */ (card.querySelector('tc-chart')).view = {
      columns: data,
      lines: lines.map(([, label, colour]) => ({ label, colour, unit, step })),
      label: `${title}, last 24 hours; now ${now.join(', ')}`,
      spanS: spanOf(state.history),
    };
    updateLegend(index);
  });
}

/**
 * @param {(number | null)[][]} data
 * @param {string[][]} lines
 * @param {string} unit
 * @param {number} at
 */
const legend = (data, lines, unit, at) =>
  lines.map(([, label], index) => `${label} ${figure(data[index + 1][at], unit)}`);

/** @param {number} index */
function updateLegend(index) {
  const { lines, unit } = DAY[index];
  const data = columns(
    state.history,
    lines.map(([name]) => name),
  );
  const at = pointed[index] ?? data[0].length - 1;
  const card = byId('day').children[index];
  const words = legend(data, lines, unit, at);
  const when =
    pointed[index] === null
      ? 'now'
      : new Date((data[0][at] ?? 0) * 1000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  setText(/** @type {HTMLElement} */ (card.querySelector('.when')), when);
  card
    .querySelectorAll('.legend span')
    .forEach((item, line) => setText(/** @type {HTMLElement} */ (item), words[line]));
}

/**
 * @param {string} title
 * @param {string[][]} lines
 * @param {number} index
 */
function makeDay(title, lines, index) {
  const card = document.createElement('div');
  card.className = 'day-chart card';
  const head = document.createElement('h3');
  head.textContent = title;
  const words = document.createElement('p');
  words.className = 'legend muted';
  words.append(
    ...lines.map(([, , colour]) => {
      const item = document.createElement('span');
      item.className = `line${colour}`;
      return item;
    }),
  );
  const when = document.createElement('time');
  when.className = 'when muted';
  const chart = document.createElement('tc-chart');
  chart.addEventListener('tc-pointed', (event) => {
    pointed[index] = /** @type {CustomEvent} */ (event).detail;
    updateLegend(index);
  });
  card.append(head, when, words, chart);
  return card;
}

// ---- doing ----

/** @param {{ room: string, action: 'end' | 'restart' }} wish */
function ask({ room, action }) {
  const dialog = /** @type {HTMLDialogElement} */ (byId('confirm'));
  const { title, words, yes } = ASK[action];
  setText(byId('confirm-title'), title);
  setText(byId('confirm-words'), `Room ${room}. ${words}`);
  setText(byId('confirm-yes'), yes);
  dialog.returnValue = 'no';
  dialog.onclose = () => dialog.returnValue === 'yes' && act(room, action);
  dialog.showModal();
}

/** @param {string} room @param {string} action */
async function act(room, action) {
  try {
    await api.actOnOrb(room, action, csrf);
    problem('');
  } catch (error) {
    problem(`That did not work: ${error instanceof Error ? error.message : error}.`);
  }
}

async function begin() {
  const me = await api.me();
  csrf = me.csrf;
  byId('sign-out').onclick = async () => {
    sessionStorage.clear();
    await api.signOut(csrf).catch(() => {});
    location.assign('/');
  };
  byId('filter').addEventListener('input', update);
  byId('filter').addEventListener('submit', (event) => event.preventDefault());
  document.addEventListener('tc-orb', (event) => ask(/** @type {CustomEvent} */ (event).detail));
  live.addEventListener('state', onLive);
  live.addEventListener('event', (event) => {
    const { name, data } = /** @type {CustomEvent} */ (event).detail;
    take(name, data);
  });
  live.open();
  addEventListener('pagehide', () => live.close());
  setInterval(update, 1000);
  byId('no-charts').hidden = (await charts()) !== null;
}

begin().catch((error) => {
  if (error instanceof api.ApiError && error.status === 401) {
    location.assign('/?return=/admin');
    return;
  }
  problem('The dashboard could not be loaded. Reload the page to try again.');
});
// Back from the browser's page cache, nobody listens any more: begin anew.
addEventListener('pageshow', (event) => event.persisted && location.reload());
