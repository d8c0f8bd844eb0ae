import { test } from 'node:test';
import assert from 'node:assert/strict';
import { FakeClock, FakeConnection, FakeStream, settle, track } from './fakes.mjs';
import { Peer } from '../../web/lib/peer.js';
import { dump } from '../../web/lib/log.js';

/** A peer whose messages wait in `out` until a test hands them over. */
function make(id, options = {}) {
  const out = [];
  const clock = new FakeClock();
  const events = [];
  const peer = new Peer({
    id,
    ai: false,
    offers: false,
    polite: false,
    send: (message) => out.push(structuredClone(message)),
    iceServers: [],
    RTCPeerConnection: FakeConnection,
    MediaStream: FakeStream,
    clock,
    ...options,
  });
  peer.addEventListener('state', ({ detail }) => events.push(detail));
  peer.addEventListener('failed', () => events.push('FAILED'));
  return { peer, pc: peer.pc, out, clock, events };
}

/** Hands over all that waits, both ways, until nothing does. */
async function exchange(a, b) {
  for (let round = 0; round < 20; round++) {
    await settle();
    if (a.out.length + b.out.length === 0) {
      return;
    }
    const [fromA, fromB] = [a.out.splice(0), b.out.splice(0)];
    fromA.forEach((message) => b.peer.receive({ ...message, fromId: 'a' }));
    fromB.forEach((message) => a.peer.receive({ ...message, fromId: 'b' }));
  }
  assert.fail('they never come to rest');
}

/** a < b: a offers first and is impolite, as protocol.md says. */
async function pair() {
  const a = make('b', { offers: true, polite: false });
  const b = make('a', { offers: false, polite: true });
  a.peer.begin({ audio: track('audio'), video: track('video') });
  b.peer.begin({ audio: track('audio'), video: track('video') });
  await exchange(a, b);
  return { a, b };
}

test('the side that offers does, the other answers, both send', async () => {
  const { a, b } = await pair();
  assert.equal(a.pc.signalingState, 'stable');
  assert.equal(b.pc.signalingState, 'stable');
  assert.deepEqual(a.pc.directions(), { audio: 'sendrecv', video: 'sendrecv' });
  assert.deepEqual(b.pc.directions(), { audio: 'sendrecv', video: 'sendrecv' });
});

test('the side that does not offer stays silent until it is offered to', async () => {
  const b = make('a');
  b.peer.begin({ audio: track('audio') });
  await settle();
  assert.deepEqual(b.out, []);
});

test('what of theirs is on goes with the descriptions, and by itself when it changes', async () => {
  const { a, b } = await pair();
  assert.deepEqual([a.peer.microphone(), b.peer.microphone()], ['on', 'on']);
  b.peer.setMedia({ audio: false, video: true });
  b.peer.setMedia({ audio: false, video: true });
  assert.equal(b.out.length, 1, 'said once');
  assert.equal(b.out[0].type, 'ice-candidate');
  assert.equal(b.out[0].candidate.candidate, '', 'which asks nothing of who does not know the rest');
  await exchange(a, b);
  assert.deepEqual([a.peer.microphone(), b.peer.microphone()], ['off', 'on']);
  b.peer.setMedia({ audio: true, video: true });
  await exchange(a, b);
  assert.equal(a.peer.microphone(), 'on');
});

test('who is muted from the start is known to be at once, on either side', async () => {
  const a = make('b', { offers: true });
  const b = make('a', { polite: true });
  a.peer.setMedia({ audio: false, video: true });
  b.peer.setMedia({ audio: false, video: false });
  a.peer.begin({ audio: track('audio') });
  b.peer.begin({ audio: track('audio') });
  await exchange(a, b);
  assert.deepEqual([a.peer.microphone(), b.peer.microphone()], ['off', 'off']);
});

test('who sends no sound has no microphone, whoever wrote their page', async () => {
  const { a } = await pair();
  a.pc.getTransceivers()[0].currentDirection = 'sendonly';
  assert.equal(a.peer.microphone(), 'none');
});

