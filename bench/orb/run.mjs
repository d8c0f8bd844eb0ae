// What an orb costs and how fast it is: ours beside the guide's on Node, in the same run, and the targets.
//   node bench/orb/run.mjs [--only start,join,call,models,connect,echo,answer,eight] [--rounds 5] [--seconds 10]
//     [--beeps 30] [--answers 12] [--nice] [--json FILE]
//   --nice: all at nice -15, so that neighbours on the machine hardly count (`eight` needs a quiet one)
// Nothing but 127.0.0.1 and a namespace of its own is used. README.md says what each figure is.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { memory } from '../../tests/lib/processes.mjs';
import { ROOT } from '../../tests/lib/server.mjs';
import { answering } from './answer.mjs';
import { eight } from './eight.mjs';
import { connecting, echoing } from './page.mjs';
import {
  cpuPercent,
  load,
  NULL_ENGINES,
  realtime,
  sleep,
  startEcho,
  startGuide,
  startOurs,
  startPerson,
} from './process.mjs';
import { openRooms } from './room.mjs';

const { values: opt } = parseArgs({
  options: {
    only: { type: 'string', default: 'start,join,call,models,connect,echo,answer,eight' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '10' },
    beeps: { type: 'string', default: '30' },
    answers: { type: 'string', default: '12' },
    nice: { type: 'boolean', default: false },
    json: { type: 'string', default: '' },
  },
});
const ROUNDS = Number(opt.rounds);
const SECONDS = Number(opt.seconds);
const LONG =
  'The quick brown fox jumps over the lazy dog, and then it rests a while in the warm grass. '.repeat(12);

if (!process.env.BENCH_NET) {
  // The whole bench in a network namespace: nothing leaves the machine, nobody else's packets come in.
  const net = [
    path.join(ROOT, 'tests/e2e/net.sh'),
    process.execPath,
    fileURLToPath(import.meta.url),
    ...process.argv.slice(2),
  ];
  process.exit(
    spawnSync('sh', net, { stdio: 'inherit', env: { ...process.env, BENCH_NET: '1' } }).status ?? 1,
  );
}

/** The p-th part of the sorted values; of none NaN. */
const part = (values, p) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] : NaN;
};
const p50 = (values) => part(values, 0.5);
const p95 = (values) => part(values, 0.95);

const rows = [];
const number = (value) => (Number.isFinite(value) ? value.toFixed(1) : '-');
function row(name, unit, ours, guide, target) {
  const met = target === undefined ? '' : ours <= target ? 'met' : 'MISSED';
  rows.push({ name, unit, ours, guide, ratio: ours / guide, target, met });
  const cells = [
    number(ours),
    number(guide),
    Number.isFinite(ours / guide) ? (ours / guide).toFixed(2) : '-',
  ];
  console.log(
    `${`${name}, ${unit}`.padEnd(58)}${cells.map((cell) => cell.padStart(9)).join('')}` +
      `${String(target === undefined ? '' : `<= ${target}`).padStart(9)}  ${met}`,
  );
}
const note = (text) => console.log(`  ${text}`);
const atRealtime = async (run) => {
  const rr = realtime(true);
  if (!rr) {
    note('no real-time priority here: the neighbours are in these figures');
  }
  try {
    return await run();
  } finally {
    realtime(false);
  }
};

/** spawn -> the orb's join has come. */
async function spawnToJoined(startOrb, rounds) {
  const times = [];
  for (let i = 0; i < rounds; i++) {
    const rooms = await openRooms();
    const orb = startOrb(rooms.host, `start${i}`);
    times.push((await rooms.room(`start${i}`).orbJoined()) - orb.born);
    await sleep(300);
    await orb.stop();
    rooms.close();
  }
  return times;
}

async function start() {
  const ours = await atRealtime(() =>
    spawnToJoined((host, room) => startOurs(host, room, NULL_ENGINES), ROUNDS),
  );
  const models = await atRealtime(() => spawnToJoined((host, room) => startOurs(host, room), ROUNDS));
  const guide = await atRealtime(() => spawnToJoined(startGuide, Math.min(ROUNDS, 5)));
  row('spawn -> joined, p50', 'ms', p50(ours), p50(guide), 60);
  row('spawn -> joined, worst', 'ms', Math.max(...ours), Math.max(...guide));
  row('spawn -> joined while the models load, p50', 'ms', p50(models), NaN, 60);
}

