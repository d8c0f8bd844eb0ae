import { test } from 'node:test';
import assert from 'node:assert/strict';
import {
  captionsOf,
  createRoom,
  nameOf,
  orbOf,
  orbPicture,
  partnerOf,
  phaseOf,
  reduce,
} from '../../web/lib/room-state.js';
import {
  clockText,
  endedActions,
  noticesOf,
  orbAnswers,
  orbWords,
  partnerWords,
  phaseWords,
  roomTitle,
  stampText,
  timeWords,
} from '../../web/lib/room-words.js';

const NOW = 1_700_000_000_000;
const INFO = {
  roomId: 'r',
  sessionId: 's',
  user: { id: 'client-1', name: 'Sam', role: 'client' },
  people: [
    { userId: 'client-1', name: 'Sam', role: 'client' },
    { userId: 'coach-1', name: 'Clara', role: 'coach' },
  ],
  starts: null,
  minutes: 50,
};
const COACH = { userId: 'coach-1', userRole: 'coach', participantType: 'human' };
const ORB = { userId: 'ai-orb-s', userRole: 'ai', participantType: 'ai' };
const OPEN = { type: 'link', state: 'open', words: '' };

/** The room after these messages; a message may be [message, time]. */
const room = (...messages) =>
  messages.flat().reduce((state, each) => reduce(state, each, NOW), createRoom(INFO, NOW));
const discovery = (...peers) => ({ type: 'peer-discovery', peers });
const linked = ({ userId }, link = 'connected', video = true) => ({ type: 'peer', userId, link, video });
const said = (userId, utteranceId, text, final) => ({
  type: 'transcript',
  userId,
  utteranceId,
  text,
  final,
  startMs: 0,
  endMs: 1,
});

test('phases follow the call from joining to ended', () => {
  const messages = [
    ['joining', []],
    ['waiting', [OPEN, discovery()]],
    ['connecting', [{ type: 'user-joined', ...COACH }]],
    ['live', [linked(COACH)]],
    ['awaiting', [linked(COACH, 'unstable')]],
    ['live', [linked(COACH)]],
    ['reconnecting', [{ type: 'link', state: 'down', words: 'lost' }]],
    ['live', [OPEN]],
    ['waiting', [{ type: 'user-left', userId: 'coach-1' }]],
    ['ended', [{ type: 'ended', words: 'over', code: '4000' }]],
  ];
  let state = createRoom(INFO, NOW);
  for (const [phase, steps] of messages) {
    state = steps.reduce((all, each) => reduce(all, each, NOW), state);
    assert.equal(phaseOf(state), phase);
  }
});

test('nothing happens after the end', () => {
  const state = room(OPEN, { type: 'ended', words: 'over', code: '4000' });
  assert.equal(reduce(state, discovery(COACH), NOW), state);
  assert.deepEqual(noticesOf(state), []);
});

test('a resumed discovery keeps who was connected', () => {
  const state = room(OPEN, discovery(COACH), linked(COACH), discovery(COACH));
  assert.equal(partnerOf(state).link, 'connected');
});

test('someone who joins anew is not connected yet', () => {
  const state = room(OPEN, discovery(COACH), linked(COACH), { type: 'user-joined', ...COACH });
  assert.equal(partnerOf(state).link, 'new');
});

test('names come from the message, else from the appointment, else from the role', () => {
  assert.equal(partnerOf(room(discovery({ ...COACH, userName: 'Dr. C' }))).name, 'Dr. C');
  assert.equal(partnerOf(room(discovery(COACH))).name, 'Clara');
  assert.equal(partnerOf(room(discovery({ ...COACH, userId: 'other' }))).name, 'Your coach');
  assert.equal(nameOf(room(), 'client-1'), 'You');
  assert.equal(nameOf(room(), 'ai-orb-of-before'), 'Orb');
});

test('partials become the final of the same utterance, also when two people speak', () => {
  const state = room(
    said('client-1', 1, 'so when', false),
    said('coach-1', 1, 'mhm', false),
    said('client-1', 1, 'so when i breathe', true),
    said('client-1', 1, 'so when', false),
  );
  assert.deepEqual(
    state.utterances.map(({ userId, text, final }) => [userId, text, final]),
    [
      ['client-1', 'so when i breathe', true],
      ['coach-1', 'mhm', false],
    ],
  );
});

test('an empty final takes a guess back, and silence adds nothing', () => {
  assert.equal(room(said('client-1', 1, 'uh', false), said('client-1', 1, ' ', true)).utterances.length, 0);
  assert.equal(room(said('client-1', 2, '', false)).utterances.length, 0);
  assert.equal(room(said('client-1', 3, 'uh', false), said('client-1', 3, '', false)).utterances.length, 0);
});

