// ENABLE_AI_ORBS=false: people are told that no orb will come, and why.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Participant, connect, enter } from '../lib/participant.mjs';
import { joinToken, startServer } from '../lib/server.mjs';

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
