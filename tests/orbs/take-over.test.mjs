// A server ends, or dies, under a call: its orb goes on, and the next server takes it up.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { connect, enter } from '../lib/participant.mjs';
import { alive } from '../lib/processes.mjs';
import { TRICALL, startServer, tricall } from '../lib/server.mjs';

const NULL_ENGINES = { ORB_RECOGNIZER: 'null', ORB_SYNTHESIZER: 'null' };
const folders = [];
after(() => folders.forEach((folder) => fs.rmSync(folder, { recursive: true, force: true })));

function folder() {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'tricall-over-'));
  folders.push(made);
  return made;
}

const orbs = (server) => JSON.parse(tricall(['orbs', '--json', '--data-dir', server.dataDir]));
const gone = async (pid) => {
  while (alive(pid)) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
const inRoom = ({ type, participantType }) => type === 'user-joined' && participantType === 'ai';

/** Two people and an orb in the room; resolves with what the orb is. */
async function call(server, room) {
  const coach = await enter(server, room, 'coach', 'coach');
  await coach.next(({ type, state }) => type === 'orb-state' && state === 'ready');
  const client = await enter(server, room, 'client', 'client');
  const orb = orbs(server).find((each) => each.room === room);
  assert.equal(orb.state, 'ready');
  return { coach, client, orb };
}

for (const signal of ['SIGHUP', 'SIGKILL']) {
  test(`${signal}: the orb lives on, and is in the room of the next server`, { timeout: 400_000 }, async () => {
    const dataDir = folder();
    let server = await startServer({ dataDir, env: NULL_ENGINES });
    const { coach, orb } = await call(server, 'over');
    const port = new URL(server.url).port;
    server.child.kill(signal);
    const { code } = await server.exited;
    if (signal === 'SIGHUP') {
      assert.equal(code, 0);
    }
    const { code: told } = await coach.closed;
    assert.ok([1001, 1006].includes(told), `${told} lets a page come back`);
    assert.ok(alive(orb.pid));

    server = await startServer({ dataDir, env: NULL_ENGINES, args: ['--port', port] });
    try {
      const again = await enter(server, 'over', 'coach', 'coach', { resume: true });
      const seen = again.discovery.peers.find(({ participantType }) => participantType === 'ai');
      const { userId } = seen ?? (await again.next(inRoom));
      assert.equal(userId, `ai-orb-${orb.session}`);
      await again.next(({ type, state }) => type === 'orb-state' && state === 'ready');
      const [now] = orbs(server);
      assert.equal(now.pid, orb.pid, 'the same process');
      assert.equal(now.session, orb.session, 'the same session');
      assert.ok(now.uptimeMs >= orb.uptimeMs);
      again.send({ type: 'leave' });
    } finally {
      await server.stop();
    }
    assert.ok(!alive(orb.pid), 'its new server ended it');
  });
}

test('nobody takes it up: it ends by itself, and its last words are taken in by the next start', { timeout: 400_000 }, async () => {
  const dataDir = folder();
  let server = await startServer({ dataDir, env: { ...NULL_ENGINES, ORB_ADOPT_WINDOW: '300' } });
  const { orb } = await call(server, 'alone');
  server.child.kill('SIGKILL');
  await server.exited;
  await gone(orb.pid);
  const spool = path.join(dataDir, 'spool');
  const [file] = fs.readdirSync(spool);
  assert.match(file, new RegExp(`^${orb.session}-\\d+\\.ndjson$`));
  assert.match(fs.readFileSync(path.join(spool, file), 'utf8'), /"type":"session_summary"/);

  server = await startServer({ dataDir, env: NULL_ENGINES });
  while (fs.readdirSync(spool).length) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await server.stop();
  const session = JSON.parse(execFileSync(TRICALL, ['session', 'show', orb.session, '--json', '--data-dir', dataDir], { encoding: 'utf8' }));
  assert.ok(session.summary, 'the summary is there');
});

test('a room that has another orb by now sends the old one away', { timeout: 400_000 }, async () => {
  const dataDir = folder();
  let server = await startServer({ dataDir, env: NULL_ENGINES });
  const { orb } = await call(server, 'late');
  server.child.kill('SIGKILL');
  await server.exited;
  process.kill(orb.pid, 'SIGSTOP');
  server = await startServer({ dataDir, env: NULL_ENGINES });
  try {
    const coach = await enter(server, 'late', 'coach', 'coach');
    await coach.next(({ type, state }) => type === 'orb-state' && state === 'ready'); // the one before did not come
    const [other] = orbs(server);
    assert.notEqual(other.pid, orb.pid);
    process.kill(orb.pid, 'SIGCONT');
    await gone(orb.pid);
    assert.equal(orbs(server)[0].pid, other.pid);
    coach.send({ type: 'leave' });
  } finally {
    await server.stop();
  }
});

test('SIGTERM drains: who is in a call may finish it, nobody else begins one', { timeout: 400_000 }, async () => {
  const server = await startServer({ dataDir: folder(), env: { ...NULL_ENGINES, DRAIN_TIMEOUT: '600000' } });
  const { coach, client } = await call(server, 'going-on');
  server.child.kill('SIGTERM');
  await server.logged(/draining \(SIGTERM\): 2 people/);
  assert.equal((await fetch(`${server.url}/readyz`)).status, 503);
  assert.equal((await (await connect(server, 'another', 'x', 'coach')).upgraded).status, 503);
  const back = await enter(server, 'going-on', 'client', 'client', { resume: true }); // a page that was reloaded
  await client.closed;
  const status = JSON.parse(tricall(['drain', '--json', '--data-dir', server.dataDir]));
  assert.deepEqual([status.draining, status.people], [true, 2]);
  assert.ok(status.leftMs > 0);
  for (const each of [coach, back]) {
    each.send({ type: 'leave' });
  }
  assert.equal((await server.exited).code, 0);
});

test('a drain has an end, and a second signal is one', { timeout: 400_000 }, async () => {
  const short = await startServer({ dataDir: folder(), env: { ...NULL_ENGINES, DRAIN_TIMEOUT: '200' } });
  const first = await call(short, 'a');
  short.child.kill('SIGTERM');
  assert.equal((await first.coach.closed).code, 1001);
  assert.equal((await short.exited).code, 0);

  const server = await startServer({ dataDir: folder(), env: { ...NULL_ENGINES, DRAIN_TIMEOUT: '600000' } });
  const { orb } = await call(server, 'b');
  server.child.kill('SIGTERM');
  await server.logged(/draining/);
  server.child.kill('SIGTERM');
  assert.equal((await server.exited).code, 1);
  await gone(orb.pid);
});

test('an orb that is to come back keeps its place', { timeout: 400_000 }, async () => {
  const dataDir = folder();
  const env = { ...NULL_ENGINES, MAX_CONCURRENT_ORBS: '1' };
  let server = await startServer({ dataDir, env });
  const { orb } = await call(server, 'first');
  server.child.kill('SIGKILL');
  await server.exited;
  process.kill(orb.pid, 'SIGSTOP'); // late, but in time
  server = await startServer({ dataDir, env });
  try {
    const other = await enter(server, 'other', 'coach', 'coach');
    assert.equal((await other.next('orb-state')).state, 'full');
    process.kill(orb.pid, 'SIGCONT');
    await server.logged(/taken over from the server before/);
    assert.deepEqual(orbs(server).filter(({ pid }) => pid).map(({ pid }) => pid), [orb.pid]);
  } finally {
    await server.stop();
  }
});

test('a second server on the same data folder does not start, and leaves the calls of the first alone', { timeout: 400_000 }, async () => {
  const dataDir = folder();
  const first = await startServer({ dataDir, env: NULL_ENGINES });
  const { orb } = await call(first, 'mine');
  for (const place of [dataDir, `${dataDir}/.`]) {
    const refused = spawnSync(TRICALL, ['serve', '--port', '0', '--data-dir', place], { cwd: dataDir, encoding: 'utf8', timeout: 60_000 });
    assert.equal(refused.status, 1);
    assert.equal(refused.stderr, `tricall: data folder ${place}: another server uses it (process ${first.pid}); stop that one, or set DATA_DIR to another folder\n`);
  }
  const { email } = first.addUser(); // what only adds or reads needs no lock
  assert.ok(email);
  const session = JSON.parse(tricall(['session', 'show', orb.session, '--json', '--data-dir', dataDir]));
  assert.ok(!session.endedMs && !session.ended, 'the call goes on');
  assert.equal(orbs(first)[0].pid, orb.pid);
  await first.stop();
});

test('SIGHUP in a drain that takes too long hands over after all', { timeout: 400_000 }, async () => {
  const dataDir = folder();
  let server = await startServer({ dataDir, env: { ...NULL_ENGINES, DRAIN_TIMEOUT: '600000' } });
  const { orb } = await call(server, 'long');
  server.child.kill('SIGTERM');
  await server.logged(/draining/);
  server.child.kill('SIGHUP');
  assert.equal((await server.exited).code, 0);
  assert.ok(alive(orb.pid));
  server = await startServer({ dataDir, env: NULL_ENGINES });
  await server.logged(/taken over from the server before/);
  await server.stop();
});

test('drain and orbs on the command line say when there is no server', () => {
  const dataDir = folder();
  for (const command of ['drain', 'orbs']) {
    assert.throws(
      () => tricall([command, '--data-dir', dataDir]),
      (error) => error.status === 1 && /^tricall: no server runs with the data folder [^\n]*\n$/.test(error.stderr),
    );
  }
});
