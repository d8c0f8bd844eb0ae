// Programs of ORB_COMMAND are strangers: they die with the server, however it dies, and are bound in what they can become.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { enter } from '../lib/participant.mjs';
import { alive, children } from '../lib/processes.mjs';
import { BUILD, startServer } from '../lib/server.mjs';

const FAKE_ORB = path.join(BUILD, 'tests/server/fake_orb');
const DEADLINE_MS = 20_000;

test('they die with a server that is killed', { timeout: 300_000 }, async () => {
  const server = await startServer({ env: { ORB_COMMAND: `${FAKE_ORB} ready,stubborn` } });
  let pid;
  try {
    const coach = await enter(server, 'r1', 'coach1', 'coach');
    await coach.next((m) => m.type === 'orb-state' && m.state === 'ready');
    pid = children(server.pid).find(alive);
    assert.match(fs.readFileSync(`/proc/${pid}/status`, 'utf8'), /NoNewPrivs:\s+1/);
    assert.match(fs.readFileSync(`/proc/${pid}/limits`, 'utf8'), /Max core file size\s+0\s+0/);
  } finally {
    await server.stop('SIGKILL');
  }
  // What the kernel shows has no event to wait on.
  for (const end = Date.now() + DEADLINE_MS; alive(pid); await new Promise((resolve) => setImmediate(resolve))) {
    assert.ok(Date.now() < end, 'it lives on');
  }
});
