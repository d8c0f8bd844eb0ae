// What the nest is for: how soon an orb is in the room, and how much memory eight of them take together.
//   node bench/lifecycle/nest.mjs [--spawns=50] [--together=8] [--seconds=60] [--no-nest] [--realtime]
// --realtime: the server, the orbs and this process at real-time priority, so that the neighbours are out of the times.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { microphone, SENTENCES } from '../../tests/e2e/sounds.mjs';
import { enter } from '../../tests/lib/participant.mjs';
import { alive, children, memory, name, orbs } from '../../tests/lib/processes.mjs';
import { joinToken, startServer } from '../../tests/lib/server.mjs';
import { load, realtime, sleep, startPerson } from '../orb/process.mjs';

const COUNT = 8;
const arg = (key, fallback) => {
  const hit = process.argv.find((a) => a === `--${key}` || a.startsWith(`--${key}=`));
  return hit === undefined ? fallback : hit.includes('=') ? hit.slice(key.length + 3) : true;
};
const sum = (values) => values.reduce((total, value) => total + value, 0);
const nested = !arg('no-nest');

const start = async (env = {}) => {
  const server = await startServer({
    env: { MAX_CONCURRENT_ORBS: '16', ORB_CLEANUP_GRACE_PERIOD: '1', ORB_NEST: String(nested), ...env },
  });
  if (nested) {
    await server.logged(/nest: loading -> up/);
  }
  await sleep(1000); // the spare warms up
  return server;
};

const until = async (what, test, ms = 60_000) => {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(100)) {
    if (await test()) {
      return;
    }
  }
  throw new Error(`not within ${ms} ms: ${what}`);
};

/** ms from the first person's join to the orb's in the same room, one room after the other. */
async function spawns(count) {
  const server = await start();
  const times = [];
  for (let i = 0; i < count; i++) {
    const person = await enter(server, `room${i}`, 'coach', 'coach');
    const from = performance.now();
    await person.next((m) => m.type === 'user-joined' && m.participantType === 'ai');
    times.push(performance.now() - from);
    person.send({ type: 'leave' });
    await person.close();
    await until('the orb to end', () => orbs(server.pid).length === 0);
    await sleep(200);
  }
  const missed = server.log().match(/executed instead/g)?.length ?? 0;
  await server.stop();
  times.sort((a, b) => a - b);
  const at = (q) => times[Math.min(count - 1, Math.ceil(count * q) - 1)].toFixed(1);
  console.log(`ask -> in the room, ms: p50 ${at(0.5)}, p95 ${at(0.95)}, max ${at(1)} (${count} spawns, ${missed} executed)`);
}

/** The same for rooms that begin at once, more than there are spares. */
async function together(count, rounds) {
  const server = await start();
  const times = [];
  for (let round = 0; round < rounds; round++) {
    const rooms = Array.from({ length: count }, (_, i) => `r${round}-${i}`);
    const people = await Promise.all(
      rooms.map(async (room) => {
        const person = await enter(server, room, 'coach', 'coach');
        const from = performance.now();
        await person.next((m) => m.type === 'user-joined' && m.participantType === 'ai');
        times.push(performance.now() - from);
        return person;
      }),
    );
    await Promise.all(people.map((person) => (person.send({ type: 'leave' }), person.close())));
    await until('the orbs to end', () => orbs(server.pid).length === 0);
    await sleep(500);
  }
  const executed = server.log().match(/executed instead/g)?.length ?? 0;
  await server.stop();
  times.sort((a, b) => a - b);
  const at = (q) => times[Math.min(times.length - 1, Math.ceil(times.length * q) - 1)].toFixed(1);
  console.log(`${count} rooms at once, ask -> in the room, ms: p50 ${at(0.5)}, p95 ${at(0.95)}, max ${at(1)} (${rounds} times, ${executed} executed)`);
}

const table = (what, pids) => {
  const rows = pids.map(memory);
  const of = (key) => rows.map((row) => row[key].toFixed(1)).join(' ');
  console.log(`${what}: PSS ${sum(rows.map((row) => row.pss)).toFixed(1)} MiB (${of('pss')}), private dirty ${of('dirty')}`);
  return sum(rows.map((row) => row.pss));
};

/** PSS of eight orbs in calls, each hearing a person who talks and watches. */
async function eight(seconds) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tricall-bench-'));
  const server = await start();
  const mic = microphone(folder, 'mic', SENTENCES.leisure, { before: 2, after: 3 });
  const people = [];
  for (let i = 0; i < COUNT; i++) {
    const room = `room${i}`;
    const token = joinToken({ sub: 'client1', name: arg('name', 'Carla'), room, role: 'client' });
    const person = await startPerson(server.host, room, 'client1', 'client', ['--fps=0', '--watch', `--mic=${mic}`, `--token=${token}`]);
    person.go();
    await person.since('first_video');
    people.push(person);
  }
  await sleep(seconds * 1000);
  const pids = orbs(server.pid);
  // People talk and pause, and what an orb has of its own with them: half a minute of it.
  const totals = [];
  for (let i = 0; i < 30; i++, await sleep(1000)) {
    totals.push(sum(pids.map((pid) => memory(pid).pss)));
  }
  totals.sort((a, b) => a - b);
  console.log(`${pids.length} orbs for 30 s, once a second: PSS min ${totals[0].toFixed(1)}, median ${totals[15].toFixed(1)}, max ${totals[29].toFixed(1)} MiB`);
  const others = children(server.pid).filter((pid) => alive(pid) && name(pid) !== 'aiorb');
  const total = table(`${pids.length} orbs`, pids) + table(others.map(name).join(', ') || 'no nest', others);
  console.log(`together ${total.toFixed(1)} MiB after ${seconds} s of speech each`);
  if (arg('hold')) {
    console.log(`server ${server.pid}, orbs ${pids.join(' ')}`);
    await sleep(Number(arg('hold')) * 1000);
  }
  await Promise.all(people.map((person) => person.stop()));
  await server.stop();
  fs.rmSync(folder, { recursive: true });
}

if (arg('realtime') && !realtime(true)) {
  console.log('no real-time priority here: the times are those of a busy machine');
}
console.log(`load ${load()}, nest ${nested}`);
if (Number(arg('spawns', 50))) {
  await spawns(Number(arg('spawns', 50)));
}
if (Number(arg('together', 8))) {
  await together(Number(arg('together', 8)), 5);
}
realtime(false);
if (Number(arg('seconds', 60))) {
  await eight(Number(arg('seconds', 60)));
}
process.exit(0);
