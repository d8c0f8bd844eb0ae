// The processes of the bench: the orbs and the people, and what the kernel says of them.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import { AIORB, BUILD, ROOT } from '../../tests/lib/server.mjs';
import { Log, wall } from './room.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const SEED = path.join(ROOT, 'tests/compat/seed-orb.mjs');
const started = new Set();
process.on('exit', () => started.forEach((child) => child.kill('SIGKILL')));

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** This process, and all it starts from now on, at real-time priority: the neighbours are out of the figures. */
export function realtime(on) {
  return (
    spawnSync(
      'chrt',
      on ? ['-r', '-a', '-p', '5', String(process.pid)] : ['-o', '-a', '-p', '0', String(process.pid)],
    ).status === 0
  );
}

/** A child whose stdout and stderr are logs: JSON lines become `events`, all others `lines`. */
export function start(program, args, env = {}) {
  const born = wall();
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  const events = new Log();
  const lines = new Log();
  started.add(child);
  const take = (line) => {
    if (line.startsWith('{')) {
      events.add(JSON.parse(line));
    } else {
      lines.add(line);
    }
  };
  readline.createInterface({ input: child.stdout }).on('line', take);
  readline.createInterface({ input: child.stderr }).on('line', take);
  const gone = new Promise((resolve) => child.on('close', resolve));
  return {
    born,
    pid: child.pid,
    child,
    events,
    lines,
    async stop() {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await gone;
      clearTimeout(late);
      started.delete(child);
    },
  };
}

const flags = (host, room) => [
  `--room=${room}`,
  '--session=s1',
  '--coach=coach1',
  '--client=client1',
  `--cpu-host=${host}`,
  '--max-lifetime=7200000',
  '--idle-timeout=300000',
];

export const NULL_ENGINES = { ORB_RECOGNIZER: 'null', ORB_SYNTHESIZER: 'null' };

export const startOurs = (host, room, env = {}) => start(AIORB, flags(host, room), env);
export const startEcho = (host, room) => start(path.join(BUILD, 'bench/orb/bench_echo'), flags(host, room));
export const startGuide = (host, room, more = []) =>
  start(process.execPath, [SEED, ...flags(host, room), '--any-address', ...more]);

/** A person. wrtc-peer.mjs says what the options are; they are loaded when this returns, and join on go(). */
export async function startPerson(host, room, id, role, options = []) {
  const person = start(process.execPath, [
    path.join(here, 'wrtc-peer.mjs'),
    `--room=${room}`,
    `--id=${id}`,
    `--role=${role}`,
    `--cpu-host=${host}`,
    ...options,
  ]);
  await person.events.until((e) => e.event === 'loaded', `${id} to be loaded`);
  return Object.assign(person, {
    go: () => person.child.stdin.write('go\n'),
    /** ms from `connecting` to this event of the orb's connection */
    async since(event, fits = () => true) {
      const join = await person.events.until((e) => e.event === 'connecting', 'connecting');
      const hit = await person.events.until(
        (e) => e.event === event && e.peer?.startsWith('ai-') && fits(e),
        `${id}: ${event}`,
      );
      return hit.t - join.t;
    },
  });
}

const read = (file) => {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};

/** CPU seconds by the scheduler's clock, per thread name. */
export function threadCpu(pid) {
  const used = new Map();
  for (const task of fs.existsSync(`/proc/${pid}/task`) ? fs.readdirSync(`/proc/${pid}/task`) : []) {
    const name = read(`/proc/${pid}/task/${task}/comm`).trim();
    const seconds = Number(read(`/proc/${pid}/task/${task}/schedstat`).split(' ')[0]) / 1e9;
    used.set(name, (used.get(name) ?? 0) + seconds);
  }
  return used;
}

/** % of a core over `seconds`: { total, threads: "name 1.2, ..." } */
export async function cpuPercent(pid, seconds) {
  const before = threadCpu(pid);
  const from = performance.now();
  await sleep(seconds * 1000);
  const took = (performance.now() - from) / 1000;
  const rows = [...threadCpu(pid)].map(([name, used]) => [
    name,
    ((used - (before.get(name) ?? 0)) / took) * 100,
  ]);
  const total = rows.reduce((sum, [, percent]) => sum + percent, 0);
  const shown = rows
    .filter(([, percent]) => percent >= 0.05)
    .map(([name, percent]) => `${name} ${percent.toFixed(1)}`);
  return { total, threads: shown.join(', ') };
}

export const load = () => read('/proc/loadavg').split(' ').slice(0, 3).join(' ');
