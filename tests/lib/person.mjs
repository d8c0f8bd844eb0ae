// SPDX-License-Identifier: Apache-2.0
// A person with real media to the orb, in a process of its own, as @roamhq/wrtc now and then crashes on its way out.
// It connects to each orb that comes, hears and sees it, and tells what the server sends.
//   const anna = await person(server, 'room', 'anna', 'coach', 'Anna'); await anna.next('connected'); await anna.leave();
import { fork } from 'node:child_process';
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { connect } from './participant.mjs';

const SELF = fileURLToPath(import.meta.url);
const DEADLINE_MS = 60_000;

/**
 * Every message of the server is an event; besides: { type: 'connected' }, once for each connection to an orb.
 * With `microphone`, a WAV file of one channel at 48 kHz, the person has a voice: speak() plays it round and round, and
 * { type: 'heard' } tells that the orb was heard after that.
 */
export async function person(server, room, id, role, name = id, { microphone = '' } = {}) {
  const child = fork(SELF, ['person', server.ws, room, id, role, name, microphone], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const all = [];
  const waiting = new Set();
  const inbox = [];
  child.on('message', (message) => {
    all.push(message);
    inbox.push(message);
    waiting.forEach((check) => check());
  });
  /** Takes the first that fits, as a Participant's does. */
  const next = (wanted) => {
    const fits = typeof wanted === 'function' ? wanted : ({ type }) => type === wanted;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(check);
        reject(new Error(`${id}: ${wanted} did not come; came: ${JSON.stringify(all).slice(0, 3000)}`));
      }, DEADLINE_MS);
      const check = () => {
        const index = inbox.findIndex(fits);
        if (index >= 0) {
          clearTimeout(timer);
          waiting.delete(check);
          resolve(inbox.splice(index, 1)[0]);
        }
      };
      waiting.add(check);
      check();
    });
  };
  await next('peer-discovery');
  return {
    all,
    next,
    send: (message) => child.send(message),
    speak: () => child.send({ type: 'speak' }),
    said: (userId) => all.filter((m) => m.type === 'transcript' && m.final && (!userId || m.userId === userId)),
    async leave() {
      const gone = new Promise((resolve) => child.on('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    },
  };
}

const LOUD = 1000; // of 32767: a voice, not what a codec makes of silence
const BLOCK = 480;
const RATE = 48000;

/** A track that carries a quiet room's noise, and from speak() on what is in the file. */
function voice(wrtc, file) {
  const bytes = fs.readFileSync(file);
  const from = bytes.indexOf('data') + 8;
  const words = new Int16Array(bytes.buffer.slice(bytes.byteOffset + from, bytes.byteOffset + (bytes.length & ~1)));
  const room = Int16Array.from({ length: RATE }, () => (Math.random() - 0.5) * 40);
  const source = new wrtc.nonstandard.RTCAudioSource();
  const track = source.createTrack();
  let [sound, at, due] = [room, 0, performance.now()];
  setInterval(() => {
    const now = performance.now();
    for (due = Math.max(due, now - 500); due <= now; due += (1000 * BLOCK) / RATE) {
      const samples = Int16Array.from({ length: BLOCK }, (_, i) => sound[(at + i) % sound.length]);
      at = (at + BLOCK) % sound.length;
      source.onData({ samples, sampleRate: RATE, bitsPerSample: 16, channelCount: 1, numberOfFrames: BLOCK });
    }
  }, 10);
  return {
    track,
    speak: () => {
      [sound, at] = [words, 0];
    },
  };
}

async function run([ws, room, id, role, name, microphone]) {
  const { default: wrtc } = await import('@roamhq/wrtc');
  const mine = microphone && voice(wrtc, microphone);
  const sinks = [];
  let spoke = false;
  const me = await connect({ ws }, room, id, role, { name });
  const peers = new Map(); // orb's id -> the newest connection to it
  const tell = (message) => process.connected && process.send(message);

  function listen(track) {
    const sink = new wrtc.nonstandard.RTCAudioSink(track);
    sinks.push(sink); // else it is collected
    sink.ondata = ({ samples }) => {
      if (spoke && samples.some((sample) => sample > LOUD)) {
        spoke = false;
        tell({ type: 'heard' });
      }
    };
  }

  async function offer(orb) {
    peers.get(orb)?.pc.close();
    const pc = new wrtc.RTCPeerConnection();
    const peer = { pc, early: [] };
    peers.set(orb, peer);
    pc.addTransceiver(mine ? mine.track : 'audio', { direction: mine ? 'sendrecv' : 'recvonly' });
    pc.addTransceiver('video', { direction: 'recvonly' });
    pc.ontrack = ({ track }) => mine && track.kind === 'audio' && listen(track);
    pc.onicecandidate = ({ candidate }) => candidate && me.send({ type: 'ice-candidate', toId: orb, candidate });
    pc.onconnectionstatechange = () => pc.connectionState === 'connected' && tell({ type: 'connected', orb });
    await pc.setLocalDescription(await pc.createOffer());
    me.send({ type: 'offer', toId: orb, offer: { type: 'offer', sdp: pc.localDescription.sdp } });
  }

  async function take(message) {
    const peer = peers.get(message.fromId);
    if (message.type === 'peer-discovery') {
      await Promise.all(message.peers.filter((p) => p.participantType === 'ai').map((p) => offer(p.userId)));
    } else if (message.type === 'user-joined' && message.participantType === 'ai') {
      await offer(message.userId);
    } else if (message.type === 'answer' && peer) {
      await peer.pc.setRemoteDescription(message.answer);
      await Promise.all(peer.early.splice(0).map((candidate) => peer.pc.addIceCandidate(candidate)));
    } else if (message.type === 'ice-candidate' && peer && message.candidate?.candidate) {
      if (peer.pc.remoteDescription) {
        await peer.pc.addIceCandidate(message.candidate);
      } else {
        peer.early.push(message.candidate);
      }
    }
  }

  process.on('message', (message) => {
    if (message.type === 'speak') {
      mine.speak();
      spoke = true;
    } else {
      me.send(message);
    }
  });
  me.socket.on('message', (raw) => {
    const message = JSON.parse(raw);
    tell(message);
    take(message).catch((error) => tell({ type: 'fault', error: String(error) }));
  });
  me.send({ type: 'join', roomId: room, userId: id, userRole: role, userName: name, participantType: 'human' });
}

if (process.argv[1] === SELF && process.argv[2] === 'person') {
  await run(process.argv.slice(3));
}
