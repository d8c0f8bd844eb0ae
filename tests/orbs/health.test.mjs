// What hangs is found, told apart, looked at, and replaced: our own orb, its limits scaled down by settings.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { until } from '../e2e/browser.mjs';
import { enter } from '../lib/participant.mjs';
import { orbs } from '../lib/processes.mjs';
import { BUILD, startServer } from '../lib/server.mjs';

const LIMIT_MS = 2000;
const FAKE_ORB = path.join(BUILD, 'tests/server/fake_orb');
const ENGINES = { ORB_RECOGNIZER: 'null', ORB_SYNTHESIZER: 'null' };

const state = (person, word) => person.next((m) => m.type === 'orb-state' && m.state === word);

/** The names of its threads. */
function threads(pid) {
  return readdirSync(`/proc/${pid}/task`).map((id) => readFileSync(`/proc/${pid}/task/${id}/comm`, 'utf8').trim());
}

/** Runs `body` with a coach whose orb is in the room. */
async function inCall(env, body) {
  const server = await startServer({
    env: { ...ENGINES, ORB_UNRESPONSIVE_AFTER: String(LIMIT_MS), ORB_KILL_AFTER: '2500', ORB_KILL_GRACE: '500', ...env },
  });
  try {
    const coach = await enter(server, 'r1', 'coach1', 'coach');
    await state(coach, 'ready');
    await body({ server, coach, pid: orbs(server.pid)[0] });
  } finally {
    await server.stop('SIGKILL');
  }
}

test('a stopped orb is found, described, killed and back in the room', { timeout: 300_000 }, () =>
  inCall({}, async ({ server, coach, pid }) => {
    process.kill(pid, 'SIGSTOP');
    const { reason } = await state(coach, 'unresponsive');
    assert.match(reason, /its main loop hangs: no answer for/);
    assert.match((await state(coach, 'restarting')).reason, /its main loop hangs/);
    await state(coach, 'ready');
    assert.match(server.log(), /thread \d+ aiorb: state T/);
    assert.match(server.log(), /thread \d+ audio: state T/);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    assert.match(metrics, /tricall_orb_hangs_total\{part="main"\} 1/);
  }),
);

test('one that goes on before the kill is ready again', { timeout: 300_000 }, () =>
  inCall({ ORB_KILL_AFTER: '60000' }, async ({ coach, pid }) => {
    process.kill(pid, 'SIGSTOP');
    await state(coach, 'unresponsive');
    process.kill(pid, 'SIGCONT');
    assert.equal((await state(coach, 'ready')).reason, 'it works again');
    assert.equal(coach.count('orb-state') > 0, true);
  }),
);

test('a hung recognizer is told apart, and each stack is in the log', { timeout: 300_000 }, () =>
  inCall({ ORB_SCRIPT: '!hang' }, async ({ server, coach }) => {
    assert.match((await state(coach, 'unresponsive')).reason, /its recognizer hangs: at one thing for/);
    await state(coach, 'restarting');
    const stack = /stack of recognizer \(\d+\)(.*)/.exec(server.log());
    assert.ok(stack, server.log());
    assert.match(stack[1], /null_stream_create\+0x/); // a static function: from the symbols of the program's file
    assert.match(server.log(), /stack of aiorb \(\d+\)/);
    assert.match(server.log(), /stack of audio \(\d+\).*tc_speaker_audio_main/);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    assert.match(metrics, /tricall_orb_hangs_total\{part="recognizer"\} 1/);
  }),
);

test('an operator who asks for the stacks does not end it', { timeout: 300_000 }, () =>
  inCall({}, async ({ server, coach, pid }) => {
    await until('each thread to have its name', () => ['audio', 'video', 'recognizer'].every((name) => threads(pid).includes(name)));
    process.kill(pid, 'SIGQUIT');
    await server.logged(/stack of video \(\d+\).*video_main/);
    coach.send({ type: 'leave' });
    await server.logged(/coach1 left/);
    assert.deepEqual(orbs(server.pid), [pid]);
  }),
);

test('a crash tells its stack', { timeout: 300_000 }, () =>
  inCall({}, async ({ server, coach, pid }) => {
    process.kill(pid, 'SIGSEGV');
    assert.match((await state(coach, 'restarting')).reason, /SIGSEGV/);
    assert.match(server.log(), /crash: SIGSEGV/);
    assert.match(server.log(), /crash in aiorb \(\d+\)/);
    await state(coach, 'ready');
  }),
);

/** A program of ORB_COMMAND that does `script`, its limits watched ten times a second. */
async function stranger(script, env, body) {
  const server = await startServer({
    env: { ORB_COMMAND: `${FAKE_ORB} ready,${script}`, ORB_SAMPLE_INTERVAL: '100', ORB_KILL_GRACE: '100', ...env },
  });
  try {
    const coach = await enter(server, 'r1', 'coach1', 'coach');
    await state(coach, 'ready');
    await body({ server, coach });
  } finally {
    await server.stop('SIGKILL');
  }
}

test('a program that eats memory is replaced, and says so', { timeout: 300_000 }, () =>
  stranger('eat', { ORB_MAX_MEMORY_MB: '40' }, async ({ coach }) => {
    assert.match((await state(coach, 'restarting')).reason, /it used \d+ MB of memory, more than 40/);
    await state(coach, 'ready');
  }),
);

test('a program that spins is replaced, and was warned of', { timeout: 300_000 }, () =>
  stranger('spin', { ORB_MAX_CPU_PERCENT: '10' }, async ({ server, coach }) => {
    assert.match((await state(coach, 'restarting')).reason, /it used \d+ % of a core, more than 10/);
    assert.match(server.log(), /it uses \d+ % of a core, of 10 it may/);
    await state(coach, 'ready');
  }),
);
