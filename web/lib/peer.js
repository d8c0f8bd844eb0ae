// One person (or the orb) at the other end: perfect negotiation, early candidates, ICE restarts.
// The only module that touches RTCPeerConnection; it knows no socket, so a test drives two by hand.
//
// Who makes the first offer is the server's word (`offers`); after it either human may renegotiate,
// and glare is settled by `polite`. The orb never offers, so towards it nothing can collide.

import { logger } from './log.js';
import { wallClock } from './signaling.js';

/** @typedef {'new' | 'connecting' | 'connected' | 'unstable' | 'restarting' | 'closed'} PeerState */
/** @typedef {import('./signaling.js').Clock} Clock */
/** @typedef {'audio' | 'video'} Kind */
/** @typedef {import('./protocol.js').Media} Media */
/** @typedef {'on' | 'off' | 'none'} Microphone the other's: muted is 'off' */
/** @typedef {{ type: 'offer' | 'answer' | 'ice-candidate' | 'renegotiate', toId: string, session: string, [more: string]: unknown }} PeerMessage */

const DISCONNECTED_GRACE_MS = 3_000;
const CONNECT_WITHIN_MS = 12_000;
const LONGEST_WAIT_MS = 16_000;
// So many restarts without success: start over with a new connection.
const RESTARTS_BEFORE_FAILED = 3;
// Says "no more candidates", once more: what carries `media` must do nothing where that is unknown.
const NO_CANDIDATE = { candidate: '', sdpMid: '0', sdpMLineIndex: 0 };

/**
 * Emits `state` (detail: PeerState), `media` (a track came, went, or fell silent), and `failed` when
 * restarts did not help and the owner should replace this peer.
 */
export class Peer extends EventTarget {
  #makingOffer = false;
  #ignoreOffer = false;
  #isSettingRemoteAnswerPending = false;
  /** @type {PeerState} */ #state = 'new';
  /** @type {(RTCIceCandidateInit | null)[]} */ #early = [];
  /** @type {Record<Kind, MediaStreamTrack | null>} */ #local = { audio: null, video: null };
  /** @type {Media} */ #media = { audio: true, video: true };
  /** @type {Media | null} as the other says */ #theirs = null;
  #begun = false;
  #restarts = 0;
  /** @type {any} */ #timer;

  /**
   * @param {object} options
   * @param {string} options.id the other's user id
   * @param {boolean} options.ai the orb: gets no video from us, never offers
   * @param {boolean} options.offers we make the first offer, and all that follow towards the orb
   * @param {boolean} options.polite we give way on glare
   * @param {(message: PeerMessage) => void} options.send
   * @param {RTCIceServer[]} options.iceServers
   * @param {() => boolean} [options.canSignal] false: no use in restarting now
   * @param {typeof globalThis.RTCPeerConnection} [options.RTCPeerConnection]
   * @param {typeof globalThis.MediaStream} [options.MediaStream]
   * @param {Clock} [options.clock]
   */
  constructor({
    id,
    ai,
    offers,
    polite,
    send,
    iceServers,
    canSignal = () => true,
    RTCPeerConnection = globalThis.RTCPeerConnection,
    MediaStream = globalThis.MediaStream,
    clock = wallClock,
  }) {
    super();
    this.id = id;
    this.ai = ai;
    this.offers = offers;
    this.polite = polite;
    this.canSignal = canSignal;
    this.clock = clock;
    /** Names this connection, so that the other end notices when we start over. */
    this.session = Math.random().toString(36).slice(2, 10);
    /** The other's `session`, once it told one. @type {string | undefined} */
    this.remoteSession = undefined;
    /** What the other sends, for a media element. */
    this.stream = new MediaStream();
    this.log = logger(`peer ${id}`);
    this.send = send;
    this.pc = new RTCPeerConnection({ iceServers, bundlePolicy: 'max-bundle' });
    this.#listen();
  }

  get state() {
    return this.#state;
  }

