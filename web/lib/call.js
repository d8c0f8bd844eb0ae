// The call: joins signaling, peers and devices, and keeps the room's state. No DOM.

import { Peer } from './peer.js';
import { Signaling } from './signaling.js';
import { explainEnd } from './protocol.js';
import { createRoom, reduce } from './room-state.js';
import { logger } from './log.js';

/** @typedef {import('./protocol.js').ServerMessage} ServerMessage */
/** @typedef {import('./protocol.js').Participant} Participant */
/** @typedef {import('./room-state.js').LocalMessage} LocalMessage */

const log = logger('call');
const FIRST_REBUILD_MS = 1_000;
const LONGEST_REBUILD_MS = 30_000;

/** Emits `change` after each change of `state`, and `stream` (detail: userId) when media changed. */
export class Call extends EventTarget {
  /** @type {Map<string, Peer>} */ #peers = new Map();
  /** @type {Map<string, Participant>} */ #participants = new Map();
  /** @type {Map<string, number>} how often each was rebuilt in a row */ #rebuilds = new Map();
  /** @type {Set<any>} */ #timers = new Set();
  #ended = false;

  /**
   * @param {object} options
   * @param {import('./api.js').RoomInfo} options.info
   * @param {RTCIceServer[]} options.iceServers
   * @param {import('./devices.js').Devices} options.devices
   * @param {string} options.url of the signaling socket
   * @param {Parameters<typeof createRoom>[2]} [options.kept]
   */
  constructor({ info, iceServers, devices, url, kept }) {
    super();
    this.state = createRoom(info, Date.now(), kept);
    this.iceServers = iceServers;
    this.devices = devices;
    this.signaling = new Signaling({
      url,
      join: {
        type: 'join',
        roomId: info.roomId,
        userId: info.user.id,
        userRole: info.user.role,
        userName: info.user.name,
        participantType: 'human',
      },
    });
    this.signaling.addEventListener('message', (event) => this.#onMessage(detailOf(event)));
    this.signaling.addEventListener('state', (event) => this.#onLink(detailOf(event)));
    this.signaling.addEventListener('fresh', () => this.#dropPeers());
    devices.addEventListener('change', (event) => this.#onDevice(detailOf(event).kind));
    for (const kind of /** @type {const} */ (['audio', 'video'])) {
      this.#update({ type: 'device', kind, state: devices.state(kind) });
    }
  }

  join() {
    this.signaling.open();
  }

  /** @param {string} userId */
  peer(userId) {
    return this.#peers.get(userId);
  }

  get peers() {
    return [...this.#peers.values()];
  }

  /** @param {'mode' | 'mute' | 'unmute' | 'say' | 'stop' | 'leave'} action @param {string} [value] */
  controlOrb(action, value) {
    this.signaling.send({ type: 'orb-control', action, value });
    if (action === 'mute' || action === 'unmute') {
      this.#update({ type: 'orb-muted', muted: action === 'mute' });
    }
  }

  /** @param {LocalMessage} message what the page itself learns (playback, captions) */
  tell(message) {
    this.#update(message);
  }

  /** The network may be back. */
  nudge() {
    this.signaling.nudge();
  }

  /**
   * Idempotent.
   * @param {string} [words]
   * @param {string} [code]
   */
  end(words = 'You left the call.', code = 'left') {
    if (this.#ended) {
      return;
    }
    this.#ended = true;
    this.#update({ type: 'ended', words, code });
    this.signaling.close();
    this.#dropPeers();
    this.#timers.forEach((timer) => clearTimeout(timer));
    this.devices.close();
  }

  /** @param {import('./signaling.js').LinkDetail} detail */
  #onLink({ state, words, code }) {
    if (state === 'closed') {
      this.end(words, String(code ?? 'left'));
    } else {
      this.#update({ type: 'link', state, words, code });
    }
  }

  /** @param {ServerMessage} message */
  #onMessage(message) {
    this.#update(message);
    switch (message.type) {
      case 'peer-discovery':
        this.#onDiscovery(message.peers);
        break;
      case 'user-joined':
        // Someone who comes anew, even under a known id, has forgotten the old connection.
        this.#connect(message);
        break;
      case 'user-left':
        this.#disconnect(message.userId);
        this.#participants.delete(message.userId);
        break;
      case 'offer':
      case 'answer':
      case 'ice-candidate':
      case 'renegotiate':
        this.#toPeer(message);
        break;
      case 'session-ended':
        this.end(explainEnd(message.reason), '4000');
        break;
      case 'error':
        log.warn(`server: ${message.code} ${message.message ?? ''}`);
        break;
      default:
    }
  }

  /** Connects those who are new to us; after a resume that is usually nobody. @param {Participant[]} present */
  #onDiscovery(present) {
    const ids = new Set(present.map((participant) => participant.userId));
    for (const id of this.#peers.keys()) {
      if (!ids.has(id)) {
        this.#disconnect(id);
      }
    }
    present.filter(({ userId }) => !this.#peers.has(userId)).forEach((each) => this.#connect(each));
  }

  /** @param {Participant} participant */
  #connect(participant) {
    const { userId, participantType } = participant;
    const mine = this.state.me.id;
    const ai = participantType === 'ai';
    this.#disconnect(userId);
    this.#participants.set(userId, participant);
    const peer = new Peer({
      id: userId,
      ai,
      offers: participant.shouldCreateOffer ?? (ai || mine < userId),
      polite: mine > userId,
      send: (message) => this.signaling.send(message),
      canSignal: () => this.signaling.state === 'open',
      iceServers: this.iceServers,
    });
    this.#peers.set(userId, peer);
    const tell = () =>
      this.#update({ type: 'peer', userId, link: peer.state, video: showsVideo(peer.stream) });
    peer.addEventListener('state', () => {
      if (peer.state === 'connected') {
        this.#rebuilds.delete(userId);
      }
      tell();
    });
    peer.addEventListener('media', () => {
      tell();
      this.dispatchEvent(new CustomEvent('stream', { detail: userId }));
    });
    peer.addEventListener('failed', () => this.#rebuildLater(userId));
    peer.begin({ audio: this.devices.track('audio'), video: this.devices.track('video') });
    this.dispatchEvent(new CustomEvent('stream', { detail: userId }));
    return peer;
  }

  /** @param {ServerMessage & { type: 'offer' | 'answer' | 'ice-candidate' | 'renegotiate' }} message */
  #toPeer(message) {
    const { fromId, session } = message;
    const participant = this.#participants.get(fromId);
    let peer = this.#peers.get(fromId);
    if (!participant || !peer) {
      log.debug(`${message.type} from ${fromId}, who is not here`);
      return;
    }
    if (session && peer.remoteSession && session !== peer.remoteSession) {
      if (message.type === 'ice-candidate') {
        return;
      }
      log.info(`${fromId} started over`);
      peer = this.#connect(participant);
    }
    peer.remoteSession = session ?? peer.remoteSession;
    peer.receive(message);
  }

  /** @param {string} userId */
  #rebuildLater(userId) {
    const times = this.#rebuilds.get(userId) ?? 0;
    this.#rebuilds.set(userId, times + 1);
    const wait = Math.min(FIRST_REBUILD_MS * 2 ** times, LONGEST_REBUILD_MS);
    const failed = this.#peers.get(userId);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      const participant = this.#participants.get(userId);
      if (participant && this.#peers.get(userId) === failed) {
        log.info(`starting over with ${userId}`);
        const peer = this.#connect(participant);
        if (!peer.offers) {
          peer.restart();
        }
      }
    }, wait);
    this.#timers.add(timer);
  }

  /** @param {'audio' | 'video'} kind */
  #onDevice(kind) {
    this.#update({ type: 'device', kind, state: this.devices.state(kind) });
    const track = this.devices.track(kind);
    this.peers.forEach((peer) => peer.setTrack(kind, track).catch((error) => log.warn(`${error}`)));
    this.dispatchEvent(new CustomEvent('stream', { detail: this.state.me.id }));
  }

  /** @param {string} userId */
  #disconnect(userId) {
    this.#peers.get(userId)?.close();
    this.#peers.delete(userId);
  }

  #dropPeers() {
    [...this.#peers.keys()].forEach((userId) => this.#disconnect(userId));
    this.#participants.clear();
  }

  /** @param {ServerMessage | LocalMessage} message */
  #update(message) {
    const next = reduce(this.state, message, Date.now());
    if (next !== this.state) {
      this.state = next;
      this.dispatchEvent(new Event('change'));
    }
  }
}

/** @param {MediaStream} stream */
function showsVideo(stream) {
  return stream.getVideoTracks().some((track) => track.readyState === 'live' && !track.muted);
}

/** @param {Event} event @returns {any} */
function detailOf(event) {
  return /** @type {CustomEvent} */ (event).detail;
}
