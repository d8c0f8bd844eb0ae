// SPDX-License-Identifier: Apache-2.0
// A Node parent runs our aiorb as the guide's manager does: spawn with 'ipc', process messages, exit codes.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import http from 'node:http';
import { WebSocketServer } from 'ws';
import { AIORB } from '../lib/server.mjs';

const DEADLINE = 20_000;

/** Just enough signaling for one orb: answers `join` with who is there, and tells what came. */
async function signaling(peers = []) {
  const server = http.createServer();
  const wss = new WebSocketServer({ server });
  const joins = [];
  const waiting = [];
  wss.on('connection', (ws, request) => {
    ws.on('error', () => {});
    ws.on('message', (raw) => {
      const message = JSON.parse(raw);
      if (message.type === 'join') {
        joins.push({ ...message, path: request.url });
        ws.send(JSON.stringify({ type: 'peer-discovery', peers }));
        waiting.splice(0).forEach((resolve) => resolve());
      }
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${server.address().port}`,
    joins,
    joined: () => (joins.length ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
    close() {
      wss.clients.forEach((ws) => ws.terminate());
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

function startOrb(host, more = []) {
  const child = spawn(
    AIORB,
    ['--room=room1', '--session=session1', '--coach=coach1', '--client=client1', `--cpu-host=${host}`,
      '--max-lifetime=7200000', '--idle-timeout=300000', ...more],
    {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, NODE_ENV: 'production', ORB_RECOGNIZER: 'null', ORB_SYNTHESIZER: 'null' },
    },
  );
  let log = '';
  child.stdout.on('data', (chunk) => (log += chunk));
  child.stderr.on('data', (chunk) => (log += chunk));
  const messages = [];
  const waiting = new Set();
  child.on('message', (message) => {
    messages.push(message);
    waiting.forEach((check) => check());
  });
  const exited = new Promise((resolve) => child.on('exit', (code, signal) => resolve(code ?? signal)));
  const deadline = (promise, what) => {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no ${what}; got ${JSON.stringify(messages)}\n${log}`)), DEADLINE);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
  };
  return {
    child,
    messages,
    message: (type) =>
      deadline(
        new Promise((resolve) => {
          const check = () => {
            const hit = messages.find((m) => m.type === type);
            if (hit) {
              waiting.delete(check);
              resolve(hit);
            }
          };
          waiting.add(check);
          check();
        }),
        type,
      ),
    exited: () => deadline(exited, 'exit'),
  };
}

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