  /**
   * Starts the connection with what media there is so far. More may come later by setTrack().
   * @param {Partial<Record<Kind, MediaStreamTrack | null>>} tracks
   */
  begin({ audio = null, video = null }) {
    this.#local = { audio, video: this.ai ? null : video };
    this.#setState('connecting');
    this.#expectConnected(CONNECT_WITHIN_MS);
    if (!this.offers) {
      return;
    }
    this.#begun = true;
    for (const kind of /** @type {Kind[]} */ (['audio', 'video'])) {
      const track = this.#local[kind];
      this.pc.addTransceiver(track ?? kind, { direction: directionFor(track) });
    }
  }

  /**
   * A local track came, changed or went (null). Renegotiates only if the direction changes.
   * @param {Kind} kind
   * @param {MediaStreamTrack | null} track
   */
  async setTrack(kind, track) {
    if (this.#state === 'closed' || (this.ai && kind === 'video')) {
      return;
    }
    this.#local[kind] = track;
    const transceiver = this.#transceiver(kind);
    if (transceiver) {
      await this.#attach(transceiver, track);
    }
  }

  /**
   * What of ours is on: a muted microphone still sends, so its packets do not tell. Goes with each
   * description, and by itself when it changes.
   * @param {Media} media
   * @param {boolean} [again] what we said may be lost
   */
  setMedia(media, again = false) {
    const { audio, video } = this.#media;
    this.#media = media;
    const news = again || media.audio !== audio || media.video !== video;
    if (news && !this.ai && this.pc.remoteDescription) {
      this.#say('ice-candidate', { candidate: NO_CANDIDATE, ...this.#told() });
    }
  }

  /** @returns {Microphone} of the other, as far as is known */
  microphone() {
    const direction = this.#transceiver('audio')?.currentDirection;
    if (direction === 'sendonly' || direction === 'inactive') {
      return 'none';
    }
    return this.#theirs?.audio === false ? 'off' : 'on';
  }

  /**
   * An offer, answer, candidate or `renegotiate` from the other end.
   * @param {import('./protocol.js').ServerMessage} message
   */
  async receive(message) {
    if (this.#state === 'closed') {
      return;
    }
    if ('media' in message && message.media) {
      this.#theirs = message.media;
      this.#emit('media');
    }
    try {
      if (message.type === 'offer') {
        await this.#onDescription(message.offer);
      } else if (message.type === 'answer') {
        if (this.ai && this.#isStranger(message.answer)) {
          this.#emit('stranger');
          return;
        }
        await this.#onDescription(message.answer);
      } else if (message.type === 'ice-candidate') {
        await this.#onCandidate(message.candidate);
      } else if (message.type === 'renegotiate') {
        this.restart();
      }
    } catch (error) {
      if (!this.#isClosed()) {
        this.log.warn(`${message.type}: ${error}`);
      }
    }
  }

  /** Fresh ICE: by an offer of ours, or by asking the side that offers for one. */
  restart() {
    if (this.#state === 'closed') {
      return;
    }
    if (this.offers) {
      this.pc.restartIce();
      if (this.pc.signalingState === 'have-local-offer') {
        // Nobody answered the last one, so no negotiationneeded will come: offer again.
        this.#offer();
      }
    } else {
      this.send({ type: 'renegotiate', toId: this.id, session: this.session });
    }
  }

  /** We were away, or they were: asks whether they still have this connection, too. */
  confirm() {
    if (this.pc.signalingState === 'have-local-offer') {
      this.restart(); // our offer, or its answer, went into the void
    } else if (this.ai) {
      this.#offer(); // who answers it, the same or another orb of that name, shows by its certificate
    } else if (this.offers && this.remoteSession) {
      // Who does not offer need not ask: a new connection of theirs comes with an offer.
      this.send({ type: 'renegotiate', toId: this.id, session: this.session, holds: this.remoteSession });
    }
  }

  /** How loud the other is now, 0 to 1, as the packets themselves say (RFC 6464). */
  level() {
    const receiver = this.#transceiver('audio')?.receiver;
    return receiver?.getSynchronizationSources?.()[0]?.audioLevel ?? 0;
  }

