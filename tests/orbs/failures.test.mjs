// SPDX-License-Identifier: Apache-2.0
// Orbs that fail in every way they can, and a disk that is full: what people are told, and what is kept.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { enter } from '../lib/participant.mjs';
import { alive } from '../lib/processes.mjs';
import { joinToken, ROOT, startServer, tricall } from '../lib/server.mjs';

const FAKE = path.join(ROOT, 'tests/orbs/fake-orb.mjs');
const folders = [];
const folder = () => {
  folders.push(fs.mkdtempSync(path.join(os.tmpdir(), 'tricall-failures-')));
  return folders.at(-1);
};
after(() => folders.forEach((one) => fs.rmSync(one, { recursive: true, force: true })));

const start = (how, env = {}, dataDir = undefined) =>
  startServer({ dataDir, env: { ORB_COMMAND: `"${process.execPath}" "${FAKE}" ${how}`, ORB_KILL_GRACE: '300', ...env } });
const state = (word) => (m) => m.type === 'orb-state' && m.state === word;
const states = (person) => person.all.filter((m) => m.type === 'orb-state').map((m) => m.state);
const session = (dataDir, ...args) => JSON.parse(tricall(['session', ...args, '--data-dir', dataDir]));
/** [{ id, room, words }] of what is in the store now. */
const records = (dataDir) =>
  session(dataDir, 'list', '--json').map(({ id, room }) => {
    const { transcript, summary } = session(dataDir, 'export', id, '--format', 'json');
    return { room, summary, words: transcript.length };
  });
const ask = (server, room, role = 'coach') =>
  fetch(`${server.url}/api/room/${room}/orb?token=${joinToken({ sub: 'co', name: 'Co', room, role })}`, {
    method: 'POST',
    body: JSON.stringify({ action: 'restart' }),
  });

test('one that exits at once is tried again three times, then failed; the coach may try again', { timeout: 300_000 }, async () => {
  const server = await start('exit');
  const coach = await enter(server, 'r', 'co', 'coach');
  const { reason } = await coach.next(state('failed'));
  assert.match(reason, /^exited with 70: a defect; restarted 3 times in 60 s$/);
  assert.deepEqual(states(coach), ['spawning', ...Array(3).fill(['restarting', 'spawning']).flat(), 'failed']);
  assert.equal((await ask(server, 'r', 'client')).status, 403);
  assert.equal((await ask(server, 'r')).status, 200);
  await coach.next(state('failed'));
  assert.equal(states(coach).filter((word) => word === 'spawning').length, 8);
  assert.equal((await ask(server, 'empty')).status, 409);
  await coach.close();
  await server.stop();
});

test('one that is never ready, and ignores SIGTERM, is killed and replaced', { timeout: 300_000 }, async () => {
  const server = await start('silent', { ORB_READY_TIMEOUT: '700', ORB_RESTART_LIMIT: '1' });
  const coach = await enter(server, 'r', 'co', 'coach');
  await server.logged(/orb process \d+ started/);
  const [, pid] = /orb process (\d+) started/.exec(server.log());
  assert.match((await coach.next(state('restarting'))).reason, /not in the room within 700 ms/);
  await coach.next(state('failed'));
  assert.equal(alive(Number(pid)), false);
  await coach.close();
  await server.stop();
});

test('one that writes half a line is understood', { timeout: 300_000 }, async () => {
  const server = await start('half');
  const coach = await enter(server, 'r', 'co', 'coach');
  await coach.next(state('ready'));
  await coach.close();
  await server.stop();
});

test('one that floods its channel harms nobody', { timeout: 300_000 }, async () => {
  const server = await start('flood');
  const coach = await enter(server, 'r', 'co', 'coach');
  await coach.next(state('ready'));
  for (let i = 0; i < 20; i++) {
    await coach.settled(); // the server answers all the while
  }
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
  await coach.close();
  await server.stop();
});

test('kill -9 of orb and server: the words are kept, and the next start makes the summary', { timeout: 300_000 }, async () => {
  const dataDir = folder();
  const server = await start('talks', {}, dataDir);
  const coach = await enter(server, 'r', 'co', 'coach');
  await coach.next(state('ready'));
  const stored = () => records(dataDir)[0]?.words ?? 0;
  for (const wanted of [1, 2]) {
    while (stored() < wanted) {
      await coach.settled();
    }
    if (wanted === 1) {
      process.kill(Number([...server.log().matchAll(/orb process (\d+) started/g)].at(-1)[1]), 'SIGKILL');
      await coach.next(state('ready'));
    }
  }
  await server.stop('SIGKILL');
  fs.rmSync(path.join(dataDir, 'manager.sock'), { force: true }); // an old one: the call is over
  const next = await start('talks', {}, dataDir);
  await next.logged(/its summary was made of 2 utterances/);
  await next.stop();
  const [{ summary }] = records(dataDir);
  assert.equal(summary.transcript.length, 2);
  assert.match(summary.progress, /The client spoke 2 times/);
});

test('a full disk: the call goes on, /readyz says why, and nothing is lost once there is room', { timeout: 300_000 }, async () => {
  const dataDir = folder();
  const server = await start('talks', {}, dataDir);
  const limit = (bytes) => execFileSync('prlimit', ['--pid', String(server.pid), `--fsize=${bytes}:`]);
  const first = await enter(server, 'r1', 'co', 'coach');
  await first.next(state('ready'));
  limit(0);
  const second = await enter(server, 'r2', 'co', 'coach');
  await second.next(state('ready')); // life as usual
  await server.logged(/nothing can be stored/);
  const { status } = await fetch(`${server.url}/readyz`);
  assert.equal(status, 503);
  limit('unlimited');
  await server.logged(/storing again/);
  await Promise.all([first.close(), second.close()]);
  await server.stop();
  assert.deepEqual(records(dataDir).map(({ room, words }) => [room, words]).sort(), [['r1', 1], ['r2', 1]]);
});
