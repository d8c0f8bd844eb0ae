// The nest with our own aiorb: orbs come out of it, live on without it, and no two are alike in what must be random.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import wrtc from '@roamhq/wrtc';
import { enter } from '../lib/participant.mjs';
import { alive, children, descriptors, name, orbs, threads } from '../lib/processes.mjs';
import { startServer } from '../lib/server.mjs';

const DEADLINE_MS = 30_000;
const NULL_ENGINES = { ORB_RECOGNIZER: 'null', ORB_SYNTHESIZER: 'null' };
const CYCLES = 30;

let server;
const nest = () => children(server.pid).find((pid) => name(pid) === 'aiorb: nest' && alive(pid));
const spare = () => children(server.pid).find((pid) => name(pid) === 'aiorb: spare' && alive(pid));
const zombies = () => children(server.pid).filter((pid) => !alive(pid));
const title = (pid) => fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);

/** What the kernel shows has no event to wait on. */
async function until(what, check) {
  for (const end = Date.now() + DEADLINE_MS; ; ) {
    const hit = check();
    if (hit) {
      return hit;
    }
    assert.ok(Date.now() < end, `${what}\n${server.log()}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A spare that takes orders: it waits in recvmsg and is out of the nest's process group. */
const readySpare = (not) =>
  until('a spare to be ready', () => {
    const pid = spare();
    const group = pid && fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[2];
    return pid !== not && Number(group) === pid && pid;
  });

const ready = (person) => person.next((m) => m.type === 'orb-state' && m.state === 'ready');
const orbOf = (room) => orbs(server.pid).find((pid) => alive(pid) && title(pid).includes(`--room=${room}`));

async function leave(person, room) {
  const pid = orbOf(room);
  person.send({ type: 'leave' });
  await person.close();
  await until(`the orb of ${room} to end`, () => !children(server.pid).includes(pid));
}

before(async () => {
  server = await startServer({
    env: { ...NULL_ENGINES, ORB_CLEANUP_GRACE_PERIOD: '1', ORB_SPARES: '1', MAX_CONCURRENT_ORBS: '12' },
  });
  await server.logged(/nest: loading -> up/);
});
after(() => server?.stop('SIGKILL')); // the last test's, or one that failed

test('the nest is one thread, and its spare becomes the orb of the room that asks', { timeout: 300_000 }, async () => {
  const waiting = await readySpare();
  assert.equal(threads(nest()), 1);
  const person = await enter(server, 'first', 'coach', 'coach');
  await ready(person);
  assert.equal(orbOf('first'), waiting);
  assert.ok(title(waiting).includes('--coach=coach') || title(waiting).some((word) => word.startsWith('--coach=')));
  assert.equal(fs.readFileSync(`/proc/${waiting}/comm`, 'utf8').trim(), 'aiorb');
  assert.equal(server.log().includes('executed instead'), false);
  await readySpare(waiting);
  await leave(person, 'first');
});

test('a spare killed with -9 is replaced before anybody gets it', { timeout: 300_000 }, async () => {
  const dead = await readySpare();
  process.kill(dead, 'SIGKILL');
  const person = await enter(server, 'after-spare', 'coach', 'coach');
  await ready(person);
  assert.notEqual(orbOf('after-spare'), dead);
  await readySpare(dead);
  await leave(person, 'after-spare');
  assert.deepEqual(zombies(), []);
});

test('the nest is killed with -9 in a call: the call goes on, and the next rooms are served', { timeout: 300_000 }, async () => {
  await readySpare();
  const person = await enter(server, 'call', 'coach', 'coach');
  await ready(person);
  const [orb, old] = [orbOf('call'), nest()];
  const left = await readySpare(orb);
  process.kill(old, 'SIGKILL');
  await until('the nest to be gone', () => !children(server.pid).includes(old));
  const second = await enter(server, 'call-2', 'coach', 'coach');
  await ready(second);
  assert.equal(orbOf('call-2'), left, 'the spare outlives its nest');
  const third = await enter(server, 'call-3', 'coach', 'coach'); // forked or executed
  await ready(third);
  assert.equal(orbOf('call'), orb);
  assert.equal(person.all.some((m) => m.type === 'user-left'), false);
  await until('another nest', () => nest() && nest() !== old);
  await readySpare(left);
  await Promise.all([leave(person, 'call'), leave(second, 'call-2'), leave(third, 'call-3')]);
  assert.deepEqual(zombies(), []);
});

test('eight rooms at once get their orbs from the nest, though one spare is ready', { timeout: 300_000 }, async () => {
  await readySpare();
  const executed = () => server.log().split('executed instead').length;
  const before = executed();
  const rooms = Array.from({ length: 8 }, (_, i) => `together-${i}`);
  const people = await Promise.all(rooms.map((room) => enter(server, room, 'coach', 'coach')));
  await Promise.all(people.map(ready));
  assert.equal(executed(), before, server.log());
  await Promise.all(people.map((person, i) => leave(person, rooms[i])));
  assert.deepEqual(zombies(), []);
});

test('an orb killed with -9 is known to have been', { timeout: 300_000 }, async () => {
  await readySpare();
  const person = await enter(server, 'killed', 'coach', 'coach');
  await ready(person);
  process.kill(orbOf('killed'), 'SIGKILL');
  await server.logged(/room killed: .*SIGKILL/);
  person.send({ type: 'leave' });
  await person.close();
  await until('all orbs to end', () => orbs(server.pid).length === 0);
});

/** What an orb's answer shows of its random numbers, by name. */
async function answerOf(room) {
  const person = await enter(server, room, 'coach', 'coach');
  await ready(person);
  const ai = person.all.find((m) => m.type === 'user-joined' && m.participantType === 'ai');
  const connection = new wrtc.RTCPeerConnection();
  connection.addTransceiver('audio');
  connection.addTransceiver('video');
  const offer = await connection.createOffer();
  await connection.setLocalDescription(offer);
  person.send({ type: 'offer', toId: ai.userId, offer: { type: 'offer', sdp: offer.sdp } });
  const { answer } = await person.next('answer');
  const all = (pattern) => [...answer.sdp.matchAll(pattern)].map((match) => match[1]);
  connection.close();
  return {
    person,
    session: answer.sdp.match(/^o=(.*)$/m)[1],
    ufrag: answer.sdp.match(/^a=ice-ufrag:(\S+)/m)[1],
    password: answer.sdp.match(/^a=ice-pwd:(\S+)/m)[1],
    fingerprint: answer.sdp.match(/^a=fingerprint:(.*\S)/m)[1],
    ssrcs: [...new Set(all(/^a=ssrc:(\d+)/gm))].join(),
  };
}

test('orbs of one nest share no random number', { timeout: 300_000 }, async () => {
  const answers = [];
  let last;
  for (const room of ['random-1', 'random-2', 'random-3']) {
    last = await readySpare(last);
    answers.push(await answerOf(room));
    assert.equal(orbOf(room), last, 'from the nest');
  }
  for (const key of ['session', 'ufrag', 'password', 'fingerprint', 'ssrcs']) {
    const values = answers.map((answer) => answer[key]);
    assert.ok(values.every(Boolean), key);
    assert.equal(new Set(values).size, values.length, `${key}: ${values}`);
  }
  await Promise.all(answers.map(({ person }, i) => leave(person, `random-${i + 1}`)));
});

test(`${CYCLES} orbs later nothing is left over`, { timeout: 240_000 }, async () => {
  let last = await readySpare();
  const count = () => [descriptors(server.pid), threads(server.pid), descriptors(nest())];
  let first;
  for (let i = 0; i < CYCLES; i++) {
    const person = await enter(server, `cycle-${i}`, 'coach', 'coach');
    await ready(person);
    if (i % 3 === 0) {
      process.kill(last, 'SIGKILL');
    }
    await leave(person, `cycle-${i}`);
    await until('all orbs to end', () => orbs(server.pid).length === 0);
    last = await readySpare(last);
    first = i === 0 ? count() : first; // what a first time opens stays
  }
  await until(`${first} descriptors and threads: ${count()}`, () => String(count()) === String(first));
  assert.equal(children(server.pid).length, 2, 'the nest and its spare');
});

test('nest and spare end with the server, however it ends', { timeout: 300_000 }, async () => {
  const pids = [nest(), await readySpare()];
  await server.stop('SIGKILL');
  await until('nest and spare to end', () => !pids.some(alive));
});