  /** When the newest of their sound and picture played, 0: none yet; null: they send neither. */
  arrived() {
    const receivers = this.pc
      .getTransceivers()
      .filter(({ currentDirection: now }) => now === 'sendrecv' || now === 'recvonly')
      .map(({ receiver }) => receiver)
      .filter(({ track }) => track.kind === 'audio' || this.#theirs?.video !== false);
    const times = receivers.flatMap((receiver) =>
      (receiver.getSynchronizationSources?.() ?? []).map(({ timestamp }) => timestamp),
    );
    return receivers.length > 0 ? Math.max(0, ...times) : null;
  }

  /** Idempotent; no event follows. */
  close() {
    if (this.#state === 'closed') {
      return;
    }
    this.#state = 'closed';
    this.clock.clearTimeout(this.#timer);
    this.pc.onnegotiationneeded = null;
    this.pc.onicecandidate = null;
    this.pc.onconnectionstatechange = null;
    this.pc.ontrack = null;
    this.pc.close();
    this.stream.getTracks().forEach((track) => this.stream.removeTrack(track));
  }

  #listen() {
    this.pc.onnegotiationneeded = () => this.#offer();
    this.pc.onicecandidate = ({ candidate }) => {
      if (candidate) {
        this.#say('ice-candidate', { candidate });
      }
    };
    this.pc.onconnectionstatechange = () => this.#onConnectionState();
    this.pc.ontrack = ({ track }) => this.#onTrack(track);
  }

  async #offer() {
    if (!this.#begun) {
      return;
    }
    try {
      this.#makingOffer = true;
      await this.pc.setLocalDescription();
      this.#say('offer', { offer: this.pc.localDescription, ...this.#told() });
    } catch (error) {
      if (!this.#isClosed()) {
        this.log.warn(`offer: ${error}`);
      }
    } finally {
      this.#makingOffer = false;
    }
  }

