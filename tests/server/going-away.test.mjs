// SIGTERM: sockets are closed as RFC 6455 asks, so that pages know the server from a lost network.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, enter } from '../lib/participant.mjs';
import { startServer } from '../lib/server.mjs';

test('every socket gets 1001, nobody is told that others left, and the server ends at once', async () => {
  const server = await startServer({ env: { ENABLE_AI_ORBS: 'false' } });
  const people = [await enter(server, 'r', 'ann', 'coach'), await enter(server, 'r', 'bob', 'client')];
  people.push(await connect(server, 'other', 'zoe', 'client')); // upgraded, not joined yet
  const ended = server.stop('SIGTERM');
  for (const one of people) {
    assert.deepEqual(await one.closed, { code: 1001, reason: 'the server is shutting down' });
    assert.equal(one.count('user-left'), 0);
    assert.equal(one.count('session-ended'), 0);
  }
  assert.deepEqual(await ended, { code: 0, signal: null });
});

test('who does not answer the close frame does not hold the server up', async () => {
  const server = await startServer({ env: { ENABLE_AI_ORBS: 'false' } });
  const deaf = await enter(server, 'r', 'ann', 'coach');
  deaf.socket._socket.pause();
  assert.equal((await server.stop('SIGTERM')).code, 0);
  deaf.drop();
});

test('a server with an orb says good bye after its orb has', async () => {
  const server = await startServer({ env: { ORB_COMMAND: 'sh -c "sleep 60" orb', ORB_KILL_GRACE: '1' } });
  const one = await enter(server, 'r', 'ann', 'coach');
  await one.next('orb-state');
  const ended = server.stop('SIGTERM');
  assert.equal((await one.closed).code, 1001);
  assert.match(server.log(), /spawning -> draining[^]*-> (gone|failed)/);
  assert.equal((await ended).code, 0);
});