/** One person after the other comes into a room with an orb: ms from their connecting. */
async function joinToPicture(startOrb, rounds) {
  const all = { connected: [], first: [], second: [] };
  for (let i = 0; i < rounds; i++) {
    const rooms = await openRooms();
    const orb = startOrb(rooms.host, 'join');
    await rooms.room('join').orbJoined();
    const coach = await startPerson(rooms.host, 'join', 'coach1', 'coach', [
      '--fps=0',
      '--watch',
      '--orb-only',
    ]);
    const client = await startPerson(rooms.host, 'join', 'client1', 'client', [
      '--fps=0',
      '--watch',
      '--orb-only',
    ]);
    await sleep(500);
    coach.go();
    all.connected.push(await coach.since('peer_state', (e) => e.state === 'connected'));
    all.first.push(await coach.since('first_video'));
    await sleep(300);
    client.go();
    all.second.push(await client.since('first_video'));
    await Promise.all([coach.stop(), client.stop(), orb.stop()]);
    rooms.close();
  }
  return all;
}

async function join() {
  const ours = await atRealtime(() => joinToPicture(beside, ROUNDS));
  const guide = await atRealtime(() => joinToPicture(startGuide, ROUNDS));
  row('first person joins -> connected, p50', 'ms', p50(ours.connected), p50(guide.connected));
  row('first person joins -> first picture, p50', 'ms', p50(ours.first), p50(guide.first));
  row('second person joins -> first picture, p50', 'ms', p50(ours.second), p50(guide.second));
}

/** Two people and an orb. keepTalking(room) makes the orb talk for the window. */
async function call(startOrb, { fps, keepTalking }) {
  const rooms = await openRooms();
  const orb = startOrb(rooms.host, 'call');
  const room = rooms.room('call');
  const figures = {};
  await room.orbJoined();
  await sleep(2000);
  figures.idlePss = memory(orb.pid).pss;
  figures.idleCpu = (await cpuPercent(orb.pid, 3)).total;
  const options = [`--fps=${fps}`];
  const coach = await startPerson(rooms.host, 'call', 'coach1', 'coach', options);
  const client = await startPerson(rooms.host, 'call', 'client1', 'client', options);
  coach.go();
  await coach.since('peer_state', (e) => e.state === 'connected');
  client.go();
  await client.since('peer_state', (e) => e.state === 'connected');
  await sleep(8000); // estimates settle, greetings are over
  if (keepTalking) {
    figures.quiet = await cpuPercent(orb.pid, SECONDS);
    const from = room.log.all.length;
    room.say(LONG);
    await room.log.until((m) => m.type === 'ai_status' && m.status === 'speaking', 'the orb to speak', {
      from,
    });
    await sleep(500);
  }
  figures.cpu = await cpuPercent(orb.pid, SECONDS);
  figures.spoke = room.status();
  Object.assign(figures, memory(orb.pid));
  await Promise.all([coach.stop(), client.stop()]);
  figures.frames = coach.events.all.find((e) => e.event === 'received' && e.peer.startsWith('ai-'))?.frames;
  await orb.stop();
  rooms.close();
  return figures;
}

const beside = (host, room) => startOurs(host, room, NULL_ENGINES);

async function calls() {
  const ours = await call(beside, { fps: 15, keepTalking: true });
  const guide = await call(startGuide, { fps: 15 });
  row('idle: PSS beside the models', 'MiB', ours.idlePss, guide.idlePss);
  row('idle: CPU', '% of a core', ours.idleCpu, guide.idleCpu);
  row('call of three, orb speaking: CPU', '% of a core', ours.cpu.total, guide.cpu.total, 12);
  note(`ours: ${ours.cpu.threads} (${ours.spoke}); guide: ${guide.cpu.threads}`);
  row('call of three, orb silent: CPU', '% of a core', ours.quiet.total, guide.cpu.total);
  note(`ours: ${ours.quiet.threads}`);
  row('call of three: PSS beside the models', 'MiB', ours.pss, guide.pss, 30);
  row('call of three: RSS beside the models', 'MiB', ours.rss, guide.rss);
  const oursAudio = await call(beside, { fps: 0, keepTalking: true });
  const guideAudio = await call((host, room) => startGuide(host, room, ['--no-video']), { fps: 0 });
  row('audio only, orb speaking: CPU', '% of a core', oursAudio.cpu.total, guideAudio.cpu.total, 4);
  note(`ours: ${oursAudio.cpu.threads} (${oursAudio.spoke})`);
  row('audio only, orb silent: CPU', '% of a core', oursAudio.quiet.total, guideAudio.cpu.total);
  row('audio only: PSS beside the models', 'MiB', oursAudio.pss, guideAudio.pss);
}

