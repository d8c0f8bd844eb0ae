// The call over an outage of the server: what works is kept, what does not is made anew.
import { beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { FakeClock, FakeConnection, FakeSocket, FakeStream, settle } from './fakes.mjs';
import { Call } from '../../web/lib/call.js';

const ORB = { userId: 'orb-1', userRole: 'ai', participantType: 'ai', shouldCreateOffer: true };
let clock, connections, relay;

beforeEach(() => {
  clock = new FakeClock();
  connections = [];
  relay = true;
  FakeSocket.all = [];
  globalThis.WebSocket = FakeSocket;
  globalThis.RTCPeerConnection = class extends FakeConnection {
    constructor() {
      super();
      connections.push(this);
    }
  };
  globalThis.MediaStream = class extends FakeStream {
    getVideoTracks = () => [];
  };
});

class NoDevices extends EventTarget {
  state = () => 'off';
  track = () => null;
  close() {}
}

/** One person's page, its socket open and nobody told yet. */
function person(id, role) {
  const info = { roomId: 'r', user: { id, name: id, role }, people: [], starts: null, minutes: null };
  const call = new Call({ info, iceServers: [], devices: new NoDevices(), url: `ws://x/${id}`, clock });
  const one = { id, role, call };
  call.join();
  adopt(one);
  return one;
}

/** Takes the newest socket as this person's. */
function adopt(one) {
  one.socket = FakeSocket.all.findLast(({ url }) => url === `ws://x/${one.id}`);
  one.read = 0;
  one.socket.opens();
}

const participant = (one, reader) => ({
  userId: one.id,
  userRole: one.role,
  participantType: 'human',
  shouldCreateOffer: reader.id < one.id,
});

/** Hands on what both sent, as the server does, until both are silent. */
async function exchange(a, b) {
  for (let rounds = 0; rounds < 20; rounds++) {
    await settle();
    let moved = false;
    for (const [from, to] of [
      [a, b],
      [b, a],
    ]) {
      const news = from.socket.sent.slice(from.read);
      from.read = from.socket.sent.length;
      for (const message of news.filter(({ toId }) => toId === to.id && relay)) {
        moved = true;
        to.socket.says({ ...message, fromId: from.id });
      }
    }
    if (!moved) {
      return;
    }
  }
  assert.fail('they never stop talking');
}

const sides = (a, b) => [a.call.peer(b.id), b.call.peer(a.id)];

async function connected() {
  const [a, b] = [person('ann', 'coach'), person('bob', 'client')];
  a.socket.says({ type: 'peer-discovery', peers: [] });
  b.socket.says({ type: 'peer-discovery', peers: [participant(a, b)] });
  a.socket.says({ type: 'user-joined', ...participant(b, a) });
  await exchange(a, b);
  for (const peer of sides(a, b)) {
    assert.equal(peer.pc.signalingState, 'stable');
    peer.pc.goes('connected');
  }
  return { a, b, kept: sides(a, b) };
}

/** The server is gone for both; the next one knows nobody. */
function lose(...people) {
  people.forEach(({ socket }) => socket.closes(1006));
}

test('the first one back keeps the other, who is not there yet, and both go on as they were', async () => {
  const { a, b, kept } = await connected();
  lose(a);
  clock.advance(500);
  adopt(a);
  a.socket.says({ type: 'peer-discovery', peers: [] });
  assert.equal(a.call.state.present.bob.link, 'connected', 'the page shows no change');
  lose(b);
  clock.advance(500);
  adopt(b);
  b.socket.says({ type: 'peer-discovery', peers: [participant(a, b)] });
  a.socket.says({ type: 'user-joined', ...participant(b, a) });
  await exchange(a, b);
  assert.deepEqual(sides(a, b), kept);
  assert.equal(connections.length, 2, 'no connection was made anew');
  assert.equal(a.call.state.present.bob.link, 'connected');
  assert.deepEqual(
    [...a.socket.types(), ...b.socket.types()].filter((type) => type === 'offer'),
    [],
    'nor agreed anew',
  );
  clock.advance(60_000);
  assert.deepEqual(sides(a, b), kept, 'the wait is over');
});

test('who does not come back in time is dropped, and shown as gone', async () => {
  const { a, kept } = await connected();
  lose(a);
  clock.advance(500);
  adopt(a);
  a.socket.says({ type: 'peer-discovery', peers: [] });
  clock.advance(19_000);
  assert.ok(a.call.peer('bob'));
  clock.advance(1_500);
  assert.equal(a.call.peer('bob'), undefined);
  assert.equal(a.call.state.present.bob, undefined);
  assert.equal(a.call.state.departed, 'Your client');
  assert.ok(kept[0].pc.closed);
});

test('a connection that does not work is not kept', async () => {
  const { a } = await connected();
  a.call.peer('bob').pc.goes('disconnected');
  lose(a);
  clock.advance(500);
  adopt(a);
  a.socket.says({ type: 'peer-discovery', peers: [] });
  assert.equal(a.call.peer('bob'), undefined);
  assert.equal(a.call.state.present.bob, undefined);
});

const answerOf = (certificate) => ({
  type: 'answer',
  sdp: `v=0\r\na=fingerprint:sha-256 ${certificate}\r\n`,
});

/** Ann's call with Bob and an orb; the server went away and is back, and nobody else is yet. */
async function orbOverAnOutage() {
  const { a } = await connected();
  a.socket.says({ type: 'user-joined', ...ORB });
  const orb = a.call.peer('orb-1');
  await settle();
  a.socket.says({ type: 'answer', fromId: 'orb-1', answer: answerOf('AA:BB') });
  await settle();
  orb.pc.goes('connected');
  lose(a);
  clock.advance(500);
  adopt(a);
  a.socket.says({ type: 'peer-discovery', peers: [] });
  assert.equal(a.call.peer('orb-1'), orb, 'it is waited for');
  return {
    a,
    orb,
    offers: () => a.socket.sent.filter(({ type, toId }) => type === 'offer' && toId === 'orb-1'),
  };
}

test('an orb that outlives its server is asked by an offer, and kept if it is the same', async () => {
  const { a, orb, offers } = await orbOverAnOutage();
  a.socket.says({ type: 'user-joined', ...ORB });
  await settle();
  assert.equal(offers().length, 1);
  a.socket.says({ type: 'answer', fromId: 'orb-1', answer: answerOf('aa:bb') });
  await settle();
  assert.equal(a.call.peer('orb-1'), orb);
  assert.equal(orb.pc.signalingState, 'stable');
});

test('another orb under the same name shows by its certificate, and is connected with anew', async () => {
  const { a, orb, offers } = await orbOverAnOutage();
  a.socket.says({ type: 'user-joined', ...ORB });
  await settle();
  a.socket.says({ type: 'answer', fromId: 'orb-1', answer: answerOf('CC:DD') });
  await settle();
  assert.notEqual(a.call.peer('orb-1'), orb);
  assert.equal(orb.state, 'closed');
  assert.equal(offers().length, 2);
});

test('an orb under another name takes the place of the one that is waited for', async () => {
  const { a, orb } = await orbOverAnOutage();
  a.socket.says({ type: 'user-joined', ...ORB, userId: 'orb-2' });
  assert.equal(a.call.peer('orb-1'), undefined);
  assert.equal(orb.state, 'closed');
  assert.ok(a.call.peer('orb-2'));
  assert.ok(a.call.peer('bob'));
});

test('an orb that does not come back is dropped in the end', async () => {
  const { a } = await orbOverAnOutage();
  clock.advance(60_000);
  assert.equal(a.call.peer('orb-1'), undefined);
});

for (const [who, other] of [
  ['a', 'b'],
  ['b', 'a'],
]) {
  const offers = who === 'a' ? 'who offers' : 'who does not offer';
  test(`a page that was opened anew meanwhile (${offers}) is connected with anew`, async () => {
    const people = await connected();
    const stayed = people[other];
    lose(stayed);
    clock.advance(500);
    adopt(stayed);
    stayed.socket.says({ type: 'peer-discovery', peers: [] });
    const fresh = person(people[who].id, people[who].role);
    fresh.socket.says({ type: 'peer-discovery', peers: [participant(stayed, fresh)] });
    stayed.socket.says({ type: 'user-joined', ...participant(fresh, stayed) });
    await exchange(fresh, stayed);
    const [mine, theirs] = sides(fresh, stayed);
    assert.ok(!people.kept.includes(theirs), 'the old connection is gone');
    assert.equal(mine.remoteSession, theirs.session);
    assert.equal(theirs.remoteSession, mine.session);
    assert.deepEqual([mine.pc.signalingState, theirs.pc.signalingState], ['stable', 'stable']);
  });
}

test('a long outage, after which they join afresh, changes nothing of what works', async () => {
  const { a, b, kept } = await connected();
  lose(a, b);
  clock.advance(9_500); // their attempts hang, the server is not there
  [a, b].forEach(adopt);
  assert.ok(!a.socket.sent[0].resume, 'the seat would be gone');
  a.socket.says({ type: 'peer-discovery', peers: [] });
  b.socket.says({ type: 'peer-discovery', peers: [participant(a, b)] });
  a.socket.says({ type: 'user-joined', ...participant(b, a) });
  await exchange(a, b);
  assert.deepEqual(sides(a, b), kept);
  assert.equal(connections.length, 2);
});

test('an offer that went into the void is made again', async () => {
  const { a, b, kept } = await connected();
  relay = false;
  kept[0].restart(); // a new network address, say
  await exchange(a, b);
  assert.equal(kept[0].pc.signalingState, 'have-local-offer');
  lose(a, b);
  clock.advance(500);
  [a, b].forEach(adopt);
  relay = true;
  a.socket.says({ type: 'peer-discovery', peers: [] });
  b.socket.says({ type: 'peer-discovery', peers: [participant(a, b)] });
  a.socket.says({ type: 'user-joined', ...participant(b, a) });
  await exchange(a, b);
  assert.deepEqual(sides(a, b), kept);
  assert.equal(kept[0].pc.signalingState, 'stable');
});

test('the server stayed, the seat did not: the other took the connection down, and both make a new one', async () => {
  const { a, b, kept } = await connected();
  lose(a);
  b.socket.says({ type: 'user-left', userId: 'ann', userRole: 'coach', reason: 'lost' });
  clock.advance(9_500);
  adopt(a);
  a.socket.says({ type: 'peer-discovery', peers: [participant(b, a)] });
  b.socket.says({ type: 'user-joined', ...participant(a, b) });
  await exchange(a, b);
  const [mine, theirs] = sides(a, b);
  assert.ok(!kept.includes(mine) && !kept.includes(theirs));
  assert.equal(mine.remoteSession, theirs.session);
  assert.equal(theirs.remoteSession, mine.session);
});
