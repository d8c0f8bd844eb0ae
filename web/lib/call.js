// The call: joins signaling, peers and devices, and keeps the room's state. No DOM.

import { Peer } from './peer.js';
import { Signaling, wallClock } from './signaling.js';
import { Grace } from './grace.js';
import { explainEnd } from './protocol.js';
import { createRoom, reduce } from './room-state.js';
import { logger } from './log.js';

/** @typedef {import('./protocol.js').ServerMessage} ServerMessage */
/** @typedef {import('./protocol.js').Participant} Participant */
/** @typedef {import('./room-state.js').LocalMessage} LocalMessage */

const log = logger('call');
const FIRST_REBUILD_MS = 1_000;
const LONGEST_REBUILD_MS = 30_000;

/**
 * Emits `change` after each change of `state`, `stream` (detail: userId) when media changed, and
 * `peer` (detail: Peer) before a new connection begins.
 */
export class Call extends EventTarget {
  /** @type {Map<string, Peer>} */ #peers = new Map();
  /** @type {Map<string, Participant>} */ #participants = new Map();
  /** @type {Map<string, number>} how often each was rebuilt in a row */ #rebuilds = new Map();
  /** @type {Set<any>} */ #timers = new Set();
  #grace;
  #fresh = false;
  #ended = false;