test('what an orb was about to write down when it went is left as it was understood', () => {
  const cut = [said(ORB.userId, 'a1', 'Let us begin ', false), said('client-1', 'b1', 'so when', false)];
  const gone = [
    { type: 'user-left', userId: ORB.userId },
    { type: 'orb-state', state: 'restarting' },
    discovery(COACH),
  ];
  for (const message of gone) {
    const state = room(OPEN, discovery(ORB, COACH), said('coach-1', 'c1', 'Hm.', true), cut, message);
    assert.deepEqual(
      state.utterances.map(({ text, final }) => [text, final]),
      [
        ['Hm.', true],
        ['Let us begin…', true],
        ['so when…', true],
      ],
      message.type,
    );
    const ended = reduce(state, said('client-1', 'b1', 'so when I breathe', true), NOW);
    assert.equal(ended.utterances.at(-1).text, 'so when I breathe', 'its final may still come');
  }
  const stays = room(OPEN, discovery(ORB, COACH), cut, { type: 'user-left', userId: 'coach-1' });
  assert.ok(
    stays.utterances.every(({ final }) => !final),
    'the orb is there to end them',
  );
});

test('the transcript is bounded', () => {
  const many = Array.from({ length: 520 }, (_, n) => said('client-1', n, `words ${n}`, true));
  const { utterances } = room(many);
  assert.equal(utterances.length, 500);
  assert.equal(utterances.at(-1).text, 'words 519');
});

test('captions show the newest of each of the last two speakers, for six seconds', () => {
  const state = room(
    said('coach-1', 1, 'one', true),
    said('client-1', 2, 'two', true),
    said('ai-orb-s', 3, 'three', true),
    said('client-1', 4, 'four', false),
  );
  assert.deepEqual(
    captionsOf(state, NOW).map(({ text }) => text),
    ['three', 'four'],
  );
  assert.deepEqual(captionsOf(state, NOW + 6_001), []);
});

test('the orb is never a mystery', () => {
  const cases = [
    [[], 'coming', ''],
    [[OPEN, discovery()], 'coming', 'The orb is joining…'],
    [[OPEN, { type: 'orb-state', state: 'spawning' }], 'coming', 'The orb is joining…'],
    [[OPEN, { type: 'orb-state', state: 'full' }], 'absent', 'The orb is not here: all places are taken.'],
    [[OPEN, { type: 'orb-state', state: 'off' }], 'absent', 'The orb is not part of this call.'],
    [[OPEN, { type: 'orb-state', state: 'ready' }, discovery(ORB)], 'coming', 'Connecting to the orb…'],
    [[OPEN, discovery(ORB), linked(ORB)], 'ready', ''],
    [[OPEN, { type: 'orb-state', state: 'spawning' }, discovery(ORB), linked(ORB)], 'ready', ''],
  ];
  for (const [messages, mood, words] of cases) {
    assert.deepEqual([orbWords(room(messages)).mood, orbWords(room(messages)).words], [mood, words]);
  }
  for (const state of ['failed', 'unresponsive', 'restarting']) {
    assert.ok(orbWords(room(OPEN, { type: 'orb-state', state })).words.length > 10, state);
  }
});

test('whom the orb answers is said to each of the two', () => {
  const SAM = { userId: 'client-1', userRole: 'client', participantType: 'human' };
  const here = (user, other) => {
    const messages = [OPEN, discovery(ORB, ...(other ? [other] : [])), linked(ORB)];
    return messages.reduce((all, each) => reduce(all, each, NOW), createRoom({ ...INFO, user }, NOW));
  };
  const sam = INFO.user;
  const clara = { id: 'coach-1', name: 'Clara', role: 'coach' };
  const admin = { id: 'admin-1', name: 'Ada', role: 'admin' };
  const cases = [
    [here(clara), 'Answers you.'],
    [here(sam), 'Answers you.'],
    [here(clara, SAM), 'Answers Sam. Say “orb, …” to ask it yourself.'],
    [here(admin, SAM), 'Answers Sam. Say “orb, …” to ask it yourself.'],
    [here(sam, { ...COACH, userName: 'Clara Coach' }), 'Answers you, and Clara after “orb, …”.'],
    [here(admin, COACH), 'Answers who says “orb, …”.'],
  ];
  for (const [state, words] of cases) {
    assert.equal(orbAnswers(state), words);
  }
  const alone = here(clara);
  const after = (state, ...messages) => orbAnswers(messages.reduce((all, m) => reduce(all, m, NOW), state));
  const joined = { type: 'user-joined', ...SAM };
  assert.match(after(alone, joined), /^Answers Sam/);
  assert.equal(after(alone, joined, { type: 'user-left', userId: 'client-1' }), 'Answers you.');
  const muted = { type: 'ai_status', status: 'listening', muted: true };
  assert.match(after(alone, muted), /answers nobody until you unmute/);
  assert.equal(after(here(sam), muted), 'Muted: answers nobody.');
  for (const gone of [
    linked(ORB, 'unstable'),
    { type: 'orb-state', state: 'unresponsive' },
    { type: 'user-left', userId: ORB.userId },
  ]) {
    assert.equal(after(alone, gone), '', JSON.stringify(gone));
  }
  assert.equal(orbAnswers(room(OPEN, discovery())), '');
});