async function models() {
  const ours = await call((host, room) => startOurs(host, room), { fps: 15, keepTalking: true });
  row('with the models: idle PSS', 'MiB', ours.idlePss, NaN);
  row('with the models: call of three, PSS', 'MiB', ours.pss, NaN);
  row('with the models: call of three, orb speaking, CPU', '% of a core', ours.cpu.total, NaN);
  note(`${ours.cpu.threads} (${ours.spoke})`);
}

async function connect() {
  const ours = await atRealtime(() => connecting(beside, 20));
  const guide = await atRealtime(() => connecting(startGuide, 10));
  row('warm page: offer -> answer, p50', 'ms', p50(ours.answered), p50(guide.answered));
  row('warm page: offer -> connected, p50', 'ms', p50(ours.connected), p50(guide.connected), 40);
  row('warm page: offer -> connected, p95', 'ms', p95(ours.connected), p95(guide.connected));
  row('warm page: offer -> first decoded frame, p50', 'ms', p50(ours.frame), p50(guide.frame), 60);
  row('warm page: offer -> first decoded frame, p95', 'ms', p95(ours.frame), p95(guide.frame));
  row('fresh page: offer -> connected', 'ms', ours.fresh.connected, guide.fresh.connected);
  row('fresh page: offer -> first decoded frame', 'ms', ours.fresh.frame, guide.fresh.frame);
}

async function echo() {
  const beeps = Number(opt.beeps);
  const ours = await atRealtime(() => echoing(startEcho, beeps, 'sent'));
  const guide = await atRealtime(() =>
    echoing((host, room) => startGuide(host, room, ['--echo']), beeps, 'burst'),
  );
  row('page -> orb -> page echo, p50', 'ms', p50(ours.echo), p50(guide.echo), 60);
  row('page -> orb -> page echo, p95', 'ms', p95(ours.echo), p95(guide.echo));
  row('  page speaks -> orb has the samples, p50', 'ms', p50(ours.up), p50(guide.up));
  row('  orb has them -> first packet of the tone, p50', 'ms', p50(ours.inside), p50(guide.inside));
  row('  first packet -> page hears, p50', 'ms', p50(ours.down), p50(guide.down));
  note(`echoes lost: ours ${ours.lost}, guide ${guide.lost} of ${beeps}`);
}

async function answer(folder) {
  const { turn, speak } = await atRealtime(() => answering(folder, Number(opt.answers)));
  row('end of turn decided -> first packet, p50', 'ms', p50(turn), NaN, 15);
  row('end of turn decided -> first packet, p95', 'ms', p95(turn), NaN, 80);
  row('answer chosen -> first packet, p50', 'ms', p50(speak), NaN);
  note(`${turn.length} answers`);
}

async function eightOrbs(folder) {
  for (const [name, talk] of [
    ['eight orbs speak', false],
    ['eight orbs and eight people speak, with the models', true],
  ]) {
    const all = await eight(folder, { talk, seconds: Math.max(SECONDS, 20) });
    row(`${name}: late audio frames`, 'frames', all.late, NaN, 0);
    row(`${name}: worst lateness`, 'ms', all.worstMs, NaN);
    row(`${name}: CPU of all`, '% of a core', all.cpu, NaN);
    row(`${name}: PSS of all`, 'MiB', all.pss, NaN);
    note(
      `${all.packets} packets, ${all.underruns} underruns, ${all.frames} pictures a second a person; load ${load()}`,
    );
  }
}

if (opt.nice) {
  os.setPriority(-15);
}
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tricall-orb-'));
try {
  console.log(
    `${new Date().toISOString().slice(0, 16)}, ${os.cpus().length} x ${os.cpus()[0].model}, load ${load()}`,
  );
  console.log(
    `${'figure'.padEnd(58)}${['ours', 'guide', 'ratio', 'target'].map((head) => head.padStart(9)).join('')}`,
  );
  const parts = { start, join, call: calls, models, connect, echo, answer, eight: eightOrbs };
  for (const name of opt.only.split(',')) {
    await parts[name](folder);
    note(`load ${load()}`);
  }
  if (opt.json) {
    fs.writeFileSync(opt.json, `${JSON.stringify(rows, null, 1)}\n`);
  }
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
