// SPDX-License-Identifier: Apache-2.0
// Our manager runs the guide's kind of orb, a Node program, through ORB_COMMAND (seed-orb.mjs: npm ws, libwebrtc).
import { test } from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { joinToken, startServer } from '../lib/server.mjs';
import { alive, children } from '../lib/processes.mjs';

const SEED_ORB = path.join(path.dirname(fileURLToPath(import.meta.url)), 'seed-orb.mjs');
const DEADLINE = 30_000;

/** Joins a room with a token; `message(test)` resolves with the first message, past or to come, that fits. */
async function join(server, room, user) {
  const token = joinToken({ sub: user, name: user, room, role: 'client' });
  const ws = new WebSocket(`${server.ws}/ws-simple/${room}?token=${token}`);
  const seen = [];
  const waiting = new Set();
  ws.on('message', (raw) => {
    seen.push(JSON.parse(raw));
    waiting.forEach((check) => check());
  });
  await new Promise((resolve, reject) => ws.once('open', resolve).once('error', reject));
  ws.send(JSON.stringify({ type: 'join', roomId: room, userId: user, userRole: 'client', userName: user, participantType: 'human' }));
  const message = (fits, what) =>
    new Promise((resolve, reject) => {
      const check = () => {
        const hit = seen.find(fits);
        if (hit) {
          clearTimeout(timer);
          waiting.delete(check);
          resolve(hit);
        }
      };
      const timer = setTimeout(() => {
        waiting.delete(check);
        reject(new Error(`no ${what}: ${JSON.stringify(seen)}\n${server.log()}`));
      }, DEADLINE);
      waiting.add(check);
      check();
    });
  return { ws, seen, message };
}

const state = (wanted) => (m) => m.type === 'orb-state' && m.state === wanted;

test('a Node orb joins with an id of its own, is ready by process.send, and ends when the room is empty', async () => {
  const server = await startServer({
    env: { ORB_COMMAND: `"${process.execPath}" "${SEED_ORB}" --no-video`, ORB_CLEANUP_GRACE_PERIOD: '200' },
  });
  try {
    const person = await join(server, 'node-room', 'alice');
    await person.message(state('spawning'), 'orb-state spawning');
    const joined = await person.message((m) => m.type === 'user-joined' && m.participantType === 'ai', 'user-joined of the orb');
    assert.equal(joined.userId, 'ai-orb-node-room'); // it names itself, by room
    assert.equal(joined.userRole, 'ai');
    assert.equal(joined.shouldCreateOffer, true); // a human always offers to the AI
    await person.message(state('ready'), 'orb-state ready');
    const [orb] = children(server.pid);
    assert.ok(orb && alive(orb));
    // its output is in the server's log, with the room's id
    await server.logged(/room node-room: \{"t":[\d.]+,"event":"ws_open"\}/);

    person.ws.send(JSON.stringify({ type: 'leave' })); // a lost socket would keep its seat for 10 s
    // asked over the channel with the reason; process.on('message') hears it, the summary comes back
    await server.logged(/room node-room: .*"event":"session_summary".*"reason":"room_cleanup"/);
    await server.logged(/room node-room: draining -> gone \(room_cleanup\)/);
    assert.equal(alive(orb), false);
    assert.deepEqual(children(server.pid), []);
    person.ws.close();
  } finally {
    await server.stop();
  }
});

test('a program that does not start is said to the people, and the server goes on', async () => {
  const server = await startServer({ env: { ORB_COMMAND: '/nowhere/orb' } });
  try {
    const person = await join(server, 'r1', 'alice');
    const failed = await person.message(state('failed'), 'orb-state failed');
    assert.match(failed.reason, /cannot start \/nowhere\/orb/);
    const other = await join(server, 'r1', 'bob');
    await other.message((m) => m.type === 'peer-discovery', 'peer-discovery');
    person.ws.close();
    other.ws.close();
  } finally {
    await server.stop();
  }
});

test('the server takes its orb along when it ends', async () => {
  const server = await startServer({ env: { ORB_COMMAND: `"${process.execPath}" "${SEED_ORB}" --no-video` } });
  const person = await join(server, 'r1', 'alice');
  await person.message(state('ready'), 'orb-state ready');
  const [orb] = children(server.pid);
  const { code } = await server.stop();
  assert.equal(code, 0);
  assert.equal(alive(orb), false);
  assert.match(server.log(), /"event":"session_summary".*"reason":"server_shutdown"/);
  person.ws.terminate();
});