test('the orb is told nothing of it', async () => {
  const orb = make('ai', { ai: true, offers: true });
  orb.peer.begin({ audio: track('audio') });
  await settle();
  await orb.peer.receive({ type: 'answer', answer: { type: 'answer', sdp: '{}' }, fromId: 'ai' });
  orb.peer.setMedia({ audio: false, video: false });
  assert.deepEqual(
    orb.out.map(({ type, media }) => [type, media]),
    [['offer', undefined]],
  );
});

test('without microphone and camera it only receives', async () => {
  const a = make('b', { offers: true });
  a.peer.begin({});
  await settle();
  assert.deepEqual(a.pc.directions(), { audio: 'recvonly', video: 'recvonly' });
  assert.equal(a.out[0].type, 'offer');
});

test('a microphone allowed later is agreed on by a new offer, from either side', async () => {
  const a = make('b', { offers: true, polite: false });
  const b = make('a', { offers: false, polite: true });
  a.peer.begin({});
  b.peer.begin({});
  await exchange(a, b);
  await b.peer.setTrack('audio', track('audio'));
  await settle();
  assert.deepEqual(
    b.out.map(({ type }) => type),
    ['offer'],
  );
  await exchange(a, b);
  assert.equal(b.pc.directions().audio, 'sendrecv');
  await a.peer.setTrack('audio', track('audio'));
  await exchange(a, b);
  assert.equal(a.pc.directions().audio, 'sendrecv');
  assert.equal(a.pc.signalingState, 'stable');
});

test('another microphone of the same kind needs no offer', async () => {
  const { a } = await pair();
  const other = track('audio');
  await a.peer.setTrack('audio', other);
  await settle();
  assert.deepEqual(a.out, []);
  assert.equal(a.pc.getTransceivers().find((t) => t.kind === 'audio').sender.track, other);
});

test('glare: the impolite side ignores, the polite one gives way, and both changes come through', async () => {
  const { a, b } = await pair();
  await a.peer.setTrack('video', null);
  await b.peer.setTrack('audio', null);
  await settle();
  assert.equal(a.out[0].type, 'offer');
  assert.equal(b.out[0].type, 'offer');
  await exchange(a, b);
  assert.equal(a.pc.signalingState, 'stable');
  assert.equal(b.pc.signalingState, 'stable');
  const lastOffers = [a, b].map(({ pc }) => JSON.parse(pc.localDescription.sdp).media);
  assert.equal(lastOffers[0].find(({ kind }) => kind === 'video').direction, 'recvonly');
  assert.equal(lastOffers[1].find(({ kind }) => kind === 'audio').direction, 'recvonly');
});

test('glare in the other order ends the same', async () => {
  const { a, b } = await pair();
  await b.peer.setTrack('audio', null);
  await a.peer.setTrack('video', null);
  await settle();
  const [offerOfA] = a.out.splice(0);
  b.peer.receive({ ...offerOfA, fromId: 'a' });
  await settle();
  await exchange(a, b);
  assert.equal(a.pc.signalingState, 'stable');
  assert.equal(b.pc.signalingState, 'stable');
  assert.equal(b.pc.directions().audio, 'recvonly');
});

test('candidates that come before the description wait for it', async () => {
  const b = make('a');
  b.peer.begin({});
  await b.peer.receive({ type: 'ice-candidate', fromId: 'a', candidate: { candidate: 'one' } });
  await b.peer.receive({ type: 'ice-candidate', fromId: 'a', candidate: null });
  assert.deepEqual(b.pc.candidates, []);
  const offer = { type: 'offer', sdp: '{"media":[{"kind":"audio"}]}' };
  await b.peer.receive({ type: 'offer', fromId: 'a', offer });
  await b.peer.receive({ type: 'ice-candidate', fromId: 'a', candidate: { candidate: 'two' } });
  assert.deepEqual(b.pc.candidates, [{ candidate: 'one' }, { candidate: 'two' }]);
});

