import { test } from 'node:test';
import assert from 'node:assert/strict';
import { FakeClock, settle } from './fakes.mjs';
import { measure, Quality } from '../../web/lib/quality.js';

const inbound = (kind, more) => ({ id: `in-${kind}`, type: 'inbound-rtp', kind, ...more });
const chosen = (candidateType, rtt) => [
  { id: 'T', type: 'transport', selectedCandidatePairId: 'P' },
  { id: 'P', type: 'candidate-pair', localCandidateId: 'L', currentRoundTripTime: rtt },
  { id: 'Q', type: 'candidate-pair', localCandidateId: 'M', currentRoundTripTime: 9 },
  { id: 'L', type: 'local-candidate', candidateType },
];

test('figures are of the time since the last report', () => {
  const first = measure(
    [
      ...chosen('srflx', 0.0254),
      inbound('audio', {
        packetsReceived: 90,
        packetsLost: 10,
        jitter: 0.0123,
        concealedSamples: 300,
        silentConcealedSamples: 200,
        totalSamplesReceived: 1000,
      }),
      inbound('video', { packetsReceived: 100, packetsLost: 0, freezeCount: 2 }),
    ],
    null,
  );
  assert.deepEqual(first.figures, { path: 'srflx', rttMs: 25.4, jitterMs: 12.3, loss: 0.05, concealed: 0.1 });
  const second = measure(
    [
      inbound('audio', {
        packetsReceived: 190,
        packetsLost: 8, // one came late after all
        concealedSamples: 300,
        silentConcealedSamples: 200,
        totalSamplesReceived: 2000,
      }),
      inbound('video', { packetsReceived: 100, packetsLost: 0, freezeCount: 5 }),
    ],
    first.sums,
  );
  assert.deepEqual(second.figures, { loss: 0, concealed: 0, freezes: 3 });
});

test('Firefox names the chosen pair itself; nothing known gives no figure', () => {
  const stats = [
    { id: 'P', type: 'candidate-pair', selected: true, localCandidateId: 'L', currentRoundTripTime: 0.01 },
    { id: 'L', type: 'local-candidate', candidateType: 'relay' },
  ];
  assert.deepEqual(measure(stats, null).figures, { path: 'relay', rttMs: 10 });
  assert.deepEqual(measure([], null).figures, {});
});

class FakePeer extends EventTarget {
  state = 'new';
  stats = new Map();
  constructor(session, ai = false) {
    super();
    this.session = session;
    this.ai = ai;
    this.pc = { getStats: async () => this.stats };
  }
  become(state) {
    this.state = state;
    this.dispatchEvent(new Event('state'));
  }
}

function make(options = {}) {
  const call = new EventTarget();
  const clock = new FakeClock();
  const sent = [];
  const send = async (connections, last) => {
    if (options.fail?.()) {
      throw new Error('away');
    }
    sent.push({ connections, last });
  };
  const quality = new Quality({ call, send, clock });
  const meet = (session, ai) => {
    const peer = new FakePeer(session, ai);
    call.dispatchEvent(new CustomEvent('peer', { detail: peer }));
    return peer;
  };
  const pass = async (ms) => {
    clock.advance(ms);
    await settle();
  };
  return { quality, clock, sent, meet, pass };
}

test('how an attempt ended is told soon, with the time it took, and once', async () => {
  const { clock, sent, meet, pass } = make();
  const peer = meet('abc', true);
  peer.become('connecting');
  clock.advance(1400);
  peer.become('connected');
  peer.stats.set('T', chosen('host', 0.005)[0]);
  await pass(500);
  const [report] = sent[0].connections;
  assert.deepEqual(report, {
    id: 'abc',
    peer: 'orb',
    state: 'connected',
    outcome: 'connected',
    connectMs: 1400,
  });
  peer.become('unstable');
  await pass(10_000);
  assert.deepEqual(sent[1].connections, [{ id: 'abc', peer: 'orb', state: 'connecting' }]);
  peer.become('connected');
  await pass(10_000);
  assert.equal(sent[2].connections[0].state, 'connected');
  assert.equal(sent[2].connections[0].outcome, undefined);
});

test('one that never connected has failed; its successor counts for itself', async () => {
  const { sent, meet, pass } = make();
  const first = meet('one');
  first.become('connecting');
  first.dispatchEvent(new Event('failed'));
  await pass(500);
  assert.deepEqual(sent[0].connections, [{ id: 'one', peer: 'human', state: 'failed', outcome: 'failed' }]);
  first.state = 'closed';
  const second = meet('two');
  second.become('connected');
  await pass(500);
  assert.deepEqual(
    sent[1].connections.map(({ id, state }) => [id, state]),
    [
      ['one', 'closed'],
      ['two', 'connected'],
    ],
  );
  await pass(10_000);
  assert.deepEqual(
    sent[2].connections.map(({ id }) => id),
    ['two'],
  );
});

test('a report that was not taken is not lost: the outcome goes with the next', async () => {
  let away = true;
  const { sent, meet, pass } = make({ fail: () => away });
  meet('abc').become('connected');
  await pass(500);
  away = false;
  await pass(10_000);
  assert.equal(sent[0].connections[0].outcome, 'connected');
});

test('the end is told once, in a request that outlives the page', async () => {
  const { quality, clock, sent, meet, pass } = make();
  meet('abc').become('connected');
  await pass(500);
  quality.end();
  quality.end();
  await settle();
  assert.equal(sent.length, 2);
  assert.deepEqual([sent[1].last, sent[1].connections[0].state], [true, 'closed']);
  assert.equal(clock.pending, 0);
});
