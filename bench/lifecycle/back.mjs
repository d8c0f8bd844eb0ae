// How soon an orb is in the room, and is back in it after it died: ours out of the nest, ours executed, and the guide's
// Node orb under our manager, in turns in the same run.
//   node bench/lifecycle/back.mjs [--rounds=20] [--realtime]
import { parseArgs } from 'node:util';
import path from 'node:path';
import { enter } from '../../tests/lib/participant.mjs';
import { children, name } from '../../tests/lib/processes.mjs';
import { ROOT, startServer } from '../../tests/lib/server.mjs';
import { load, realtime, sleep } from '../orb/process.mjs';

const { values: opt } = parseArgs({
  options: { rounds: { type: 'string', default: '20' }, realtime: { type: 'boolean', default: false } },
});
const ROUNDS = Number(opt.rounds);
const GUIDE = `${process.execPath} ${path.join(ROOT, 'tests/compat/seed-orb.mjs')}`;
const KINDS = {
  nest: { ORB_NEST: 'true' },
  executed: { ORB_NEST: 'false' },
  guide: { ORB_COMMAND: GUIDE },
};
const inRoom = (m) => m.type === 'user-joined' && m.participantType === 'ai';
const at = (values, q) => [...values].sort((a, b) => a - b)[Math.min(values.length, Math.ceil(values.length * q)) - 1];

async function start(env) {
  const server = await startServer({
    env: {
      LOG_LEVEL: 'info',
      ORB_CLEANUP_GRACE_PERIOD: '1',
      ORB_RESTART_LIMIT: '32',
      ORB_RESTART_WINDOW: '1',
      ORB_ADMISSION: 'false',
      ...env,
    },
  });
  if (env.ORB_NEST === 'true') {
    await server.logged(/nest: loading -> up/);
  }
  await sleep(1000);
  return server;
}

/** The process of the only orb: whichever child is neither the nest nor a spare. */
const orbOf = (server) => children(server.pid).find((pid) => ['aiorb', 'node'].includes(name(pid)));

/** One room: the first life, and the next one after kill -9. */
async function round(server, i) {
  const one = await enter(server, `room${i}`, 'coach', 'coach');
  const asked = performance.now();
  await one.next(inRoom);
  const join = performance.now() - asked;
  await one.next((m) => m.type === 'orb-state' && m.state === 'ready');
  await sleep(300); // the next spare
  process.kill(orbOf(server), 'SIGKILL');
  const died = performance.now();
  await one.next(inRoom);
  const back = performance.now() - died;
  one.send({ type: 'leave' });
  await one.close();
  while (orbOf(server)) {
    await sleep(20);
  }
  await sleep(300);
  return { join, back };
}

if (opt.realtime && !realtime(true)) {
  console.log('no real-time priority here: the times are those of a busy machine');
}
console.log(`load ${load()}, ${ROUNDS} rounds`);
const servers = {};
const times = {};
for (const [kind, env] of Object.entries(KINDS)) {
  servers[kind] = await start(env);
  times[kind] = [];
}
for (let i = 0; i < ROUNDS; i++) {
  for (const kind of Object.keys(KINDS)) {
    times[kind].push(await round(servers[kind], i));
  }
}
for (const what of ['join', 'back']) {
  const all = Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, times[kind].map((each) => each[what])]));
  const words = { join: 'ask -> in the room', back: 'kill -9 -> back in the room' }[what];
  for (const kind of Object.keys(KINDS)) {
    const ratio = (at(all[kind], 0.5) / at(all.guide, 0.5)).toFixed(2);
    console.log(
      `${words}, ${kind}: p50 ${at(all[kind], 0.5).toFixed(1)}, p95 ${at(all[kind], 0.95).toFixed(1)}, max ${at(all[kind], 1).toFixed(1)} ms, ${ratio} of the guide's`,
    );
  }
}
for (const server of Object.values(servers)) {
  await server.stop();
}