  /**
   * @param {object} options
   * @param {import('./api.js').RoomInfo} options.info
   * @param {RTCIceServer[]} options.iceServers
   * @param {import('./devices.js').Devices} options.devices
   * @param {string} options.url of the signaling socket
   * @param {Parameters<typeof createRoom>[2]} [options.kept]
   * @param {import('./signaling.js').Clock} [options.clock]
   */
  constructor({ info, iceServers, devices, url, kept, clock = wallClock }) {
    super();
    this.clock = clock;
    this.#grace = new Grace(clock, (userId) => this.#onLeft(userId));
    this.state = createRoom(info, clock.now(), kept);
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
      clock,
    });
    this.signaling.addEventListener('message', (event) => this.#onMessage(detailOf(event)));
    this.signaling.addEventListener('state', (event) => this.#onLink(detailOf(event)));
    this.signaling.addEventListener('fresh', () => (this.#fresh = true));
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
    this.#timers.forEach((timer) => this.clock.clearTimeout(timer));
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
    if (message.type === 'peer-discovery') {
      this.#onDiscovery(message.peers);
      return;
    }
    this.#update(message);
    switch (message.type) {
      case 'user-joined':
        this.#meet(message, true);
        break;
      case 'user-left':
        this.#forget(message.userId);
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

  /**
   * Who is in the room. Who is not may have lost the server as we did, and needs a while to come
   * back: as long as we hear and see them, nothing is taken down.
   * @param {Participant[]} listed
   */
  #onDiscovery(listed) {
    const fresh = this.#fresh;
    this.#fresh = false;
    const ids = new Set(listed.map(({ userId }) => userId));
    const absent = [...this.#participants.values()].filter(({ userId }) => !ids.has(userId));
    const awaited = absent.filter(({ userId }) => this.#flows(userId));
    awaited.forEach(({ userId }) => this.#grace.give(userId));
    absent.filter((each) => !awaited.includes(each)).forEach(({ userId }) => this.#forget(userId));
    this.#update({ type: 'peer-discovery', peers: [...listed, ...awaited] });
    listed.forEach((participant) => this.#meet(participant, fresh));
  }

  /**
   * Somebody is in the room: connects, unless the connection that we have does.
   * @param {Participant} participant
   * @param {boolean} anew one of us two joined without a seat to come back to: what we had with each
   *   other counts only if it still works
   */
  #meet(participant, anew) {
    const { userId } = participant;
    const peer = this.#peers.get(userId);
    this.#grace.take(userId);
    this.#replaceOrb(participant);
    if (!peer || (anew && !((peer.ai || peer.remoteSession) && this.#flows(userId)))) {
      this.#connect(participant);
      return;
    }
    log.info(`the connection with ${userId} goes on`);
    this.#participants.set(userId, participant);
    peer.setMedia(this.#media(), anew);
    this.#tell(peer);
    if (this.#flows(userId) && (anew || !peer.ai)) {
      peer.confirm();
    }
  }

  /** A room has one orb: whichever we waited for does not come back. @param {Participant} met */
  #replaceOrb(met) {
    if (met.participantType === 'ai') {
      [...this.#participants.values()]
        .filter(({ userId, participantType }) => participantType === 'ai' && userId !== met.userId)
        .forEach(({ userId }) => this.#onLeft(userId));
    }
  }

  /** Somebody whose sound and picture arrive. @param {string} userId */
  #flows(userId) {
    return this.#peers.get(userId)?.state === 'connected';
  }

  /** They did not come back. @param {string} userId */
  #onLeft(userId) {
    this.#forget(userId);
    this.#update({ type: 'user-left', userId });
  }

  /** @param {string} userId */
  #forget(userId) {
    this.#disconnect(userId);
    this.#participants.delete(userId);
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
      canSignal: () => this.signaling.state === 'open' && !this.#grace.has(userId),
      iceServers: this.iceServers,
      clock: this.clock,
    });
    this.#peers.set(userId, peer);
    this.dispatchEvent(new CustomEvent('peer', { detail: peer }));
    peer.addEventListener('state', () => {
      if (peer.state === 'connected') {
        this.#rebuilds.delete(userId);
      }
      this.#tell(peer);
    });
    peer.addEventListener('media', () => {
      this.#tell(peer);
      this.dispatchEvent(new CustomEvent('stream', { detail: userId }));
    });
    peer.addEventListener('failed', () => this.#rebuildLater(userId));
    peer.addEventListener('stranger', () => {
      log.info(`${userId} is another than before`);
      this.#connect(participant);
    });
    peer.setMedia(this.#media());
    peer.begin({ audio: this.devices.track('audio'), video: this.devices.track('video') });
    this.dispatchEvent(new CustomEvent('stream', { detail: userId }));
    return peer;
  }

  /** @param {Peer} peer */
  #tell(peer) {
    const { id, state, stream } = peer;
    const video = showsVideo(stream);
    this.#update({ type: 'peer', userId: id, link: state, video, mic: peer.microphone() });
  }

  /** @returns {import('./protocol.js').Media} */
  #media() {
    return { audio: this.devices.state('audio') === 'on', video: this.devices.state('video') === 'on' };
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
    if (message.type === 'renegotiate' && message.holds) {
      this.#onHolds(peer, message.holds, session);
      return;
    }
    const stranger = session && peer.remoteSession && session !== peer.remoteSession;
    if (stranger && message.type !== 'ice-candidate') {
      log.info(`${fromId} started over`);
      peer = this.#connect(participant);
    }
    if (stranger && message.type !== 'offer') {
      // A candidate or an answer was for the connection that is gone; a wish for an offer is granted.
      peer.remoteSession = message.type === 'renegotiate' ? session : peer.remoteSession;
      return;
    }
    peer.remoteSession = session ?? peer.remoteSession;
    peer.receive(message);
  }

  /**
   * The other kept a connection, from before it or we were away. If we did not, they should hear of
   * the one we have now.
   * @param {Peer} peer
   * @param {string} mine how they call our side of it
   * @param {string | undefined} theirs
   */
  #onHolds(peer, mine, theirs) {
    if (peer.session !== mine || (peer.remoteSession && peer.remoteSession !== theirs)) {
      log.info(`${peer.id} holds a connection that is gone`);
      peer.restart();
    }
  }

  /** @param {string} userId */
  #rebuildLater(userId) {
    const times = this.#rebuilds.get(userId) ?? 0;
    this.#rebuilds.set(userId, times + 1);
    const wait = Math.min(FIRST_REBUILD_MS * 2 ** times, LONGEST_REBUILD_MS);
    const failed = this.#peers.get(userId);
    const timer = this.clock.setTimeout(() => {
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
    for (const peer of this.peers) {
      peer.setMedia(this.#media());
      peer.setTrack(kind, track).catch((error) => log.warn(`${error}`));
    }
    this.dispatchEvent(new CustomEvent('stream', { detail: this.state.me.id }));
  }

  /** @param {string} userId */
  #disconnect(userId) {
    this.#grace.take(userId);
    this.#peers.get(userId)?.close();
    this.#peers.delete(userId);
  }

  #dropPeers() {
    [...this.#peers.keys()].forEach((userId) => this.#disconnect(userId));
    this.#participants.clear();
  }

  /** @param {ServerMessage | LocalMessage} message */
  #update(message) {
    const next = reduce(this.state, message, this.clock.now());
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
