// A real peer for the mock server's orb: answers each human with a drawn sphere (and silence), so
// that pages can be looked at as in a call.

import wrtc from '@roamhq/wrtc';
import { ORB } from './mock-server.mjs';

const { RTCPeerConnection, MediaStream, nonstandard } = wrtc;
const SIDE = 320;

export class MockOrb {
  #source = new nonstandard.RTCVideoSource();
  #peers = new Map();

  constructor(mock) {
    this.mock = mock;
    this.track = this.#source.createTrack();
    const frame = drawSphere();
    this.timer = setInterval(() => this.#source.onFrame(frame), 100);
  }

  async receive({ type, toId, fromId, offer, candidate }) {
    if (toId !== ORB.userId) {
      return;
    }
    if (type === 'offer') {
      await this.#answer(fromId, offer);
    } else if (type === 'ice-candidate' && candidate?.candidate) {
      await this.#peers
        .get(fromId)
        ?.addIceCandidate(candidate)
        .catch(() => {});
    }
  }

  left(userId) {
    this.#peers.get(userId)?.close();
    this.#peers.delete(userId);
  }

  close() {
    clearInterval(this.timer);
    [...this.#peers.keys()].forEach((userId) => this.left(userId));
    this.track.stop();
  }

  async #answer(userId, offer) {
    let pc = this.#peers.get(userId);
    if (!pc) {
      pc = new RTCPeerConnection();
      this.#peers.set(userId, pc);
      pc.onicecandidate = ({ candidate }) =>
        candidate && this.mock.to(userId, { type: 'ice-candidate', candidate, fromId: ORB.userId });
      pc.addTrack(this.track, new MediaStream([this.track]));
    }
    await pc.setRemoteDescription(offer);
    await pc.setLocalDescription(await pc.createAnswer());
    this.mock.to(userId, { type: 'answer', answer: pc.localDescription, fromId: ORB.userId });
  }
}

/** One I420 frame of a shaded ball amid darkness. */
function drawSphere() {
  const luma = SIDE * SIDE;
  const data = new Uint8ClampedArray(luma * 1.5);
  data.fill(128, luma);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      data[y * SIDE + x] = brightness((x / SIDE) * 2 - 1, (y / SIDE) * 2 - 1);
    }
  }
  const quarter = luma / 4;
  data.fill(158, luma, luma + quarter);
  return { width: SIDE, height: SIDE, data };
}

function brightness(x, y) {
  const r = Math.hypot(x, y);
  if (r > 0.62) {
    return 18 + 90 * Math.exp(-(r - 0.62) * 9);
  }
  const z = Math.sqrt(0.3844 - r * r) / 0.62;
  return 60 + 150 * Math.max(0, (-x * 0.5 - y * 0.6) * 0.9 + z * 0.7);
}
