// A person in Node on @roamhq/wrtc: the guide's TriPartyWebRTC class without a browser.
// Used where Chromium would cost too much. Prints JSON lines: the join, the first picture and sound of each peer,
// and on SIGTERM what was received.
//   node wrtc-peer.mjs --room=R --id=coach1 --role=coach --cpu-host=127.0.0.1:3000
//     [--fps=15]     pictures sent (640x480); 0: none
//     [--watch]      with --fps=0: asks for the others' pictures all the same
//     [--mic=FILE]   a 48 kHz mono WAV, round and round from the join on; without it a quiet room
//     [--token=JWT] a real server's join token
//     [--orb-only]   no connection to other people
// It loads everything, prints "loaded" and joins on the first line from stdin.
import fs from 'node:fs';
import { WebSocket } from 'ws';
import wrtc from '@roamhq/wrtc';

const { RTCPeerConnection, RTCSessionDescription, RTCIceCandidate, MediaStream, nonstandard } = wrtc;
const { RTCAudioSource, RTCAudioSink, RTCVideoSource, RTCVideoSink } = nonstandard;
const arg = (name, fallback) => {
  const hit = process.argv.find((a) => a === `--${name}` || a.startsWith(`--${name}=`));
  return hit === undefined ? fallback : hit.includes('=') ? hit.slice(name.length + 3) : true;
};
const ROOM = arg('room', 'room1');
const ID = arg('id', 'coach1');
const FPS = Number(arg('fps', 15));
const BLOCK = 480;
// all traffic stays on 127.0.0.1
const usable = (c) => c && / 127\.0\.0\.1 \d+ typ /.test(c.candidate);
const wall = () => performance.timeOrigin + performance.now();
const emit = (event, more = {}) =>
  process.stdout.write(`${JSON.stringify({ t: wall(), event, id: ID, ...more })}\n`);

const room = Int16Array.from({ length: 48000 }, () => (Math.random() - 0.5) * 40); // a noise floor, no digital silence
const microphone = (file) => {
  const bytes = fs.readFileSync(file);
  const at = bytes.indexOf('data') + 8;
  return new Int16Array(
    bytes.buffer.slice(bytes.byteOffset + at, bytes.byteOffset + at + ((bytes.length - at) & ~1)),
  );
};
const sound = arg('mic') ? microphone(arg('mic')) : room;
const audio = new RTCAudioSource();
const tracks = [audio.createTrack()];
let heardAt = 0;
let joined = false;
let due = performance.now();
const pace = () => {
  const now = performance.now();
  due = now - due > 200 ? now : due;
  for (; due <= now; due += 10) {
    const samples = new Int16Array(BLOCK);
    const from = joined ? sound : room;
    for (let i = 0; i < BLOCK; i++) {
      samples[i] = from[(heardAt + i) % from.length];
    }
    heardAt = (heardAt + BLOCK) % from.length;
    audio.onData({ samples, sampleRate: 48000, bitsPerSample: 16, channelCount: 1, numberOfFrames: BLOCK });
  }
  setTimeout(pace, Math.max(1, due - performance.now()));
};
pace();
if (FPS) {
  const video = new RTCVideoSource();
  tracks.push(video.createTrack());
  const frame = new Uint8ClampedArray(640 * 480 * 1.5).fill(128);
  let n = 0;
  setInterval(() => {
    frame.fill(n++ & 255, 0, 640 * 64);
    video.onFrame({ width: 640, height: 480, data: frame });
  }, 1000 / FPS);
}

const peers = new Map();
const watch = (p, id, track) => {
  if (track.kind === 'video') {
    const sink = new RTCVideoSink(track);
    p.sinks.push(sink);
    sink.onframe = ({ frame }) =>
      p.frames++ === 0 && emit('first_video', { peer: id, width: frame.width, height: frame.height });
    return;
  }
  const sink = new RTCAudioSink(track);
  p.sinks.push(sink);
  sink.ondata = ({ samples }) => {
    p.blocks++;
    if (!p.heard && samples.some((s) => s > 1000)) {
      p.heard = true;
      emit('first_audio', { peer: id });
    }
  };
};
let ws;
const send = (m) => ws.readyState === WebSocket.OPEN && ws.send(JSON.stringify(m));
function peer(id) {
  if (peers.has(id)) {
    return peers.get(id);
  }
  const pc = new RTCPeerConnection({ iceServers: [] });
  const p = { pc, early: [], frames: 0, blocks: 0, sinks: [] };
  peers.set(id, p);
  const stream = new MediaStream(tracks);
  tracks.forEach((track) => pc.addTrack(track, stream));
  if (!FPS && arg('watch')) {
    pc.addTransceiver('video', { direction: 'recvonly' });
  }
  pc.onicecandidate = (e) =>
    usable(e.candidate) && send({ type: 'ice-candidate', candidate: e.candidate, toId: id });
  pc.onconnectionstatechange = () => emit('peer_state', { peer: id, state: pc.connectionState });
  pc.ontrack = ({ track }) => watch(p, id, track);
  return p;
}
async function offer(id) {
  const { pc } = peer(id);
  const o = await pc.createOffer();
  await pc.setLocalDescription(o);
  send({ type: 'offer', offer: { type: o.type, sdp: o.sdp }, toId: id });
}
async function describe(p, description) {
  await p.pc.setRemoteDescription(new RTCSessionDescription(description));
  for (const c of p.early.splice(0)) {
    await p.pc.addIceCandidate(new RTCIceCandidate(c));
  }
}
async function take(m) {
  if (m.type === 'peer-discovery') {
    emit('joined', { peers: m.peers.length });
    for (const p of m.peers) {
      if (p.participantType === 'ai' || (!arg('orb-only') && ID < p.userId)) {
        await offer(p.userId);
      }
    }
  } else if (
    m.type === 'user-joined' &&
    m.shouldCreateOffer &&
    (m.participantType === 'ai' || !arg('orb-only'))
  ) {
    await offer(m.userId);
  } else if (m.type === 'offer') {
    const p = peer(m.fromId);
    await describe(p, m.offer);
    const a = await p.pc.createAnswer();
    await p.pc.setLocalDescription(a);
    send({ type: 'answer', answer: { type: a.type, sdp: a.sdp }, toId: m.fromId });
  } else if (m.type === 'answer') {
    await describe(peer(m.fromId), m.answer);
  } else if (m.type === 'ice-candidate' && usable(m.candidate)) {
    const p = peer(m.fromId);
    if (p.pc.remoteDescription) {
      await p.pc.addIceCandidate(new RTCIceCandidate(m.candidate));
    } else {
      p.early.push(m.candidate);
    }
  }
}
function connect() {
  emit('connecting');
  ws = new WebSocket(`ws://${arg('cpu-host', '127.0.0.1:3000')}/ws-simple/${ROOM}${arg('token') ? `?token=${arg('token')}` : ''}`);
  ws.on('open', () => {
    joined = true;
    heardAt = 0;
    send({
      type: 'join',
      roomId: ROOM,
      userId: ID,
      userRole: arg('role', 'coach'),
      userName: ID,
      participantType: 'human',
    });
  });
  ws.on('message', (raw) => take(JSON.parse(raw)));
}
emit('loaded');
process.stdin.once('data', connect);
process.on('SIGTERM', () => {
  for (const [id, p] of peers) {
    emit('received', { peer: id, frames: p.frames, audioBlocks: p.blocks });
  }
  setTimeout(() => process.exit(0), 20);
});