  /** @param {RTCSessionDescriptionInit} description */
  async #onDescription(description) {
    // An answer being applied counts as stable already: w3c/webrtc-pc#2572.
    const readyForOffer =
      !this.#makingOffer && (this.pc.signalingState === 'stable' || this.#isSettingRemoteAnswerPending);
    const collision = description.type === 'offer' && !readyForOffer;
    this.#ignoreOffer = !this.polite && collision;
    if (this.#ignoreOffer) {
      this.log.debug('ignored an offer that crossed ours');
      return;
    }
    this.#isSettingRemoteAnswerPending = description.type === 'answer';
    try {
      await this.pc.setRemoteDescription(description);
    } finally {
      this.#isSettingRemoteAnswerPending = false;
    }
    await this.#flushEarly();
    if (description.type === 'offer') {
      await this.#answer();
    }
    this.#emit('media'); // the directions are agreed now
  }

  /** An answer of somebody else than who we are connected with. @param {RTCSessionDescriptionInit} answer */
  #isStranger(answer) {
    const known = fingerprints(this.pc.currentRemoteDescription);
    return known !== '' && fingerprints(answer) !== known;
  }

  async #answer() {
    this.#begun = true;
    for (const kind of /** @type {Kind[]} */ (['audio', 'video'])) {
      const transceiver = this.#transceiver(kind);
      if (transceiver) {
        await this.#attach(transceiver, this.#local[kind]);
      }
    }
    await this.pc.setLocalDescription();
    this.#say('answer', { answer: this.pc.localDescription, ...this.#told() });
  }

  /** The orb hears what is on. */
  #told() {
    return this.ai ? {} : { media: this.#media };
  }

  /** @param {RTCIceCandidateInit | null} candidate */
  async #onCandidate(candidate) {
    if (!this.pc.remoteDescription) {
      this.#early.push(candidate);
      return;
    }
    await this.#addCandidate(candidate);
  }

  /** @param {RTCIceCandidateInit | null} candidate */
  async #addCandidate(candidate) {
    if (!candidate) {
      return;
    }
    try {
      await this.pc.addIceCandidate(candidate);
    } catch (error) {
      // Candidates of an offer we ignored have nowhere to go.
      if (!this.#ignoreOffer && !this.#isClosed()) {
        this.log.warn(`candidate: ${error}`);
      }
    }
  }

  async #flushEarly() {
    const early = this.#early;
    this.#early = [];
    for (const candidate of early) {
      await this.#addCandidate(candidate);
    }
  }

  /**
   * The negotiated transceiver of a kind; before the first offer, the one we are to offer.
   * @param {Kind} kind
   */
  #transceiver(kind) {
    return this.pc
      .getTransceivers()
      .find((t) => t.receiver.track.kind === kind && (this.offers || t.mid !== null));
  }

  /**
   * @param {RTCRtpTransceiver} transceiver
   * @param {MediaStreamTrack | null} track
   */
  async #attach(transceiver, track) {
    if (transceiver.sender.track !== track) {
      await transceiver.sender.replaceTrack(track);
    }
    const direction = directionFor(track);
    if (transceiver.direction !== direction && transceiver.direction !== 'stopped') {
      transceiver.direction = direction;
    }
  }

  /** @param {MediaStreamTrack} track */
  #onTrack(track) {
    this.stream
      .getTracks()
      .filter((old) => old.kind === track.kind && old !== track)
      .forEach((old) => this.stream.removeTrack(old));
    this.stream.addTrack(track);
    const changed = () => this.#emit('media');
    track.onmute = changed;
    track.onunmute = changed;
    track.onended = changed;
    changed();
  }

  #onConnectionState() {
    const now = this.pc.connectionState;
    this.log.info(now);
    if (now === 'connected') {
      this.#restarts = 0;
      this.clock.clearTimeout(this.#timer);
      this.#setState('connected');
    } else if (now === 'disconnected') {
      // Often heals by itself within a second or two.
      this.#setState('unstable');
      this.#expectConnected(DISCONNECTED_GRACE_MS);
    } else if (now === 'failed') {
      this.#tryRestart();
    }
  }

  /** @param {number} ms */
  #expectConnected(ms) {
    this.clock.clearTimeout(this.#timer);
    this.#timer = this.clock.setTimeout(() => this.#tryRestart(), ms);
  }

  #tryRestart() {
    if (this.#isClosed()) {
      return;
    }
    if (!this.canSignal()) {
      this.#setState('unstable');
      this.#expectConnected(1_000);
      return;
    }
    if (this.#restarts === RESTARTS_BEFORE_FAILED) {
      this.log.warn('restarts did not help');
      this.clock.clearTimeout(this.#timer);
      this.#emit('failed');
      return;
    }
    const wait = Math.min(4_000 * 2 ** this.#restarts, LONGEST_WAIT_MS);
    this.#restarts += 1;
    this.log.info(`restart ${this.#restarts}`);
    this.#setState('restarting');
    this.restart();
    this.#expectConnected(wait);
  }

  /**
   * @param {'offer' | 'answer' | 'ice-candidate'} type
   * @param {object} more
   */
  #say(type, more) {
    if (!this.#isClosed()) {
      this.send({ type, toId: this.id, session: this.session, ...more });
    }
  }

  /** A function, since the state may change during any await. */
  #isClosed() {
    return this.#state === 'closed';
  }

  /** @param {PeerState} state */
  #setState(state) {
    if (this.#state !== state && !this.#isClosed()) {
      this.log.debug(`${this.#state} -> ${state}`);
      this.#state = state;
      this.#emit('state');
    }
  }

  /** @param {string} name */
  #emit(name) {
    if (!this.#isClosed()) {
      this.dispatchEvent(new CustomEvent(name, { detail: this.#state }));
    }
  }
}

/**
 * @param {MediaStreamTrack | null} track
 * @returns {RTCRtpTransceiverDirection}
 */
function directionFor(track) {
  return track ? 'sendrecv' : 'recvonly';
}

/** What proves who is at the other end (RFC 8122). @param {RTCSessionDescriptionInit | null} description */
function fingerprints(description) {
  const lines = description?.sdp?.match(/^a=fingerprint:\S+ \S+/gim) ?? [];
  return [...new Set(lines.map((line) => line.toLowerCase()))].sort().join();
}
