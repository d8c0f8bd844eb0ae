// Microphone and camera: what we have, what we lack and why. Works with either, both or none.

import { logger } from './log.js';

/** @typedef {'audio' | 'video'} Kind */
/** @typedef {'pending' | 'on' | 'off' | 'denied' | 'missing' | 'busy' | 'insecure' | 'failed'} DeviceState */

const log = logger('devices');

/** @type {Record<Kind, MediaTrackConstraints>} */
const WISHES = {
  audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  video: { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 24, max: 30 } },
};

/**
 * Why getUserMedia refused, in our words.
 * @param {unknown} error
 * @returns {DeviceState}
 */
export function reasonOf(error) {
  switch (error instanceof Error ? error.name : '') {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'denied';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'missing';
    case 'NotReadableError':
    case 'AbortError':
      return 'busy';
    default:
      return 'failed';
  }
}

/** Emits `change` (detail: { kind }) whenever a track or its state changes, and `list`. */
export class Devices extends EventTarget {
  /** @type {Record<Kind, MediaStreamTrack | null>} */ #tracks = { audio: null, video: null };
  /** @type {Record<Kind, DeviceState>} */ #states = { audio: 'pending', video: 'pending' };
  /** @type {Record<Kind, string | undefined>} */ #chosen;
  /** @type {Record<Kind, boolean>} */ #wanted;
  #closed = false;
  #onListChange = () => this.#listChanged();

  /**
   * @param {object} [options]
   * @param {MediaDevices | undefined} [options.mediaDevices]
   * @param {Partial<Record<Kind, boolean>>} [options.wanted] as it was before a reload
   * @param {Partial<Record<Kind, string>>} [options.chosen] device ids
   */
  constructor({ mediaDevices = globalThis.navigator?.mediaDevices, wanted = {}, chosen = {} } = {}) {
    super();
    this.mediaDevices = mediaDevices;
    this.#wanted = { audio: wanted.audio ?? true, video: wanted.video ?? true };
    this.#chosen = { audio: chosen.audio, video: chosen.video };
  }

  /** @param {Kind} kind */
  track(kind) {
    return this.#tracks[kind];
  }

  /** @param {Kind} kind */
  state(kind) {
    return this.#states[kind];
  }

  /** Asks for both at once (one question to the user), else for what can be had. */
  async start() {
    if (!this.mediaDevices?.getUserMedia) {
      this.#set('audio', null, 'insecure');
      this.#set('video', null, 'insecure');
      return;
    }
    this.mediaDevices.addEventListener?.('devicechange', this.#onListChange);
    if (this.#wanted.video) {
      try {
        const stream = await this.mediaDevices.getUserMedia({
          audio: this.#wish('audio'),
          video: this.#wish('video'),
        });
        this.#take('audio', stream.getAudioTracks()[0]);
        this.#take('video', stream.getVideoTracks()[0]);
        return;
      } catch (error) {
        log.info(`both at once: ${reasonOf(error)}`);
      }
    }
    await this.acquire('audio');
    await (this.#wanted.video ? this.acquire('video') : this.#set('video', null, 'off'));
  }

  /**
   * Tries to get one of them (again).
   * @param {Kind} kind
   */
  async acquire(kind) {
    if (!this.mediaDevices?.getUserMedia) {
      return;
    }
    try {
      const stream = await this.mediaDevices.getUserMedia({ [kind]: this.#wish(kind) });
      this.#take(kind, stream.getTracks()[0]);
    } catch (error) {
      if (this.#chosen[kind] && reasonOf(error) === 'missing') {
        this.#chosen[kind] = undefined;
        await this.acquire(kind);
        return;
      }
      log.warn(`${kind}: ${reasonOf(error)} (${error})`);
      this.#set(kind, null, reasonOf(error));
    }
  }

  /**
   * Microphone: keeps the track and silences it, so that it is back at once. Camera: stops it, so
   * that its light goes out.
   * @param {Kind} kind
   * @param {boolean} on
   */
  async setOn(kind, on) {
    this.#wanted[kind] = on;
    const track = this.#tracks[kind];
    if (kind === 'audio' && track) {
      track.enabled = on;
      this.#set('audio', track, on ? 'on' : 'off');
    } else if (on) {
      await this.acquire(kind);
    } else if (track) {
      this.#stop(track);
      this.#set(kind, null, 'off');
    }
  }

  /**
   * @param {Kind} kind
   * @param {string} deviceId
   */
  async choose(kind, deviceId) {
    this.#chosen[kind] = deviceId;
    if (kind === 'video' && !this.#wanted.video) {
      return;
    }
    const old = this.#tracks[kind];
    await this.acquire(kind);
    if (old && old !== this.#tracks[kind]) {
      this.#stop(old);
    }
  }

  /** Which device is in use. @param {Kind} kind */
  current(kind) {
    return this.#tracks[kind]?.getSettings?.().deviceId ?? this.#chosen[kind] ?? '';
  }

  async list() {
    const all = (await this.mediaDevices?.enumerateDevices?.()) ?? [];
    return all.filter((device) => device.deviceId !== '');
  }

  close() {
    this.#closed = true;
    this.mediaDevices?.removeEventListener?.('devicechange', this.#onListChange);
    for (const track of Object.values(this.#tracks)) {
      if (track) {
        this.#stop(track);
      }
    }
    this.#tracks = { audio: null, video: null };
  }

  /** @param {Kind} kind */
  #wish(kind) {
    const deviceId = this.#chosen[kind];
    return deviceId ? { ...WISHES[kind], deviceId: { exact: deviceId } } : WISHES[kind];
  }

  /**
   * @param {Kind} kind
   * @param {MediaStreamTrack | undefined} track
   */
  #take(kind, track) {
    if (!track) {
      this.#set(kind, null, 'missing');
      return;
    }
    if (this.#closed) {
      track.stop();
      return;
    }
    const old = this.#tracks[kind];
    if (old && old !== track) {
      this.#stop(old);
    }
    track.onended = () => this.#lost(kind, track);
    track.enabled = this.#wanted[kind];
    this.#set(kind, track, this.#wanted[kind] ? 'on' : 'off');
    this.dispatchEvent(new Event('list'));
  }

  /**
   * Unplugged, or taken away in the browser's own menu: try the default device once.
   * @param {Kind} kind
   * @param {MediaStreamTrack} track
   */
  #lost(kind, track) {
    if (this.#tracks[kind] !== track) {
      return;
    }
    this.#chosen[kind] = undefined;
    this.#set(kind, null, 'missing');
    this.acquire(kind);
  }

  #listChanged() {
    this.dispatchEvent(new Event('list'));
    for (const kind of /** @type {Kind[]} */ (['audio', 'video'])) {
      if (this.#wanted[kind] && ['missing', 'busy', 'failed'].includes(this.#states[kind])) {
        this.acquire(kind);
      }
    }
  }

  /** @param {MediaStreamTrack} track */
  #stop(track) {
    track.onended = null;
    track.stop();
  }

  /**
   * @param {Kind} kind
   * @param {MediaStreamTrack | null} track
   * @param {DeviceState} state
   */
  #set(kind, track, state) {
    this.#tracks[kind] = track;
    this.#states[kind] = state;
    this.dispatchEvent(new CustomEvent('change', { detail: { kind } }));
  }
}
