// SPDX-License-Identifier: Apache-2.0
// tricall probe against a real server with real orbs: what it finds when all is well, and each way in which it is not.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { enter } from '../lib/participant.mjs';
import { orbs } from '../lib/processes.mjs';
import { API_KEY, TRICALL, cookiesOf, joinToken, startServer } from '../lib/server.mjs';

const LONG = { timeout: 400_000 };
const KEYS = { API_KEYS: `${API_KEY.id}:${API_KEY.secret}` };
const NULL_ENGINES = { ORB_RECOGNIZER: 'null', ORB_SYNTHESIZER: 'null' };

let folder;
before(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tricall-probe-'));
});
after(() => fs.rmSync(folder, { recursive: true, force: true }));

/** Starts `tricall probe ARGS...`; `ended` resolves to { code, out, err, json }. */
function startProbe(args, env = KEYS) {
  const child = spawn(TRICALL, ['probe', ...args], {
    cwd: folder, // no .env of the developer's
    env: { ...process.env, API_KEYS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk) => (out += chunk));
  const waiting = new Set();
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    err += chunk;
    waiting.forEach((check) => check());
  });
  const ended = once(child, 'close').then(([code]) => ({
    code,
    out,
    err,
    json: args.includes('--json') && out ? JSON.parse(out) : null,
  }));
  /** Resolves once its log has the pattern; fails when it ends without. */
  const said = (pattern) =>
    Promise.race([
      new Promise((resolve) => {
        const check = () => pattern.test(err) && resolve();
        waiting.add(check);
        check();
      }),
      ended.then(({ out: text }) => Promise.reject(new Error(`it ended: ${text}${err}`))),
    ]);
  return { child, ended, said };
}

const probe = (args, env) => startProbe(args, env).ended;
const signed = (server, more) => ['--url', server.ws, '--key', API_KEY.id, '--json', ...more];

async function withServer(env, body) {
  const server = await startServer({ env: { ...NULL_ENGINES, ...env } });
  try {
    await body(server);
  } finally {
    await server.stop();
  }
}

/** 16-bit mono WAV of a tone. */
function wav(file, seconds, rate = 16000) {
  const samples = Math.round(seconds * rate);
  const data = Buffer.alloc(44 + samples * 2);
  data.write('RIFF', 0);
  data.writeUInt32LE(36 + samples * 2, 4);
  data.write('WAVEfmt ', 8);
  [16, 0x10001].forEach((value, i) => data.writeUInt32LE(value, 16 + 4 * i));
  data.writeUInt32LE(rate, 24);
  data.writeUInt32LE(rate * 2, 28);
  data.writeUInt32LE(0x100002, 32);
  data.write('data', 36);
  data.writeUInt32LE(samples * 2, 40);
  for (let i = 0; i < samples; i++) {
    const voiced = Math.sin((2 * Math.PI * 4 * i) / rate) > -0.5; // syllables
    data.writeInt16LE(voiced ? Math.round(9000 * Math.sin((2 * Math.PI * 180 * i) / rate)) : 0, 44 + 2 * i);
  }
  const at = path.join(folder, file);
  fs.writeFileSync(at, data);
  return at;
}

function assertSteps(person, names) {
  for (const name of names) {
    assert.ok(typeof person[name] === 'number' && person[name] >= 0 && person[name] < 60_000, `${name}: ${person[name]}`);
  }
}

test('a whole call of three with the real engines is measured from the join to the answer', LONG, async () => {
  const server = await startServer();
  try {
    const { code, json, err } = await probe(signed(server, ['--room', 'call', '--second', '--timeout', '60']));
    assert.equal(code, 0, JSON.stringify(json) + err);
    assert.equal(json.ok, true);
    const [room] = json.rooms;
    assert.equal(room.orbLives, 1);
    assert.equal(room.answersMs.length, 1);
    assert.ok(room.answersMs[0] > 0 && room.answersMs[0] < 60_000);
    assert.deepEqual(room.people.map((p) => p.role), ['client', 'coach']);
    assertSteps(room.people[0], ['voiceMs']);
    assert.ok(room.people[0].orb.audioReceived > 0);
    for (const person of room.people) {
      assertSteps(person, ['joinMs', 'orbMs', 'connectMs', 'pictureMs', 'callMs', 'betweenMs']);
      assert.ok(person.callMs >= person.joinMs);
      assert.ok(person.orb.pictures > 10, JSON.stringify(person.orb));
      assert.ok(person.other.audioReceived > 100, 'the two hear each other');
      assert.equal(person.other.videoReceived, 0);
    }
    assert.equal(json.summary.answerMs.count, 1);
  } finally {
    await server.stop();
  }
});

