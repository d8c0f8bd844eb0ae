// Where no orb can come (ENABLE_AI_ORBS=false, no speech model): people are told so, and why.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Participant, connect, enter } from '../lib/participant.mjs';
import { joinToken, startServer } from '../lib/server.mjs';

const MODEL = '/usr/share/pocketsphinx/model/en-us';

let server;
before(async () => {
  server = await startServer({ env: { ENABLE_AI_ORBS: 'false' } });
});
after(() => server?.stop());

test('a room without an orb says so to everybody who joins', { timeout: 300_000 }, async () => {
  for (const role of ['coach', 'client']) {
    const token = joinToken({ sub: role, role, name: role, room: 'off' });
    const person = new Participant(`${server.ws}/ws-simple/off?token=${token}`);
    await person.upgraded;
    person.send({ type: 'join', roomId: 'off', userId: role, userRole: role });
    const state = await person.next('orb-state');
    assert.equal(state.state, 'off');
    assert.match(state.reason, /turned off/);
    assert.equal(person.all[0].type, 'peer-discovery', 'the answer to join comes first');
  }
});

test('whoever joins while the server ends is told that, not that there are no orbs', { timeout: 300_000 }, async () => {
  // An orb that does not hear holds the server up in its drain.
  const ending = await startServer({ env: { ORB_COMMAND: 'sh -c "trap : TERM; while true; do sleep 1; done" orb' } });
  const first = await enter(ending, 'first', 'coach', 'coach');
  await first.next('orb-state');
  ending.child.kill('SIGTERM');
  await ending.logged(/draining/);
  const other = await connect(ending, 'another', 'client', 'client');
  assert.equal((await other.upgraded).status, 503, 'no session begins any more');
  const late = await enter(ending, 'first', 'client', 'client');
  const state = await late.next('orb-state');
  assert.equal(state.state, 'off');
  assert.match(state.reason, /restarting|server_shutdown/);
  await ending.stop();
});

test('without its speech model the server runs, and says to all who ask that no orb can come', { timeout: 300_000 }, async () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'tricall-model-'));
  const deaf = await startServer({ args: ['--orb-model-dir', dir] });
  try {
    const ready = async () => {
      const answer = await fetch(`${deaf.url}/readyz`);
      return { code: answer.status, ...(await answer.json()) };
    };
    const why = "the orb's speech model is not there";
    const found = await ready();
    assert.deepEqual([found.code, found.reason, found.checks.orbs], [503, why, why]);
    const coach = await enter(deaf, 'deaf', 'coach', 'coach');
    const { reason } = await coach.next(({ type, state }) => type === 'orb-state' && state === 'failed');
    assert.equal(reason, 'its speech model is missing');
    const client = await enter(deaf, 'deaf', 'client', 'client');
    assert.equal((await client.next((message) => message.state === 'failed')).reason, reason, 'whoever comes later, too');
    await deaf.logged(/nest: not started: its speech model is missing/);
    assert.doesNotMatch(deaf.log(), /orb process|loading|the next is started/);
    // Installed while the server runs: it is found.
    for (const each of fs.readdirSync(MODEL)) {
      fs.symlinkSync(path.join(MODEL, each), path.join(dir, each));
    }
    await deaf.logged(/down -> loading/);
    let now = await ready();
    while (now.code !== 200) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      now = await ready();
    }
    assert.equal(now.checks.orbs, 'ok');
  } finally {
    await deaf.stop();
    fs.rmSync(dir, { recursive: true, force: true });
  }
});
