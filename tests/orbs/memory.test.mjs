// SPDX-License-Identifier: Apache-2.0
// An orb dies in a call and comes back: with what was said, and without a second greeting. So it is when the server
// is restarted; and the record is whole in the end.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { person } from '../lib/person.mjs';
import { orbs } from '../lib/processes.mjs';
import { startServer, tricall } from '../lib/server.mjs';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tricall-memory-'));
const env = { ORB_RECOGNIZER: 'null', ORB_SYNTHESIZER: 'null', ORB_ADOPT_WINDOW: '0' };
const start = (args = []) => startServer({ dataDir: folder, args, env });
const state = (word) => (m) => m.type === 'orb-state' && m.state === word;
const spoken = (pattern) => (m) => m.type === 'transcript' && m.final && pattern.test(m.text);
const session = (...args) => tricall(['session', ...args, '--data-dir', folder]);

let server, port, anna, ben;
const lines = []; // of the orb, in order, as people read them

before(async () => {
  server = await start();
  port = new URL(server.url).port;
});
after(async () => {
  await Promise.all([anna?.leave(), ben?.leave()]);
  await server?.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

test('kill -9: it is back at once, greets nobody twice, and its times go on', { timeout: 400_000 }, async (t) => {
  anna = await person(server, 'r1', 'anna', 'coach', 'Anna Coach');
  await anna.next('connected');
  lines.push(await anna.next(spoken(/^Hello Anna\. I am the orb\./)));
  anna.send({ type: 'orb-control', action: 'say', value: 'This is remembered.' });
  lines.push(await anna.next(spoken(/^This is remembered\.$/)));

  const [old] = orbs(server.pid);
  anna.all.length = 0;
  await anna.next(state('ready')); // of the first life
  process.kill(old, 'SIGKILL');
  const died = performance.now();
  assert.match((await anna.next(state('restarting'))).reason, /SIGKILL/);
  await anna.next(state('ready'));
  const back = performance.now() - died;
  t.diagnostic(`back in the room after ${back.toFixed(0)} ms`);
  await anna.next('connected');
  assert.notEqual(orbs(server.pid)[0], old);
  await server.logged(/2 utterances restored/);

  // Who comes now is greeted, alone, and by somebody who is no stranger.
  ben = await person(server, 'r1', 'ben', 'client', 'Ben Client');
  await ben.next('connected');
  lines.push(await ben.next(spoken(/./)));
  assert.equal(lines.at(-1).text, 'Hello Ben. Good to have you here.');
  await anna.next(spoken(/^Hello Ben/));
  assert.deepEqual(anna.said().map(({ text }) => text), [lines.at(-1).text], 'nothing else was said since');
  assert.equal(anna.all.filter((m) => m.type === 'user-left' && m.participantType !== 'ai' && !m.userId.startsWith('ai-')).length, 0);
  for (const [index, line] of lines.slice(1).entries()) {
    assert.ok(line.startMs >= lines[index].endMs, `${line.startMs} is after ${lines[index].endMs}`);
  }
  assert.equal(new Set(lines.map(({ utteranceId }) => utteranceId)).size, lines.length);
});

test('the coach’s mute outlives the orb', { timeout: 400_000 }, async () => {
  anna.send({ type: 'orb-control', action: 'mute' });
  anna.send({ type: 'orb-control', action: 'mode', value: 'on-call' });
  await server.logged(/orb-control mode/);
  process.kill(orbs(server.pid)[0], 'SIGKILL');
  await anna.next(state('restarting'));
  await anna.next(state('ready'));
  await anna.next('connected');
  anna.send({ type: 'orb-control', action: 'say', value: 'Nobody hears this.' });
  anna.send({ type: 'orb-control', action: 'unmute' });
  anna.send({ type: 'orb-control', action: 'say', value: 'Everybody hears this.' });
  lines.push(await anna.next(spoken(/hears this/)));
  assert.equal(lines.at(-1).text, 'Everybody hears this.');
});

test('a new server: the same session, no second introduction, one record of it all', { timeout: 400_000 }, async () => {
  const [{ id }] = JSON.parse(session('list', '--json'));
  assert.equal((await server.stop()).code, 0);
  await Promise.all([anna.leave(), ben.leave()]);
  server = await start(['--port', port]);
  anna = await person(server, 'r1', 'anna', 'coach', 'Anna Coach');
  await anna.next('connected');
  await server.logged(/call \w+ goes on/);
  await server.logged(new RegExp(`${lines.length} utterances restored`));
  anna.send({ type: 'orb-control', action: 'say', value: 'And on it goes.' });
  lines.push(await anna.next(spoken(/./)));
  assert.equal(lines.at(-1).text, 'And on it goes.');
  assert.ok(lines.at(-1).startMs >= lines.at(-2).endMs);
  assert.equal((await server.stop()).code, 0);

  const list = JSON.parse(session('list', '--json'));
  assert.deepEqual(list.map((one) => one.id), [id], 'one session');
  const record = JSON.parse(session('export', id, '--format', 'json'));
  assert.deepEqual(record.transcript.map(({ text }) => text), lines.map(({ text }) => text));
  assert.deepEqual(record.summary.transcript.map(({ text }) => text), lines.map(({ text }) => text), 'the summary is of the whole session');
  assert.ok(record.summary.duration >= lines.at(-1).endMs);
});