test('three rooms at a time, each with an answer; the text says the same', LONG, async () => {
  await withServer({ ORB_SCRIPT: 'help' }, async (server) => {
    const clip = wav('tone.wav', 1);
    const args = ['--rooms', '3', '--play', clip, '--stagger', '50', '--timeout', '120'];
    const { code, json } = await probe(signed(server, args));
    assert.equal(code, 0, JSON.stringify(json));
    assert.deepEqual(json.rooms.map((r) => r.room), ['probe-1', 'probe-2', 'probe-3']);
    assert.deepEqual(json.rooms.map((r) => r.answersMs.length), [1, 1, 1]);
    assert.deepEqual(json.failures, {});
    assert.equal(json.summary.callMs.count, 3);
    assert.ok(json.summary.callMs.p50 <= json.summary.callMs.p95 && json.summary.callMs.p95 <= json.summary.callMs.max);

    const text = await probe(['--url', server.url, '--key', API_KEY.id, '--rooms', '3', '--room', 'again', '--silent']);
    assert.equal(text.code, 0, text.out + text.err);
    assert.match(text.out, /^again-3: ok$/m);
    assert.match(text.out, /client: join \d+ ms, orb in the room \d+ ms, connect \d+ ms, first picture \d+ ms/);
    assert.match(text.out, /^join to picture\s+ms\s+[\d.]+\s+[\d.]+\s+[\d.]+\s+3$/m);
    assert.match(text.out, /^3 of 3 rooms well$/m);
  });
});

test('an orb that dies in a call is seen to come back', LONG, async () => {
  await withServer({}, async (server) => {
    const args = ['--room', 'dies', '--silent', '--duration', '600', '--log-level', 'probe.room=debug'];
    const { child, ended, said } = startProbe(signed(server, args));
    await said(/-> staying/);
    orbs(server.pid).forEach((pid) => process.kill(pid, 'SIGKILL'));
    await said(/-> staying[^]*-> connecting[^]*-> staying/);
    child.kill('SIGINT');
    const { code, json } = await ended;
    assert.equal(code, 0, JSON.stringify(json));
    assert.equal(json.rooms[0].orbLives, 2);
    assert.equal(json.rooms[0].backsMs.length, 1);
    assert.ok(json.rooms[0].backsMs[0] < 30_000);
  });
});

test('Ctrl-C: it leaves as people do, and tells what it has', LONG, async () => {
  await withServer({}, async (server) => {
    const { child, ended } = startProbe(signed(server, ['--room', 'left', '--timeout', '300', '--play', wav('t.wav', 1)]));
    await server.logged(/CONNECTING -> CONNECTED/);
    child.kill('SIGINT');
    const { code, json } = await ended;
    assert.equal(code, 1);
    assert.deepEqual(json.failures, { interrupted: 1 });
    assertSteps(json.rooms[0].people[0], ['joinMs', 'orbMs']);
    await server.logged(/left: .*probe-client-\S+ left/);
  });
});

test('a wrong token, and one that has expired, are refused', LONG, async () => {
  await withServer({ ENABLE_AI_ORBS: 'false' }, async (server) => {
    const claims = { sub: 'p', room: 'r', role: 'client', name: 'P' };
    const forged = joinToken(claims, { secret: 'another-secret-of-thirty-two-bytes!!' });
    const old = joinToken({ ...claims, exp: 1000 });
    for (const token of [forged, old]) {
      const { code, json } = await probe(['--url', server.ws, '--room', 'r', '--json', '--silent'], { PROBE_TOKEN: token });
      assert.equal(code, 1);
      assert.deepEqual(json.failures, { refused: 1 });
      assert.match(json.rooms[0].why, /401/);
    }
    const { code, out } = await probe(['--url', server.ws, '--room', 'other', '--silent', '--token', joinToken(claims)]);
    assert.equal(code, 1);
    assert.match(out, /^other: FAILED: refused: .*403/m);
  });
});

test('a full room, a server without orbs, one with too few, one whose orbs do not start', LONG, async () => {
  await withServer({ ENABLE_AI_ORBS: 'false' }, async (server) => {
    const three = await Promise.all([enter(server, 'full', 'a', 'coach'), enter(server, 'full', 'b', 'client'), enter(server, 'full', 'c', 'admin')]);
    const full = await probe(signed(server, ['--room', 'full', '--silent']));
    assert.equal(full.code, 1);
    assert.deepEqual(full.json.failures, { 'room-full': 1 });
    await Promise.all(three.map((p) => p.close()));

    const off = await probe(signed(server, ['--room', 'off', '--silent']));
    assert.equal(off.code, 1);
    assert.deepEqual(off.json.failures, { 'orb-off': 1 });
    assertSteps(off.json.rooms[0].people[0], ['joinMs']);
    assert.equal(off.json.rooms[0].people[0].connectMs, null);
  });
  await withServer({ MAX_CONCURRENT_ORBS: '1' }, async (server) => {
    const { code, json } = await probe(signed(server, ['--rooms', '2', '--silent', '--duration', '20']));
    assert.equal(code, 1);
    assert.deepEqual(json.failures, { 'orb-full': 1 });
    assert.deepEqual(json.rooms.map((r) => r.ok), [true, false]);
  });
  await withServer({ ORB_COMMAND: 'false', ORB_RESTART_LIMIT: '0' }, async (server) => {
    const { code, json } = await probe(signed(server, ['--room', 'fails', '--silent']));
    assert.equal(code, 1);
    assert.deepEqual(json.failures, { 'orb-failed': 1 });
  });
});