test('candidates of an ignored offer fail in silence, others are logged', async () => {
  const { a } = await pair();
  a.pc.refuseCandidates = true;
  await a.peer.receive({ type: 'ice-candidate', fromId: 'b', candidate: { candidate: 'x' } });
  assert.match(dump(), /warn {2}peer b: candidate: .*Unknown ufrag/);
  const warnings = dump().split('Unknown ufrag').length;
  await a.peer.setTrack('video', null);
  await settle();
  await a.peer.receive({ type: 'offer', fromId: 'b', offer: { type: 'offer', sdp: '{"media":[]}' } });
  await a.peer.receive({ type: 'ice-candidate', fromId: 'b', candidate: { candidate: 'y' } });
  assert.equal(dump().split('Unknown ufrag').length, warnings);
});

test('the orb gets our sound and never our picture', async () => {
  const orb = make('orb', { ai: true, offers: true });
  orb.peer.begin({ audio: track('audio'), video: track('video') });
  await settle();
  assert.deepEqual(orb.pc.directions(), { audio: 'sendrecv', video: 'recvonly' });
  orb.out.length = 0;
  await orb.peer.setTrack('video', track('video'));
  await settle();
  assert.deepEqual(orb.out, []);
  assert.equal(orb.pc.directions().video, 'recvonly');
});

test('failed: the side that offers restarts ICE', async () => {
  const { a, b } = await pair();
  a.pc.goes('connected');
  a.pc.goes('failed');
  await settle();
  assert.equal(a.peer.state, 'restarting');
  assert.equal(JSON.parse(a.out[0].offer.sdp).ufrag, 2);
  await exchange(a, b);
  a.pc.goes('connected');
  assert.equal(a.peer.state, 'connected');
});

test('failed: the side that answers asks for a new offer', async () => {
  const { a, b } = await pair();
  b.pc.goes('connected');
  b.pc.goes('failed');
  assert.equal(b.out[0].type, 'renegotiate');
  assert.equal(b.out[0].toId, 'a');
  await exchange(a, b);
  assert.equal(JSON.parse(b.pc.remoteDescription.sdp).ufrag, 2);
});

test('an offer nobody answered is made again on restart', async () => {
  const a = make('b', { offers: true });
  a.peer.begin({});
  await settle();
  a.clock.advance(12_000);
  await settle();
  assert.deepEqual(
    a.out.map(({ type }) => type),
    ['offer', 'offer'],
  );
});

test('disconnected is given three seconds to heal', async () => {
  const { a } = await pair();
  a.pc.goes('connected');
  a.pc.goes('disconnected');
  assert.equal(a.peer.state, 'unstable');
  a.clock.advance(2_900);
  a.pc.goes('connected');
  a.clock.advance(60_000);
  await settle();
  assert.deepEqual(a.out, []);
  assert.deepEqual(a.events.slice(-2), ['unstable', 'connected']);
});

test('restarts back off, and after three it says that it failed, once', async () => {
  const { a } = await pair();
  a.pc.goes('connected');
  a.pc.goes('failed');
  await settle();
  const times = [];
  for (let second = 1; second <= 60; second++) {
    const before = a.events.length + a.out.length;
    a.clock.advance(1_000);
    await settle();
    if (a.events.length + a.out.length > before) {
      times.push(second);
    }
  }
  assert.deepEqual(times, [4, 12, 28]);
  assert.equal(a.events.filter((each) => each === 'FAILED').length, 1);
});

test('while nothing can be signaled no restart is counted', async () => {
  let up = false;
  const a = make('b', { offers: true, canSignal: () => up });
  a.peer.begin({});
  a.pc.goes('failed');
  a.clock.advance(120_000);
  await settle();
  assert.ok(!a.events.includes('FAILED'));
  assert.equal(a.peer.state, 'unstable');
  up = true;
  a.clock.advance(1_000);
  assert.equal(a.peer.state, 'restarting');
});

test('close is final, and may be called twice', async () => {
  const { a } = await pair();
  a.peer.close();
  a.peer.close();
  const seen = a.events.length;
  assert.ok(a.pc.closed);
  a.pc.goes('failed');
  await a.peer.receive({ type: 'offer', fromId: 'b', offer: { type: 'offer', sdp: '{"media":[]}' } });
  await a.peer.setTrack('audio', null);
  a.peer.restart();
  a.clock.advance(60_000);
  await settle();
  assert.equal(a.events.length, seen);
  assert.deepEqual(a.out, []);
  assert.equal(a.clock.pending, 0);
});
