// The user's appointments, by what can be done with them now.

import * as api from '../lib/api.js';
import { badge, initials, listOf, whenText, whoText } from '../lib/appointments.js';

/** @typedef {import('../lib/api.js').Appointment} Appointment */

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const TITLES = { now: 'Ready to join', later: 'Coming up', past: 'Earlier' };

/**
 * @param {string} tag
 * @param {string} className
 * @param {string} [text]
 */
function make(tag, className, text = '') {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

/**
 * @param {Appointment} appointment
 * @param {api.User} user
 * @param {'now' | 'later' | 'past'} list
 */
function row(appointment, user, list) {
  const { name, call } = whoText(appointment, user.id);
  const item = make('li', `appointment card ${list}`);
  const face = make('div', 'face', initials(name));
  face.setAttribute('aria-hidden', 'true');
  const about = make('div', 'about');
  const when = make('p', 'when', whenText(appointment, Date.now()));
  const { words, tone } = badge(appointment, Date.now());
  if (words) {
    when.append(make('span', `pill ${tone}`, words));
  }
  // Who meets the same person often tells appointments apart by their time and room.
  const room = make('p', 'room', `Room ${appointment.room}`);
  room.title = appointment.room;
  about.append(make('h3', '', name), when, room);
  item.append(face, about);
  if (list !== 'past') {
    item.append(joinLink(appointment, call, list === 'now'));
  }
  return item;
}

/**
 * @param {Appointment} appointment
 * @param {string} call which one, in words
 * @param {boolean} primary
 */
function joinLink(appointment, call, primary) {
  const { room } = appointment;
  const link = /** @type {HTMLAnchorElement} */ (make('a', primary ? 'button primary' : 'button', 'Join'));
  link.href = `/room/${encodeURIComponent(room)}`;
  const when = whenText(appointment, Date.now());
  link.setAttribute('aria-label', `Join ${call}, ${when}, room ${room}`);
  return link;
}

/**
 * @param {Appointment[]} all
 * @param {api.User} user
 */
function show(all, user) {
  const lists = byId('lists');
  lists.replaceChildren();
  const sorted = [...all].sort(
    (a, b) => (a.starts ?? '').localeCompare(b.starts ?? '') || a.room.localeCompare(b.room),
  );
  for (const key of /** @type {const} */ (['now', 'later', 'past'])) {
    const rows = sorted.filter((each) => listOf(each, Date.now()) === key);
    if (rows.length > 0) {
      const section = make('section', '');
      const list = make('ul', '');
      list.append(...rows.map((each) => row(each, user, key)));
      section.append(make('h2', '', TITLES[key]), list);
      lists.append(section);
    }
  }
  const ready = sorted.filter((each) => listOf(each, Date.now()) === 'now').length;
  byId('lead').textContent = leadText(all.length, ready);
  if (all.length === 0) {
    lists.append(emptyCard());
  }
}

/**
 * @param {number} total
 * @param {number} ready
 */
function leadText(total, ready) {
  if (total === 0) {
    return 'Nothing is planned.';
  }
  if (ready === 0) {
    return 'Nothing right now.';
  }
  return ready === 1 ? 'One call is ready for you.' : `${ready} calls are ready for you.`;
}

function emptyCard() {
  const card = make('div', 'empty card');
  const image = /** @type {HTMLImageElement} */ (document.createElement('img'));
  image.src = '/favicon.svg';
  image.alt = '';
  card.append(image, make('h2', '', 'No appointments yet'));
  card.append(make('p', 'muted', 'When one is made for you, it appears here with a button to join.'));
  return card;
}

/** @param {string} csrf */
async function signOut(csrf) {
  // What was said in a call must not wait in this tab for the next person.
  sessionStorage.clear();
  await api.signOut(csrf).catch(() => {});
  location.assign('/');
}

async function load() {
  try {
    const [{ user, csrf }, list] = await Promise.all([api.me(), api.appointments()]);
    byId('name').textContent = user.name;
    byId('greeting').textContent = `Hello, ${user.name.split(' ')[0]}`;
    byId('dashboard').hidden = user.role !== 'admin';
    byId('sign-out').onclick = () => signOut(csrf);
    show(list, user);
  } catch (error) {
    if (error instanceof api.ApiError && error.status === 401) {
      location.assign('/');
      return;
    }
    byId('lead').textContent = 'Your appointments could not be loaded. Reload the page to try again.';
  }
}

load();
// What is "in 12 min" now is "now" later; a page may stay open all day.
setInterval(() => document.visibilityState === 'visible' && load(), 60_000);
