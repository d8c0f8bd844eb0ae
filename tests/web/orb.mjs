// A real peer for the mock server's orb: answers each human with a drawn sphere (and silence), so
// that pages can be looked at as in a call. The peer is a process of its own, since @roamhq/wrtc
// now and then crashes on its way out.

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ORB } from './mock-server.mjs';

const SELF = fileURLToPath(import.meta.url);
const SIDE = 320;

export class MockOrb {
  constructor(mock) {
    this.child = fork(SELF, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.child.on('message', ({ to, ...message }) => mock.to(to, { ...message, fromId: ORB.userId }));
  }

  receive(message) {
    if (message.toId === ORB.userId) {
      this.#send(message);
    }
  }

  left(userId) {
    this.#send({ type: 'left', fromId: userId });
  }

  /** Pages still leave while it ends: what does not reach it any more is no fault. */
  #send(message) {
    if (this.child.connected && !this.child.killed) {
      this.child.send(message, () => {});
    }
  }

  close() {
    this.child.kill('SIGKILL');
  }
}

async function play() {
  const { default: wrtc } = await import('@roamhq/wrtc');
  const peers = new Map();
  const source = new wrtc.nonstandard.RTCVideoSource();
  const track = source.createTrack();
  const frame = drawSphere();
  setInterval(() => source.onFrame(frame), 100);

  function open(userId) {
    const pc = new wrtc.RTCPeerConnection();
    peers.set(userId, pc);
    pc.onicecandidate = ({ candidate }) => {
      if (candidate) {
        process.send({ type: 'ice-candidate', candidate, to: userId });
      }
    };
    pc.addTrack(track, new wrtc.MediaStream([track]));
    return pc;
  }

  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  async function handle({ type, fromId, offer, candidate }) {
    if (type === 'offer') {
      const pc = peers.get(fromId) ?? open(fromId);
      await pc.setRemoteDescription(offer);
      await pc.setLocalDescription(await pc.createAnswer());
      process.send({ type: 'answer', answer: pc.localDescription, to: fromId });
    } else if (type === 'ice-candidate' && candidate?.candidate) {
      await peers.get(fromId)?.addIceCandidate(candidate);
    } else if (type === 'left') {
      peers.get(fromId)?.close();
      peers.delete(fromId);
    }
  }

  // One after the other: a candidate must find its description set.
  let before = Promise.resolve();
  process.on('message', (message) => {
    before = before
      .then(() => handle(message))
      .catch((error) => console.error(`mock orb: ${message.type}: ${error}`));
  });
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
  data.fill(158, luma, luma * 1.25);
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

if (process.argv[1] === SELF && process.send) {
  await play();
}
