// The manager under what operators fear: full houses, endless coming and going, kills at any moment, a full disk.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { enter } from '../lib/participant.mjs';
import { person } from '../lib/person.mjs';
import { alive, children, cpu, descriptors, memory, orbs, threads } from '../lib/processes.mjs';
import { startServer, tricall } from '../lib/server.mjs';

const ENGINES = { ORB_RECOGNIZER: 'null', ORB_SYNTHESIZER: 'null' };
const folders = [];
after(() => folders.forEach((folder) => fs.rmSync(folder, { recursive: true, force: true })));

function folder() {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'tricall-proof-'));
  folders.push(made);
  return made;
}

const state = (...words) => (m) => m.type === 'orb-state' && words.includes(m.state);
const leave = async (someone) => {
  someone.send({ type: 'leave' });
  await someone.close();
};
/** Until what a process is like is so, which the kernel tells nobody. */
async function until(so, what) {
  for (const end = Date.now() + 30_000; !(await so()); await pause(20)) {
    assert.ok(Date.now() < end, what);
  }
}

test('nine rooms for eight places: the ninth is told so, and gets the first that is free', { timeout: 400_000 }, async () => {
  const server = await startServer({ env: { ...ENGINES, LOG_LEVEL: 'warn', ORB_CLEANUP_GRACE_PERIOD: '1', ORB_ADMISSION: 'false' } });
  try {
    const people = [];
    for (let i = 1; i <= 8; i++) {
      people.push(await enter(server, `room-${i}`, 'coach', 'coach'));
      await people.at(-1).next(state('ready'));
    }
    const ninth = await enter(server, 'room-9', 'coach', 'coach');
    assert.match((await ninth.next(state('full'))).reason, /all 8 places are taken/);
    assert.equal(orbs(server.pid).length, 8);
    const tenth = await enter(server, 'room-10', 'coach', 'coach');
    await tenth.next(state('full'));
    await leave(people[3]);
    await ninth.next(state('ready'));
    await tenth.settled();
    assert.equal(tenth.count('orb-state'), 1, 'who came later waits on');
    await leave(people[0]);
    await tenth.next(state('ready'));
    assert.equal(orbs(server.pid).length, 8);
  } finally {
    await server.stop();
  }
  assert.deepEqual(orbs(server.pid), []);
});

test('six rooms, one after the other: what they cost is on the page for operators', { timeout: 400_000 }, async (t) => {
  const server = await startServer({ env: { ...ENGINES, LOG_LEVEL: 'warn', ORB_SAMPLE_INTERVAL: '200', ORB_ADMISSION: 'false' } });
  try {
    for (let i = 1; i <= 6; i++) {
      const one = await enter(server, `room-${i}`, 'coach', 'coach');
      await one.next(state('ready'));
    }
    const pids = orbs(server.pid);
    assert.equal(pids.length, 6);
    const list = () => JSON.parse(tricall(['orbs', '--json', '--data-dir', server.dataDir]));
    await until(() => list().every(({ memoryMb }) => memoryMb > 0), 'figures of all six');
    for (const { state: now, pid, memoryMb, cpuPercent } of list()) {
      assert.equal(now, 'ready');
      assert.ok(pids.includes(pid));
      assert.ok(memoryMb > 0 && memoryMb < 300 && cpuPercent >= 0);
    }
    const pss = pids.reduce((sum, pid) => sum + memory(pid).pss, 0);
    t.diagnostic(`six orbs: ${pss.toFixed(0)} MiB PSS, ${pids.reduce((sum, pid) => sum + cpu(pid), 0).toFixed(2)} s of CPU`);
  } finally {
    await server.stop();
  }
});

test('two hundred lives and deaths leave nothing behind', { timeout: 400_000 }, async (t) => {
  const server = await startServer({ env: { ...ENGINES, LOG_LEVEL: 'warn', ORB_CLEANUP_GRACE_PERIOD: '1', ORB_RESTART_LIMIT: '0', ORB_ADMISSION: 'false' } });
  const cycle = async (i) => {
    const one = await enter(server, `room-${i}`, 'coach', 'coach');
    await one.next(state('ready'));
    if (i % 2) {
      process.kill(orbs(server.pid)[0], 'SIGKILL');
      await one.next(state('failed'));
    }
    await leave(one);
    await until(() => orbs(server.pid).length === 0, 'the orb is gone');
  };
  // The nest makes its spare again; sockets that ended are closed a moment later.
  const settle = async () => {
    let same = 0;
    for (let was = ''; same < 25; await pause(20)) {
      const now = `${descriptors(server.pid)} ${threads(server.pid)}`;
      same = now === was ? same + 1 : 0;
      was = now;
    }
    return { fds: descriptors(server.pid), threads: threads(server.pid), rss: memory(server.pid).rss };
  };
  try {
    for (let i = 0; i < 30; i++) {
      await cycle(i);
    }
    const before = await settle();
    for (let i = 30; i < 230; i++) {
      await cycle(i);
    }
    const now = await settle();
    t.diagnostic(`descriptors ${before.fds} -> ${now.fds}, threads ${before.threads} -> ${now.threads}, RSS ${before.rss.toFixed(1)} -> ${now.rss.toFixed(1)} MiB`);
    assert.equal(now.fds, before.fds);
    assert.equal(now.threads, before.threads);
    assert.ok(now.rss - before.rss < 2, 'memory');
    // Everybody who ended was waited for.
    assert.deepEqual(children(server.pid).filter((pid) => !alive(pid)), [], 'no zombies');
  } finally {
    assert.equal((await server.stop()).code, 0);
  }
});

