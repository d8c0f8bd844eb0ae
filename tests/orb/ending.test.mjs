// SPDX-License-Identifier: Apache-2.0
// The orb's end waits for nothing on its loop: who hangs or does not read keeps nobody waiting.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { signaling, startOrb } from '../lib/orb.mjs';

const PERSON = { userId: 'client1', userRole: 'client', participantType: 'human', userName: 'Ann' };

async function inRoom(env) {
  const server = await signaling([PERSON]);
  const orb = startOrb(server.host, [], env);
  await orb.message('orb_ready');
  return { server, orb };
}

async function ping(socket) {
  socket.ping();
  await once(socket, 'pong');
}

test('a recognizer that hangs does not keep the summary, the leave or the pings', async () => {
  const { server, orb } = await inRoom({ ORB_SCRIPT: '!hang' });
  try {
    const [socket] = server.sockets;
    const left = new Promise((resolve) => {
      socket.on('message', (raw) => JSON.parse(raw).type === 'leave' && resolve());
    });
    await orb.logged(/speech engines ready/);
    orb.child.send({ type: 'shutdown_graceful', reason: 'session_complete' });
    await orb.logged(/-> ending/);
    await ping(socket);
    assert.doesNotMatch(orb.log(), /ending -> flushing/, 'the ping came back while the end was being waited for');
    const summary = await orb.message('session_summary');
    assert.ok(Array.isArray(summary.summary.transcript));
    await left;
    assert.equal(await orb.exited(), 0);
    assert.match(orb.log(), /a thread does not end/);
  } finally {
    orb.child.kill('SIGKILL');
    await server.close();
  }
});

test('with nothing to wait for the end takes no time', async () => {
  const { server, orb } = await inRoom({});
  try {
    await orb.logged(/speech engines ready/);
    orb.child.send({ type: 'shutdown_graceful', reason: 'session_complete' });
    await orb.message('session_summary');
    assert.equal(await orb.exited(), 0);
    assert.match(orb.log(), /ending -> flushing \(all is said\)/);
  } finally {
    orb.child.kill('SIGKILL');
    await server.close();
  }
});

test('it ends before its engines are loaded', async () => {
  const server = await signaling([PERSON]);
  const orb = startOrb(server.host, [], { ORB_RECOGNIZER: 'pocketsphinx' });
  try {
    await orb.message('orb_ready');
    orb.child.send({ type: 'shutdown_graceful', reason: 'session_complete' });
    await orb.message('session_summary');
    assert.equal(await orb.exited(), 0);
  } finally {
    orb.child.kill('SIGKILL');
    await server.close();
  }
});
