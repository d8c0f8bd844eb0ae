import { beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { FakeClock, FakeSocket } from './fakes.mjs';
import { Signaling } from '../../web/lib/signaling.js';

const JOIN = { type: 'join', roomId: 'r', userId: 'u' };
const WELCOME = { type: 'peer-discovery', peers: [] };

let clock, states, messages, fresh;

function open() {
  const signaling = new Signaling({
    url: 'ws://x',
    join: JOIN,
    WebSocket: FakeSocket,
    clock,
    random: () => 1,
  });
  signaling.addEventListener('state', ({ detail }) => states.push(detail.state));
  signaling.addEventListener('message', ({ detail }) => messages.push(detail.type));
  signaling.addEventListener('fresh', () => (fresh += 1));
  signaling.open();
  return signaling;
}

function joined() {
  const signaling = open();
  FakeSocket.last.opens();
  FakeSocket.last.says(WELCOME);
  return signaling;
}

beforeEach(() => {
  clock = new FakeClock();
  FakeSocket.all = [];
  states = [];
  messages = [];
  fresh = 0;
});

test('joins as soon as the socket is open, and is open when the server answers', () => {
  const signaling = open();
  FakeSocket.last.opens();
  assert.deepEqual(FakeSocket.last.sent, [JOIN]);
  assert.equal(signaling.state, 'connecting');
  FakeSocket.last.says(WELCOME);
  assert.equal(signaling.state, 'open');
  assert.deepEqual(messages, ['peer-discovery']);
});

test('what is sent before is kept and sent in order', () => {
  const signaling = open();
  signaling.send({ type: 'offer', n: 1 });
  signaling.send({ type: 'ice-candidate', n: 2 });
  FakeSocket.last.opens();
  FakeSocket.last.says(WELCOME);
  assert.deepEqual(FakeSocket.last.types(), ['join', 'offer', 'ice-candidate']);
});

test('what is sent into a closing socket goes out with the next one', () => {
  const signaling = joined();
  FakeSocket.last.closing();
  signaling.send({ type: 'ice-candidate', n: 1 });
  FakeSocket.last.closes(1006);
  clock.advance(1_000);
  FakeSocket.last.opens();
  FakeSocket.last.says(WELCOME);
  assert.deepEqual(FakeSocket.last.types(), ['join', 'ice-candidate']);
});

test('the queue is bounded', () => {
  const signaling = open();
  for (let n = 0; n < 300; n++) {
    signaling.send({ type: 'ice-candidate', n });
  }
  assert.equal(signaling.queued, 256);
});

test('a lost socket comes back with resume and its queue', () => {
  const signaling = joined();
  FakeSocket.last.closes();
  assert.equal(signaling.state, 'down');
  signaling.send({ type: 'offer' });
  clock.advance(500);
  assert.equal(FakeSocket.all.length, 2);
  FakeSocket.last.opens();
  assert.deepEqual(FakeSocket.last.sent[0], { ...JOIN, resume: true });
  FakeSocket.last.says(WELCOME);
  assert.deepEqual(FakeSocket.last.types(), ['join', 'offer']);
  assert.equal(fresh, 0);
});

test('after the seat is lost it joins anew, forgets the queue and says so', () => {
  const signaling = joined();
  FakeSocket.last.closes();
  signaling.send({ type: 'offer' });
  clock.advance(500);
  FakeSocket.last.closes();
  clock.advance(10_000);
  FakeSocket.last.opens();
  assert.deepEqual(FakeSocket.last.sent, [JOIN]);
  assert.equal(fresh, 1);
  FakeSocket.last.says(WELCOME);
  assert.deepEqual(FakeSocket.last.types(), ['join']);
});

test('waits longer each time, up to 15 s, and starts small again after success', () => {
  joined();
  const waits = [];
  for (let n = 0; n < 7; n++) {
    FakeSocket.last.closes();
    const before = FakeSocket.all.length;
    let waited = 0;
    while (FakeSocket.all.length === before) {
      clock.advance(100);
      waited += 100;
    }
    waits.push(waited);
  }
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 15000, 15000]);
  FakeSocket.last.opens();
  FakeSocket.last.says(WELCOME);
  FakeSocket.last.closes();
  clock.advance(500);
  assert.equal(FakeSocket.all.length, 9);
});

test('jitter spreads the return over the second half of the wait', () => {
  const waits = [0, 0.5, 1].map((random) => {
    FakeSocket.all = [];
    const signaling = new Signaling({
      url: 'x',
      join: JOIN,
      WebSocket: FakeSocket,
      clock,
      random: () => random,
    });
    let retryAt = 0;
    signaling.addEventListener('state', ({ detail }) => (retryAt = detail.retryAt - clock.now()));
    signaling.open();
    FakeSocket.last.closes();
    return retryAt;
  });
  assert.deepEqual(waits, [250, 375, 500]);
});

for (const code of [4000, 4403, 4409]) {
  test(`a close with ${code} is final`, () => {
    const signaling = joined();
    FakeSocket.last.closes(code);
    assert.equal(signaling.state, 'closed');
    clock.advance(60_000);
    assert.equal(FakeSocket.all.length, 1);
    assert.equal(clock.pending, 0);
  });
}

test('a ping without any answer gives the socket up', () => {
  const signaling = joined();
  clock.advance(15_000);
  assert.equal(FakeSocket.last.types().at(-1), 'ping');
  const first = FakeSocket.last;
  clock.advance(10_000);
  assert.notEqual(first.closedWith, null);
  assert.equal(signaling.state, 'down');
  first.says({ type: 'ai_status', status: 'ready' });
  assert.deepEqual(messages, ['peer-discovery'], 'the socket given up is not heard any more');
});

test('any message at all proves the socket alive', () => {
  const signaling = joined();
  clock.advance(15_000);
  FakeSocket.last.says({ type: 'pong' });
  clock.advance(14_000);
  assert.equal(signaling.state, 'open');
  assert.equal(FakeSocket.all.length, 1);
});

test('a socket that never opens is given up and tried again', () => {
  const signaling = open();
  clock.advance(10_000);
  assert.equal(signaling.state, 'down');
  clock.advance(500);
  assert.equal(FakeSocket.all.length, 2);
});

test('nudge does not wait for the timer', () => {
  const signaling = joined();
  FakeSocket.last.closes();
  signaling.nudge();
  assert.equal(FakeSocket.all.length, 2);
  clock.advance(5_000);
  assert.equal(FakeSocket.all.length, 2, 'the timer did not open a second one');
});

test('close leaves once and keeps nothing running', () => {
  const signaling = joined();
  signaling.close();
  signaling.close();
  assert.deepEqual(FakeSocket.last.types(), ['join', 'leave']);
  assert.equal(FakeSocket.last.closedWith, 1000);
  FakeSocket.last.closes(1000);
  clock.advance(60_000);
  assert.equal(FakeSocket.all.length, 1);
  assert.equal(clock.pending, 0);
  signaling.send({ type: 'offer' });
  assert.equal(signaling.queued, 0);
});

test('nonsense is dropped, and the server’s ping is answered', () => {
  joined();
  FakeSocket.last.says('{{');
  FakeSocket.last.says({ type: 'teleport' });
  FakeSocket.last.says({ type: 'ping' });
  assert.deepEqual(messages, ['peer-discovery']);
  assert.equal(FakeSocket.last.types().at(-1), 'pong');
});