test('an orb that lacks something: both read what, in plain words only', () => {
  const told = (role, reason) => {
    const info = { ...INFO, user: { id: `${role}-1`, name: 'N', role } };
    const messages = [OPEN, discovery(), { type: 'orb-state', state: 'failed', reason }];
    const state = messages.reduce((all, each) => reduce(all, each, NOW), createRoom(info, NOW));
    return [orbWords(state), ...noticesOf(state)].map(({ words }) => words).join(' ');
  };
  const lack = 'its speech model is missing';
  assert.equal(told('client', lack), `The orb is not here: ${lack}. You can go on without it.`);
  assert.match(told('coach', lack), /The orb cannot come: its speech model is missing\.$/);
  assert.doesNotMatch(told('coach', 'its engine x-7 (0x1f) is missing'), /x-7/);
});

test('an orb that failed: the coach may try again, the client reads about it only', () => {
  const failed = [OPEN, discovery(), { type: 'orb-state', state: 'failed' }];
  assert.deepEqual(noticesOf(room(failed)), []);
  const coach = { ...INFO, user: { id: 'coach-1', name: 'Clara', role: 'coach' } };
  const state = failed.reduce((all, each) => reduce(all, each, NOW), createRoom(coach, NOW));
  assert.deepEqual(
    noticesOf(state).map(({ id, action }) => [id, action]),
    [['orb', 'Try again']],
  );
  assert.deepEqual(noticesOf(reduce(state, { type: 'orb-state', state: 'spawning' }, NOW)), []);
});

test('the orb’s status is shown while it is connected, and forgotten when it leaves', () => {
  const here = [OPEN, discovery(ORB), linked(ORB)];
  const words = { listening: 'Listening', processing: 'Thinking…', speaking: 'Speaking', ready: 'Ready' };
  for (const [status, label] of Object.entries(words)) {
    assert.equal(orbWords(room(here, { type: 'ai_status', status })).label, label);
  }
  const gone = room(
    here,
    { type: 'ai_status', status: 'speaking' },
    { type: 'user-left', userId: ORB.userId },
  );
  assert.equal(orbOf(gone), null);
  assert.equal(gone.orb.status, 'ready');
});

test('an orb that is gone leaves no picture behind, one that may be leaves a dim one', () => {
  const here = [OPEN, discovery(ORB), linked(ORB), { type: 'orb-state', state: 'ready' }];
  const picture = (...more) => orbPicture(room(here, ...more));
  assert.equal(picture(), 'live');
  for (const state of ['restarting', 'failed', 'off', 'full']) {
    assert.equal(picture({ type: 'orb-state', state }), 'none', state);
  }
  const [restarting, spawning] = ['restarting', 'spawning'].map((state) => ({ type: 'orb-state', state }));
  assert.equal(picture(restarting, spawning), 'none', 'the next one is not here yet');
  assert.equal(picture(restarting, spawning, { type: 'user-joined', ...ORB }, linked(ORB)), 'live');
  assert.equal(picture({ type: 'orb-state', state: 'unresponsive' }), 'stale');
  assert.equal(picture(linked(ORB, 'unstable')), 'stale');
  assert.equal(picture(linked(ORB, 'restarting')), 'none');
  assert.equal(picture(linked(ORB, 'connected', false)), 'none');
  assert.equal(picture({ type: 'user-left', userId: ORB.userId }), 'none');
});

test('the other person’s absence has words', () => {
  assert.equal(partnerWords(room(OPEN, discovery())).words, 'Clara is not here yet.');
  const left = room(OPEN, discovery(COACH), { type: 'user-left', userId: 'coach-1' });
  assert.equal(partnerWords(left).words, 'Clara left the call.');
  assert.equal(partnerWords(reduce(left, { type: 'user-joined', ...COACH }, NOW)).words, 'Connecting…');
  assert.equal(
    partnerWords(room(OPEN, discovery(COACH), linked(COACH, 'connected', false))).words,
    'Camera is off',
  );
});

