// SPDX-License-Identifier: Apache-2.0
// A real browser calls answer_peer: the peer of src/rtc without the orb around it.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import http from 'node:http';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const here = path.dirname(fileURLToPath(import.meta.url));
const program = path.resolve(here, '../../build/tests/rtc/answer_peer');
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync',
  '--disable-background-networking', '--disable-component-update',
  '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
  '--autoplay-policy=no-user-gesture-required', '--allow-loopback-in-peer-connection',
];
const DEADLINE = 90000;

class AnswerPeer {
  events = [];
  #waiting = [];

  constructor(...args) {
    this.process = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.exit = new Promise((resolve) => this.process.on('exit', (code, signal) => resolve(code ?? signal)));
    readline.createInterface({ input: this.process.stdout }).on('line', (line) => {
      const event = JSON.parse(line);
      this.events.push(event);
      this.onevent?.(event);
      this.#waiting = this.#waiting.filter((w) => !(w.wanted(event) && (w.resolve(event), true)));
    });
  }

  send(message) {
    this.process.stdin.write(`${JSON.stringify(message)}\n`);
  }

  // The first event from `since` on that fits, now or later.
  event(wanted, what, since = 0) {
    const seen = this.events.slice(since).find(wanted);
    if (seen) return Promise.resolve(seen);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no ${what}: ${JSON.stringify(this.events.slice(-5))}`)), DEADLINE);
      this.#waiting.push({ wanted, resolve: (e) => { clearTimeout(timer); resolve(e); } });
    });
  }

  stats(peer) {
    const since = this.events.length;
    this.send({ cmd: 'stats', peer });
    return this.event((e) => e.ev === 'stats' && e.peer === peer, 'stats', since);
  }

  async quit() {
    this.send({ cmd: 'quit' });
    return this.exit;
  }
}

// What runs in the page. Each call is one RTCPeerConnection under its number.
function pageMain() {
  const calls = {};
  window.signal = {};

  // requestVideoFrameCallback is unreliable without a screen, hence the reader; and without an element that
  // plays it, Chromium gives neither a reader nor WebAudio any of a remote track.
  function watchVideo(track, call) {
    const video = document.createElement('video');
    video.muted = true;
    video.autoplay = true;
    video.srcObject = new MediaStream([track]);
    document.body.append(video);
    const reader = new MediaStreamTrackProcessor({ track: track.clone() }).readable.getReader();
    call.firstFrame = reader.read().then(({ value }) => {
      call.T.frame = performance.now() - call.t0;
      call.size = [value.codedWidth, value.codedHeight];
      value.close();
      reader.cancel();
    });
  }

  function watchAudio(track, call) {
    const audio = document.createElement('audio'); // a muted one would hide the energy
    audio.autoplay = true;
    audio.srcObject = new MediaStream([track]);
    document.body.append(audio);
  }

  function wire(call, peer, trickle) {
    const { pc } = call;
    pc.onicecandidate = (e) => {
      if (trickle) toNode({ cmd: 'candidate', peer, candidate: e.candidate?.candidate ?? '' });
    };
    pc.ontrack = (e) => (e.track.kind === 'video' ? watchVideo : watchAudio)(e.track, call);
    call.connected = new Promise((resolve, reject) => {
      pc.onconnectionstatechange = () => {
        if (pc.connectionState === 'connected') {
          call.T.connected ??= performance.now() - call.t0;
          resolve();
        }
        if (pc.connectionState === 'failed') reject(new Error('failed'));
      };
    });
  }

  async function negotiate(peer, options) {
    const { pc } = calls[peer];
    await pc.setLocalDescription(await pc.createOffer(options));
    const answered = new Promise((resolve) => { window.signal[peer] = resolve; });
    toNode({ cmd: 'offer', peer, sdp: pc.localDescription.sdp });
    const { err, sdp } = await answered;
    if (err) throw new Error(`answer: ${err}`);
    calls[peer].answer = sdp;
    await pc.setRemoteDescription({ type: 'answer', sdp });
  }

  async function oscillator() {
    const context = new AudioContext({ sampleRate: 48000 });
    await context.resume();
    const node = new OscillatorNode(context, { frequency: 600 });
    const out = new MediaStreamAudioDestinationNode(context, { channelCount: 1 });
    node.connect(out);
    node.start();
    return out.stream;
  }

  window.call = async (peer, { mic = true, data = false, camera = false, trickle = true } = {}) => {
    const stream = mic ? await (window.tone ??= oscillator()) : null;
    const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    const call = { pc, T: {}, t0: performance.now() };
    calls[peer] = call;
    wire(call, peer, trickle);
    if (stream) pc.addTrack(stream.getAudioTracks()[0], stream);
    else pc.addTransceiver('audio', { direction: 'recvonly' });
    pc.addTransceiver('video', { direction: 'recvonly' });
    if (data) pc.createDataChannel('x');
    if (camera) {
      const canvas = document.createElement('canvas');
      canvas.getContext('2d').fillRect(0, 0, 9, 9);
      pc.addTrack(canvas.captureStream(5).getVideoTracks()[0]);
    }
    await negotiate(peer);
    await call.connected;
    await call.firstFrame;
    return { T: call.T, size: call.size, answer: call.answer };
  };

  window.addMicLate = async (peer) => {
    const stream = await (window.tone ??= oscillator());
    const { pc } = calls[peer];
    const transceiver = pc.getTransceivers()[0];
    transceiver.direction = 'sendrecv';
    await transceiver.sender.replaceTrack(stream.getAudioTracks()[0]);
    await negotiate(peer);
  };

  window.restartIce = (peer) => negotiate(peer, { iceRestart: true });
  window.hangUp = (peer) => calls[peer].pc.close();

  window.stats = async (peer) => {
    const found = {};
    for (const s of (await calls[peer].pc.getStats()).values()) {
      if (s.type === 'inbound-rtp') found[s.kind] = s;
      if (s.type === 'transport') found.transport = s;
    }
    found.pair = found.transport.selectedCandidatePairId;
    const receiver = calls[peer].pc.getReceivers().find((r) => r.track.kind === 'audio');
    found.level = receiver.getSynchronizationSources()[0]?.audioLevel;
    return JSON.parse(JSON.stringify(found));
  };

}

let peer, server, browser, page;

before(async () => {
  peer = new AnswerPeer('--loopback');
  await peer.event((e) => e.ev === 'ready', 'ready line');
  server = http.createServer((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>call</title><body></body>');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', timeout: 400_000, args: FLAGS });
  const context = await browser.newContext({ permissions: ['microphone'] });
  page = await context.newPage();
  await page.exposeFunction('toNode', (message) => peer.send(message));
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.evaluate(pageMain);
  // Loopback candidates are gathered only by pages that have used a microphone.
  await page.evaluate(async () => { window.mic = await navigator.mediaDevices.getUserMedia({ audio: true }); });
  peer.onevent = (event) => {
    if (event.ev === 'answer') page.evaluate((e) => window.signal[e.peer](e), event).catch(() => {});
  };
});

after(async () => {
  await browser?.close();
  server?.close();
  assert.equal(await peer?.quit(), 0);
});

const until = async (get, enough, what) => {
  const end = Date.now() + DEADLINE;
  let value;
  do {
    value = await get();
    if (enough(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  } while (Date.now() < end);
  assert.fail(`${what}: ${JSON.stringify(value).slice(0, 3000)}`);
};
const stats = (n) => page.evaluate((id) => window.stats(id), n);
const call = (n, options) => page.evaluate(([id, o]) => window.call(id, o), [n, options]);
const hears = (n, loud = 500, since = 0) =>
  peer.event((e) => e.ev === 'sound' && e.peer === n && e.rms > loud, 'sound from the page', since);

test('a page hears and sees the peer, and is heard', async () => {
  const { size } = await call(1);
  assert.deepEqual(size, [320, 320]);
  await hears(1);
  const s = await until(() => stats(1), (v) => v.video.framesDecoded > 20 && v.audio.totalAudioEnergy > 0.001, 'media');
  await until(() => stats(1), (v) => v.level > 0.05, 'audio level extension');
});

test('ICE restart keeps the media and the DTLS association', async () => {
  const before = await stats(1);
  await page.evaluate(() => window.restartIce(1));
  const seen = peer.events.length;
  await until(() => stats(1), (v) => v.video.framesDecoded > before.video.framesDecoded + 20, 'frames after restart');
  await until(() => stats(1), (v) => v.pair !== before.pair, 'another pair');
  await hears(1, 500, seen);
  const states = peer.events.filter((e) => e.ev === 'state' && e.peer === 1).map((e) => e.state);
  assert.deepEqual(states, ['CONNECTING', 'CONNECTED']);
});

test('an offer that cannot be parsed leaves the call as it was', async () => {
  const since = peer.events.length;
  peer.onevent = null;
  peer.send({ cmd: 'offer', peer: 1, sdp: 'v=0\r\nm=nonsense' });
  const refused = await peer.event((e) => e.ev === 'answer', 'answer', since);
  assert.ok(refused.err < 0);
  assert.equal(refused.sdp, null);
  peer.onevent = (event) => {
    if (event.ev === 'answer') page.evaluate((e) => window.signal[e.peer](e), event).catch(() => {});
  };
  const before = await stats(1);
  await until(() => stats(1), (v) => v.video.framesDecoded > before.video.framesDecoded + 10, 'frames');
});

test('a call without a microphone gets sound and picture; the microphone may come later', async () => {
  await call(2, { mic: false });
  await until(() => stats(2), (v) => v.video.framesDecoded > 5 && v.audio.packetsReceived > 5, 'media');
  const since = peer.events.length;
  await page.evaluate(() => window.addMicLate(2));
  await hears(2, 500, since);
});

test('a data channel and a camera are declined without harm', async () => {
  await call(3, { data: true, camera: true });
  await hears(3);
});

test('it connects without one candidate of the browser', async () => {
  await call(4, { trickle: false });
  await hears(4);
});

test('closing one call is noticed and does not disturb another', async () => {
  const before = await stats(1);
  await page.evaluate(() => window.hangUp(2));
  await peer.event((e) => e.ev === 'state' && e.peer === 2 && e.state === 'FAILED', 'close_notify');
  peer.send({ cmd: 'bye', peer: 2 });
  await peer.event((e) => e.ev === 'closed' && e.peer === 2, 'closed');
  await until(() => stats(1), (v) => v.video.framesDecoded > before.video.framesDecoded + 20, 'frames of the other');
});

test('with 5 % loss the picture is repaired by retransmission', async (t) => {
  peer.send({ cmd: 'loss', percent: 5 });
  const before = await stats(1);
  const now = await until(() => stats(1), (v) => v.video.framesDecoded > before.video.framesDecoded + 90, 'frames');
  peer.send({ cmd: 'loss', percent: 0 });
  const { nacks, retransmitted } = await peer.stats(1);
  // A freeze may be the machine's: whether the browser got its turn in time is no property of ours.
  const freezes = now.video.freezeCount - before.video.freezeCount;
  t.diagnostic(`nacks ${nacks}, retransmitted ${retransmitted}, rtx received ${now.video.retransmittedPacketsReceived}, freezes ${freezes}`);
  assert.ok(retransmitted > 0);
  assert.ok(now.video.retransmittedPacketsReceived > 0);
});

test('a warm page connects and sees the first picture fast', async (t) => {
  const connected = [], frame = [], inside = [];
  for (let i = 0; i < 12; i++) {
    const { T } = await call(5);
    connected.push(T.connected);
    frame.push(T.frame);
    inside.push((await peer.stats(5)).connectMs);
    await page.evaluate(() => window.hangUp(5));
    const since = peer.events.length;
    peer.send({ cmd: 'bye', peer: 5 });
    await peer.event((e) => e.ev === 'closed' && e.peer === 5, 'closed', since);
  }
  const p50 = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
  t.diagnostic(`offer -> connected p50 ${p50(connected).toFixed(0)} ms, -> first frame ${p50(frame).toFixed(0)} ms, inside ${p50(inside)} ms`);
});