test('an orb that never comes, and one that says nothing, are named', LONG, async () => {
  await withServer({ ORB_COMMAND: 'sh -c "exec sleep 600" orb' }, async (server) => {
    const { code, json } = await probe(signed(server, ['--room', 'never', '--silent', '--timeout', '10']));
    assert.equal(code, 1);
    assert.deepEqual(json.failures, { 'no-orb': 1 });
    assert.match(json.rooms[0].why, /spawning/);
  });
  await withServer({}, async (server) => {
    const { code, json } = await probe(signed(server, ['--room', 'mute', '--play', wav('m.wav', 1), '--timeout', '30']));
    assert.equal(code, 1);
    assert.deepEqual(json.failures, { 'no-answer': 1 });
  });
});

test('nobody there: unreachable', LONG, async () => {
  const { code, json } = await probe(['--url', 'ws://127.0.0.1:1', '--key', 'test', '--room', 'r', '--json', '--silent', '--timeout', '10']);
  assert.equal(code, 1);
  assert.deepEqual(json.failures, { unreachable: 1 });
});

test('a signed-in person comes by cookie', LONG, async () => {
  await withServer({}, async (server) => {
    const coach = server.addUser({ role: 'coach' });
    const client = server.addUser();
    server.addAppointment({ room: 'met', coach: coach.email, client: client.email });
    const response = await fetch(`${server.url}/api/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: server.url },
      body: JSON.stringify({ email: client.email, password: client.password }),
    });
    assert.equal(response.ok, true, await response.text());
    const cookie = cookiesOf(response).map((text) => text.split(';')[0]).join('; ');
    const { code, json, err } = await probe(['--url', server.ws, '--room', 'met', '--json', '--silent'], { PROBE_COOKIE: cookie });
    assert.equal(code, 0, JSON.stringify(json) + err);
    assertSteps(json.rooms[0].people[0], ['callMs']);
  });
});

test('bad usage is one line and 64', LONG, async () => {
  const ok = ['--url', 'ws://127.0.0.1:1', '--key', 'test', '--room', 'r'];
  const short = wav('silence.wav', 0);
  fs.writeFileSync(path.join(folder, 'text.wav'), 'no sound');
  const cases = [
    [[], /--url=ws:\/\/HOST:PORT is missing/],
    [['--url', 'ftp://h', '--room', 'r', '--key', 'test'], /expected ws:\/\//],
    [['--url', 'ws://:1', '--room', 'r', '--key', 'test', '--silent'], /expected ws:\/\//],
    [['--url', 'ws://h', '--room', 'r'], /--token=JWT or --key=ID/],
    [['--url', 'ws://h', '--key', 'test'], /--room=ID or --rooms=N/],
    [['--url', 'ws://h', '--token', 'a.b.c', '--rooms', '2'], /--rooms needs --key/],
    [['--url', 'ws://h', '--token', 'a.b.c', '--room', 'r'], /expected a JWT/],
    [[...ok.slice(0, 2), '--key', 'nobody', '--room', 'r', '--silent'], /API_KEYS has no such key/],
    [[...ok, '--rooms', 'many'], /ROOMS=many|--rooms=many/],
    [[...ok, '--room', 'no room'], /expected 1-\d+ of/],
    [[...ok, '--play', 'none.wav'], /none\.wav/],
    [[...ok, '--play', 'text.wav'], /no 16-bit PCM WAV/],
    [[...ok, '--play', short], /silen|WAV/],
    [[...ok, '--relay'], /--relay needs --turn/],
    [[...ok, '--turn', 'h:1'], /TURN_SECRET/],
    [[...ok, '--log-level', 'loud'], /--log-level/],
    [[...ok, '--what'], /unexpected --what/],
    [[...ok, 'more'], /unexpected more/],
  ];
  for (const [args, expected] of cases) {
    const { code, out, err } = await probe(args);
    assert.equal(code, 64, `${args}: ${err}`);
    assert.match(err, expected);
    assert.equal(err.trim().split('\n').length, 1, err);
    assert.equal(out, '');
  }
});

test('help and version', LONG, async () => {
  const help = await probe(['--help']);
  assert.equal(help.code, 0);
  for (const flag of ['--url', '--rooms', '--duration', '--second', '--play', '--json', 'PROBE_TOKEN']) {
    assert.ok(help.out.includes(flag), flag);
  }
  const version = await probe(['--version']);
  assert.match(version.out, /^tricall probe \d/);
});
