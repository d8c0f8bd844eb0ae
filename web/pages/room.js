// What both rooms share: loads, wires call, elements and keyboard together. No logic of its own.

import '../ui/tile.js';
import '../ui/orb.js';
import '../ui/controls.js';
import '../ui/captions.js';
import '../ui/notices.js';
import '../ui/settings.js';
import '../ui/timer.js';
import * as api from '../lib/api.js';
import { Call } from '../lib/call.js';
import { Devices } from '../lib/devices.js';
import { diagnose } from '../lib/diagnostics.js';
import { LevelMeter } from '../lib/level-meter.js';
import { echoToConsole, logger } from '../lib/log.js';
import { loadWishes, saveWishes, Keeper } from '../lib/keep.js';
import { Quality } from '../lib/quality.js';
import { hear, silentVoice } from '../lib/speaking.js';
import { isStill, watchArrival } from '../lib/stillness.js';
import { explainEnd } from '../lib/protocol.js';
import { orbOf, othersOf, partnerOf } from '../lib/room-state.js';
import { withEarlier } from '../lib/session.js';
import { RoomView, showOver } from './room-view.js';

/**
 * What the coach's room adds.
 * @typedef {object} Extras
 * @property {(state: import('../lib/room-state.js').RoomState) => void} [update]
 * @property {{ shown: () => boolean, toggle: () => void }} [transcript]
 * @property {{ ask: () => void, failed: (words: string) => void }} [leave] how to leave is a question
 * @property {(call: Call, refresh: () => void) => void} [wire]
 * @property {(state: import('../lib/room-state.js').RoomState, sessionId: string) => void} [ended] once
 */

const log = logger('room');
const LEVEL_EVERY_MS = 80;
// How long the others wait for our microphone and camera if we are likely to get them at once.
const MEDIA_WAIT_MS = 1_500;
const FAILURES_BEFORE_ASKING = 2;
const REFUSALS = new Map([
  [401, 'You are signed out, or your invitation has run out. Sign in again, or open a new invitation.'],
  [403, 'This appointment is for other people.'],
  [404, 'There is no such appointment.'],
]);

const roomId = decodeURIComponent(location.pathname.split('/')[2] ?? '');

/** @param {Extras} [extras] */
export async function openRoom(extras = {}) {
  if (new URLSearchParams(location.search).has('debug')) {
    echoToConsole();
  }
  const wishes = loadWishes();
  const devices = new Devices({ wanted: wishes.on, chosen: wishes.chosen });
  const media = devices.start();
  let loaded;
  try {
    loaded = await load();
  } catch (error) {
    devices.close();
    refused(error);
    return;
  }
  const { info, iceServers, csrf, earlier } = loaded;
  const keeper = new Keeper(info.roomId);
  const kept = keeper.load();
  const call = new Call({
    info,
    iceServers,
    devices,
    url: `${location.origin.replace(/^http/, 'ws')}/ws-simple/${encodeURIComponent(info.roomId)}`,
    kept: { ...kept, utterances: withEarlier(kept.utterances ?? [], earlier), captions: wishes.captions },
  });
  new Room(call, keeper, wishes, csrf, extras, info.sessionId).start();
  await Promise.race([media, wait(await mediaWait())]);
  call.join();
}

async function load() {
  const [info, iceServers, user] = await Promise.all([
    api.room(roomId),
    api.iceServers().catch((error) => {
      log.warn(`no ICE servers: ${error}`);
      return [];
    }),
    // Holders of a join token are nobody outside this room.
    api.me().catch(() => null),
  ]);
  return { info, iceServers, csrf: user?.csrf ?? '', earlier: await earlierOf(info) };
}

/**
 * The coach's transcript begins with the session, not with this window.
 * @param {api.RoomInfo} info
 */
async function earlierOf({ user, started, sessionId }) {
  if (user.role === 'client' || !started) {
    return null;
  }
  return api.session(sessionId).catch((error) => {
    log.warn(`no earlier transcript: ${error}`);
    return null;
  });
}

