// WebSocket pings, every 20 s by protocol.md: a minute of real time, beside the other files.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { joinToken, startServer } from '../lib/server.mjs';

let server;
before(async () => {
  server = await startServer({ env: { ENABLE_AI_ORBS: 'false' } });
});
after(() => server?.stop());

async function join(sub, role, options) {
  const token = joinToken({ sub, role, name: sub, room: 'alive' });
  const ws = new WebSocket(`${server.ws}/ws-simple/alive?token=${token}`, options);
  await once(ws, 'open');
  ws.send(JSON.stringify({ type: 'join', roomId: 'alive', userId: sub, userRole: role }));
  await once(ws, 'message');
  return ws;
}

test('who answers pings stays, who does not is closed with 4408', { timeout: 400_000 }, async () => {
  const answers = await join('answers', 'coach');
  const mute = await join('mute', 'client', { autoPong: false });
  let pings = 0;
  answers.on('ping', () => pings++);
  const [code] = await once(mute, 'close');
  assert.equal(code, 4408);
  while (pings < 4) {
    const [event] = await Promise.race([once(answers, 'ping').then(() => ['ping']), once(answers, 'close')]);
    assert.equal(event, 'ping', 'the one who answers was closed');
  }
  assert.equal(answers.readyState, WebSocket.OPEN);
  answers.close();
});