test('a hundred kills at random moments lose no word that was shown', { timeout: 600_000 }, async (t) => {
  const dataDir = folder();
  const env = { ...ENGINES, LOG_LEVEL: 'warn', ORB_RESTART_LIMIT: '32', ORB_RESTART_WINDOW: '1', ORB_ADMISSION: 'false' };
  let server = await startServer({ dataDir, env });
  const port = new URL(server.url).port;
  let anna = await person(server, 'kills', 'anna', 'coach', 'Anna');
  const shown = new Map(); // utteranceId -> text
  const note = () => anna.said().forEach(({ utteranceId, text }) => shown.set(utteranceId, text));
  let kills = 0;
  let seed = 20261123;
  const random = (n) => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % n;
  try {
    while (kills < 100) {
      const ready = await anna.next(state('ready'));
      assert.ok(ready);
      await anna.next('connected');
      for (let i = random(3); i >= 0; i--) {
        anna.send({ type: 'orb-control', action: 'say', value: `Line ${kills} ${i}.` });
      }
      await pause(random(300)); // this is the moment that is random
      kills++;
      if (kills % 10 === 0) {
        server.child.kill('SIGKILL');
        await server.exited;
        note();
        await anna.leave();
        server = await startServer({ dataDir, env, args: ['--port', port] });
        anna = await person(server, 'kills', 'anna', 'coach', 'Anna');
      } else {
        process.kill(JSON.parse(tricall(['orbs', '--json', '--data-dir', dataDir]))[0].pid, 'SIGKILL');
        await anna.next(state('restarting'));
      }
    }
    await anna.next(state('ready'));
    note();
  } finally {
    await anna.leave();
    await server.stop();
  }
  const stored = new Map();
  for (const { id } of JSON.parse(tricall(['session', 'list', '--json', '--data-dir', dataDir]))) {
    const { transcript } = JSON.parse(tricall(['session', 'export', id, '--format', 'json', '--data-dir', dataDir]));
    transcript.forEach(({ utteranceId, text }) => stored.set(utteranceId, text));
  }
  t.diagnostic(`${kills} kills, ${shown.size} utterances shown, ${stored.size} stored`);
  assert.ok(shown.size > 20, 'something was shown at all');
  for (const [id, text] of shown) {
    assert.equal(stored.get(id), text, `${id} is stored`);
  }
});

test('a full disk is said, loses nothing once there is room again, and ends nobody’s call', { timeout: 400_000 }, async () => {
  const dataDir = folder();
  const server = await startServer({ dataDir, env: { ...ENGINES, LOG_LEVEL: 'warn' } });
  // What the process may write is bounded as a disk does it: writes beyond fail.
  const limit = (size) => execFileSync('prlimit', ['--pid', String(server.pid), `--fsize=${size}:unlimited`]);
  const anna = await person(server, 'full', 'anna', 'coach', 'Anna');
  try {
    await anna.next('connected');
    await anna.next((m) => m.type === 'transcript' && m.final);
    limit(1024);
    anna.send({ type: 'orb-control', action: 'say', value: 'Written on a full disk.' });
    await until(async () => (await fetch(`${server.url}/readyz`)).status === 503, 'readiness tells');
    assert.match(await (await fetch(`${server.url}/readyz`)).text(), /stor|disk|write/i);
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
    limit('unlimited');
    await anna.next((m) => m.type === 'transcript' && m.final && /full disk/.test(m.text));
    await until(async () => (await fetch(`${server.url}/readyz`)).status === 200, 'ready again');
  } finally {
    await anna.leave();
    await server.stop();
  }
  const [{ id }] = JSON.parse(tricall(['session', 'list', '--json', '--data-dir', dataDir]));
  const { transcript } = JSON.parse(tricall(['session', 'export', id, '--format', 'json', '--data-dir', dataDir]));
  assert.ok(transcript.some(({ text }) => /full disk/.test(text)));
});