/** @param {unknown} error */
function refused(error) {
  const status = error instanceof api.ApiError ? error.status : 0;
  log.error(`cannot open the room: ${error}`);
  const words = REFUSALS.get(status) ?? 'The server cannot be reached. Check your connection and try again.';
  showOver({
    title: 'You cannot join this call',
    words,
    rejoin: status === 403 || status === 404 ? '' : 'Try again',
  });
}

/** If the browser will ask the user first, nobody should wait for the answer. */
async function mediaWait() {
  try {
    const name = /** @type {PermissionName} */ ('microphone');
    const { state } = await navigator.permissions.query({ name });
    return state === 'prompt' ? 0 : MEDIA_WAIT_MS;
  } catch {
    return MEDIA_WAIT_MS;
  }
}

/** @param {number} ms */
function wait(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

class Room {
  #meter = new LevelMeter();
  #view = new RoomView();
  #life = new AbortController();
  #voices = { self: silentVoice(), partner: silentVoice(), orb: silentVoice() };
  /** @type {Map<string, import('../lib/stillness.js').Arrival | undefined>} */ #arrivals = new Map();
  /** @type {any} */ #levels;
  #left = false;
  #failures = 0;

  /**
   * @param {Call} call
   * @param {Keeper} keeper
   * @param {import('../lib/keep.js').Wishes} wishes
   * @param {string} csrf
   * @param {Extras} extras
   * @param {string} sessionId
   */
  constructor(call, keeper, wishes, csrf, extras, sessionId) {
    this.call = call;
    this.keeper = keeper;
    this.wishes = wishes;
    this.csrf = csrf;
    this.extras = extras;
    this.sessionId = sessionId;
    this.quality = new Quality({ call, send: (connections, last) => this.#report(connections, last) });
  }

  start() {
    const { signal } = this.#life;
    this.call.addEventListener('change', () => this.update(), { signal });
    this.call.signaling.addEventListener('state', () => this.#onLink(), { signal });
    this.call.addEventListener('stream', () => this.#onStream(), { signal });
    for (const name of ['list', 'change']) {
      this.call.devices.addEventListener(name, () => this.#updateSettings(), { signal });
    }
    this.#listenToWishes(signal);
    this.#listenToBrowser(signal);
    this.extras.wire?.(this.call, () => this.update());
    this.#levels = setInterval(() => this.#onLevels(), LEVEL_EVERY_MS);
    this.#onStream();
    this.#updateSettings();
  }

  update() {
    const { state } = this.call;
    this.#view.update(this.call, this.wishes.shortcuts, this.extras.transcript?.shown() ?? null);
    this.extras.update?.(state);
    this.keeper.save(state);
    if (state.ended && !this.#life.signal.aborted) {
      this.#over();
      this.extras.ended?.(state, this.sessionId);
    }
  }

  /** A refused upgrade looks like a lost network to the page; asking the API tells them apart. */
  async #onLink() {
    this.#failures = this.call.signaling.state === 'down' ? this.#failures + 1 : 0;
    if (this.#failures >= FAILURES_BEFORE_ASKING) {
      const error = await api.room(roomId).catch((reason) => reason);
      const words = error instanceof api.ApiError ? REFUSALS.get(error.status) : undefined;
      if (words) {
        this.call.end(words, error.status === 401 ? '401' : 'refused');
      }
    }
  }

  #onStream() {
    this.#meter.watch(this.call.devices.track('audio'));
    this.#view.playOn(this.wishes.speaker);
    this.update();
  }

  #onLevels() {
    const { state } = this.call;
    const now = Date.now();
    const partner = this.call.peer(partnerOf(state)?.userId ?? '');
    const orb = this.call.peer(orbOf(state)?.userId ?? '');
    const micOn = state.devices.audio === 'on';
    this.#voices = {
      self: hear(this.#voices.self, micOn ? this.#meter.level() : 0, now),
      partner: hear(this.#voices.partner, partner?.level() ?? 0, now),
      orb: hear(this.#voices.orb, orb?.level() ?? 0, now),
    };
    this.#view.voices = this.#voices;
    this.#view.captionsAt(state, now);
    this.#onArrivals(now);
  }

  /** @param {number} now */
  #onArrivals(now) {
    for (const { userId } of othersOf(this.call.state)) {
      const arrived = this.call.peer(userId)?.arrived() ?? null;
      const arrival = watchArrival(this.#arrivals.get(userId), arrived, now);
      this.#arrivals.set(userId, arrival);
      this.call.tell({ type: 'still', userId, still: isStill(arrival, now) });
    }
  }

  /** @param {AbortSignal} signal */
  #listenToWishes(signal) {
    /** @type {Record<string, (detail: any) => void>} */
    const wishes = {
      'tc-mic': () => this.#toggleDevice('audio'),
      'tc-camera': () => this.#toggleDevice('video'),
      'tc-captions': () => this.#toggleCaptions(),
      'tc-transcript': () => this.#toggleTranscript(),
      'tc-settings': () => this.#openSettings(),
      'tc-leave': () => (this.extras.leave ? this.extras.leave.ask() : this.#leave()),
      'tc-leave-alone': () => this.#leave(),
      'tc-end': () => this.#endForAll(),
      'tc-notice': (id) => this.#onNotice(id),
      'tc-choose': (choice) => this.#choose(choice),
      'tc-shortcuts': (on) => this.#wish({ shortcuts: on }),
      'tc-diagnose': () => this.#copyDiagnostics(),
      'tc-playback-blocked': () => this.call.tell({ type: 'playback', blocked: true }),
      'tc-playing': () => this.call.tell({ type: 'playback', blocked: false }),
    };
    for (const [name, act] of Object.entries(wishes)) {
      document.addEventListener(name, (event) => act(/** @type {CustomEvent} */ (event).detail), { signal });
    }
  }

  /** @param {AbortSignal} signal */
  #listenToBrowser(signal) {
    document.addEventListener('keydown', (event) => this.#onKey(event), { signal });
    document.addEventListener('pointerdown', () => this.#meter.resume(), { signal });
    document.addEventListener(
      'visibilitychange',
      () => document.visibilityState === 'visible' && this.call.nudge(),
      { signal },
    );
    addEventListener('online', () => this.call.nudge(), { signal });
    addEventListener('pagehide', () => this.#goodbye(), { signal });
    for (const [name, kind] of /** @type {const} */ ([
      ['microphone', 'audio'],
      ['camera', 'video'],
    ])) {
      this.#watchPermission(/** @type {PermissionName} */ (name), kind, signal);
    }
  }

  /**
   * Allowed in the address bar after all: use it without being asked again.
   * @param {PermissionName} name
   * @param {'audio' | 'video'} kind
   * @param {AbortSignal} signal
   */
  async #watchPermission(name, kind, signal) {
    const status = await navigator.permissions?.query({ name }).catch(() => null);
    const retry = () => {
      if (status?.state === 'granted' && this.call.state.devices[kind] === 'denied') {
        this.call.devices.acquire(kind);
      }
    };
    status?.addEventListener('change', retry, { signal });
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const target = /** @type {Element} */ (event.target);
    const typing = target.closest?.('input, select, textarea, dialog');
    const chord = event.ctrlKey || event.metaKey || event.altKey || event.repeat;
    if (!this.wishes.shortcuts || typing || chord || this.call.state.ended) {
      return;
    }
    const key = event.key.toLowerCase();
    if (key === 'm') {
      this.#toggleDevice('audio');
    } else if (key === 'v') {
      this.#toggleDevice('video');
    } else if (key === 'c') {
      this.#toggleCaptions();
    }
  }

  /** @param {'audio' | 'video'} kind */
  async #toggleDevice(kind) {
    this.#meter.resume();
    const on = this.call.state.devices[kind] !== 'on';
    this.#wish({ on: { ...this.wishes.on, [kind]: on } });
    await this.call.devices.setOn(kind, on);
    if (on && !this.call.devices.track(kind)) {
      await this.call.devices.acquire(kind);
    }
  }

  #toggleCaptions() {
    const captions = !this.call.state.captions;
    this.#wish({ captions });
    this.call.tell({ type: 'captions', on: captions });
  }

  #toggleTranscript() {
    this.extras.transcript?.toggle();
    this.update();
  }

  #openSettings() {
    this.#updateSettings();
    this.#view.settings.open();
  }

  /** @param {string} id */
  #onNotice(id) {
    switch (id) {
      case 'link':
        this.call.nudge();
        break;
      case 'playback':
        this.#meter.resume();
        this.#view.resume();
        break;
      case 'audio':
      case 'video':
        this.call.devices.acquire(id);
        break;
      case 'devices':
        this.call.devices.start();
        break;
      case 'orb':
        this.#callOrbBack();
        break;
      default:
    }
  }

  /** @param {{ kind: 'audio' | 'video' | 'speaker', deviceId: string }} choice */
  async #choose({ kind, deviceId }) {
    if (kind === 'speaker') {
      this.#wish({ speaker: deviceId });
      this.#view.playOn(deviceId);
      return;
    }
    this.#wish({ chosen: { ...this.wishes.chosen, [kind]: deviceId } });
    await this.call.devices.choose(kind, deviceId);
  }

  async #copyDiagnostics() {
    const text = await diagnose(this.call);
    const done = await navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
    this.#view.settings.copied(done);
  }

  /** @param {Partial<import('../lib/keep.js').Wishes>} change */
  #wish(change) {
    Object.assign(this.wishes, change);
    saveWishes(this.wishes);
    this.#updateSettings();
    this.update();
  }

  async #updateSettings() {
    const { devices } = this.call;
    this.#view.updateSettings({
      devices: await devices.list(),
      current: {
        audio: devices.current('audio'),
        video: devices.current('video'),
        speaker: this.wishes.speaker,
      },
      states: { audio: devices.state('audio'), video: devices.state('video') },
      canChooseSpeaker: 'setSinkId' in HTMLMediaElement.prototype,
      shortcuts: this.wishes.shortcuts,
    });
  }

  #leave() {
    this.#tellServer();
    this.call.end();
  }

  async #endForAll() {
    try {
      // A guest's proof is the server's of today; it may have been restarted during the call.
      const { csrf } = await api.me();
      await api.endRoom(roomId, csrf);
    } catch (error) {
      const why = error instanceof api.ApiError && error.status > 0 ? '' : ' The server cannot be reached.';
      log.error(`cannot end the session: ${error}`);
      this.extras.leave?.failed(`The session could not be ended.${why} Try again, or leave.`);
      return;
    }
    // While the socket is lost nobody else would say it.
    this.call.end(explainEnd('session_complete'), '4000');
  }

  async #callOrbBack() {
    try {
      const { csrf } = await api.me();
      await api.restartOrb(roomId, csrf);
    } catch (error) {
      log.error(`the orb was not called back: ${error}`); // the notice, and its button, stay
    }
  }

  /** The page goes: say so, so that the others need not wait. A reload joins again at once. */
  #goodbye() {
    if (!this.call.state.ended) {
      this.keeper.save(this.call.state, true);
      this.#tellServer();
      this.call.signaling.close();
    }
  }

  /**
   * @param {import('../lib/quality.js').Report[]} connections
   * @param {boolean} last
   */
  async #report(connections, last) {
    try {
      await api.reportQuality(roomId, this.csrf, connections, last);
    } catch (error) {
      if (!(error instanceof api.ApiError) || error.status !== 403 || last) {
        throw error;
      }
      // A guest's proof is the server's of today; it may have been restarted during the call.
      this.csrf = (await api.me()).csrf;
      await api.reportQuality(roomId, this.csrf, connections, last);
    }
  }

  #tellServer() {
    this.quality.end();
    if (!this.#left) {
      this.#left = true;
      api.leaveRoom(roomId, this.csrf).catch(() => {});
    }
  }

  #over() {
    this.quality.end();
    clearInterval(this.#levels);
    this.#meter.close();
    this.#life.abort();
  }
}

// Back from the browser's page cache, the call is long gone: begin anew.
addEventListener('pageshow', (event) => event.persisted && location.reload());
