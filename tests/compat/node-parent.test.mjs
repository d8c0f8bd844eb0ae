// SPDX-License-Identifier: Apache-2.0
// A Node parent runs our aiorb as the guide's manager does: spawn with 'ipc', process messages, exit codes.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { signaling, startOrb } from '../lib/orb.mjs';
import { AIORB } from '../lib/server.mjs';

test('a Node parent gets orb_ready, a heartbeat and, on shutdown_graceful, the summary and exit 0', async () => {
  const server = await signaling();
  const orb = startOrb(server.host);
  try {
    const ready = await orb.message('orb_ready');
    assert.equal(ready.roomId, 'room1');
    assert.equal(typeof ready.webrtcStatus, 'string');
    assert.ok(Array.isArray(ready.participants));
    assert.equal(server.joins[0].path, '/ws-simple/room1');
    assert.equal(server.joins[0].userRole, 'ai');
    assert.equal(server.joins[0].participantType, 'ai');
    const beat = await orb.message('orb_heartbeat');
    assert.equal(beat.roomId, 'room1');
    assert.ok(Math.abs(beat.timestamp - Date.now()) < 60_000, `timestamp ${beat.timestamp}`);
    assert.equal(typeof beat.metrics.cpu, 'number');
    assert.ok(beat.metrics.memory > 1 && beat.metrics.memory < 1000, `memory ${beat.metrics.memory} MB`);
    orb.child.send({ type: 'update_participants', participants: ['coach1', 'client1'] });
    orb.child.send({ type: 'shutdown_graceful', reason: 'session_complete' });
    const summary = await orb.message('session_summary');
    assert.equal(summary.roomId, 'room1');
    assert.equal(summary.sessionId, 'session1');
    assert.equal(summary.clientId, 'client1');
    assert.ok(Number.isInteger(summary.summary.duration));
    assert.ok(Array.isArray(summary.summary.keyTopics));
    assert.ok(Array.isArray(summary.summary.transcript));
    assert.equal(await orb.exited(), 0);
    assert.equal(orb.messages.filter((m) => m.type === 'session_summary').length, 1);
  } finally {
    orb.child.kill('SIGKILL');
    await server.close();
  }
});

test('SIGTERM ends it as gracefully', async () => {
  const server = await signaling();
  const orb = startOrb(server.host);
  try {
    await orb.message('orb_ready');
    orb.child.kill('SIGTERM');
    await orb.message('session_summary');
    assert.equal(await orb.exited(), 0);
  } finally {
    orb.child.kill('SIGKILL');
    await server.close();
  }
});

test('a server that cannot be reached is exit 69', async () => {
  const server = await signaling();
  await server.close(); // a port where nobody listens
  const orb = startOrb(server.host);
  try {
    assert.equal(await orb.exited(), 69);
  } finally {
    orb.child.kill('SIGKILL');
  }
});

test('wrong usage is exit 64, with a line that says what was expected', async () => {
  const child = spawn(AIORB, ['--room=room1'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stderr.on('data', (chunk) => (text += chunk));
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(code, 64);
  assert.match(text, /^aiorb: .+\n$/);
});