test('whose connection is lost has words, and they tell us from the other', () => {
  const here = [OPEN, discovery(COACH, ORB), linked(COACH), linked(ORB)];
  const says = (...more) => {
    const state = room(here, ...more);
    return [partnerWords(state).words, phaseWords(state)];
  };
  const still = (who) => ({ type: 'still', userId: who.userId, still: true });
  const shaky = ['Clara’s connection is unstable', 'Clara is reconnecting'];
  assert.deepEqual(says(), ['', 'Live']);
  assert.deepEqual(says(still(COACH)), shaky);
  assert.deepEqual(says(still(COACH), { ...still(COACH), still: false }), ['', 'Live']);
  assert.deepEqual(says(linked(COACH, 'unstable')), shaky);
  assert.deepEqual(says(linked(COACH, 'restarting')), [
    'Clara lost the connection. Waiting for them…',
    'Clara is reconnecting',
  ]);
  const ours = ['Your connection is unstable', 'Reconnecting…'];
  assert.deepEqual(says(still(COACH), still(ORB)), ours, 'all at once: it is ours');
  assert.deepEqual(says(linked(COACH, 'restarting'), linked(ORB, 'unstable')), [
    'Connection lost. Connecting again…',
    'Reconnecting…',
  ]);
  assert.deepEqual(says({ type: 'link', state: 'down', words: 'lost' }), ['', 'Reconnecting…']);
});

test('a title for a phone is short, and never a broken name', () => {
  assert.equal(roomTitle(room(OPEN, discovery(COACH))).short, 'With Clara');
  const nobody = createRoom({ ...INFO, people: [] }, NOW);
  assert.equal(roomTitle(nobody).short, 'With your coach');
});

test('each device trouble has words; both at once have one notice', () => {
  const device = (kind, state) => ({ type: 'device', kind, state });
  for (const state of ['denied', 'missing', 'busy', 'failed', 'insecure']) {
    const notices = noticesOf(room(device('audio', state), device('video', 'on')));
    assert.equal(notices.length, 1, state);
    assert.match(notices[0].words, /microphone/i);
  }
  const both = noticesOf(room(device('audio', 'denied'), device('video', 'denied')));
  assert.deepEqual(
    both.map(({ id }) => id),
    ['devices'],
  );
  assert.equal(noticesOf(room(device('audio', 'on'), device('video', 'off'))).length, 0);
});

test('blocked sound and a lost server come first, with a button', () => {
  const notices = noticesOf(
    room(
      OPEN,
      { type: 'playback', blocked: true },
      { type: 'link', state: 'down', words: 'Connection lost.' },
    ),
  );
  assert.deepEqual(
    notices.map(({ id, action }) => [id, action]),
    [
      ['link', 'Try now'],
      ['playback', 'Turn on sound'],
    ],
  );
});

test('time left is of the appointment’s own time, and out of it one reads when that is', () => {
  const minutes = (n) => n * 60_000;
  const noon = new Date(2026, 10, 23, 12).getTime();
  const at = (start, kept, more) => {
    const starts = start === null ? null : new Date(noon + minutes(start)).toISOString();
    return timeWords(createRoom({ ...INFO, starts, ...more }, noon, kept), noon);
  };
  const clock = (ms) => new Date(ms).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  const begun = (ago) => ({ startedAt: noon - minutes(ago) });
  assert.equal(at(null).words, '50 min left');
  assert.equal(at(null, begun(20)).words, '30 min left');
  assert.equal(at(null, {}, { minutes: null }).words, '');
  assert.equal(at(-10).words, '40 min left');
  assert.equal(at(5).words, `Starts at ${clock(noon + minutes(5))}`);
  assert.equal(at(24 * 60).words, `Starts tomorrow at ${clock(noon)}`);
  assert.match(at(10 * 24 * 60).words, /^Starts .*3.* at /);
  assert.equal(at(-600).words, `Was at ${clock(noon - minutes(600))}`);
  assert.equal(at(-24 * 60).words, `Was yesterday at ${clock(noon)}`);
  assert.equal(at(-120, {}, { minutes: null }).words, `Was at ${clock(noon - minutes(120))}`);
  assert.deepEqual(at(-55, begun(50)), { words: '5:00 over', late: true, apart: false });
  assert.ok(at(-46).late);
});

test('the last page offers to join again unless that would be refused', () => {
  const ended = (code) => endedActions(room({ type: 'ended', words: '', code })).rejoin;
  assert.equal(ended('left'), 'Join again');
  assert.equal(ended('4409'), 'Use it here instead');
  assert.equal(ended('4000'), '');
  assert.equal(ended('4403'), '');
});

test('clocks read like clocks', () => {
  assert.equal(clockText(0), '0:00');
  assert.equal(clockText(187_999), '3:07');
  assert.equal(clockText(3_723_000), '1:02:03');
  assert.equal(clockText(-5), '0:00');
  assert.equal(stampText(70_500), '1:10');
  assert.match(stampText(NOW), /\d\d:\d\d/);
});
