// The live events as a program hears them: what comes first, what was missed, and who is heard no more.
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { until } from '../e2e/browser.mjs';
import { enter } from '../lib/participant.mjs';
import { cookiesOf, ROOT, startServer } from '../lib/server.mjs';

let server, headers;
before(async () => {
  server = await startServer({
    env: { ORB_COMMAND: `"${process.execPath}" "${ROOT}/tests/mock/wordless-orb.mjs"`, WORDS: 'summary', ORB_CLEANUP_GRACE_PERIOD: '50' },
  });
  const { email, password } = server.addUser({ role: 'admin' });
  const response = await fetch(`${server.url}/api/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });
  headers = { cookie: cookiesOf(response)[0].split(';')[0] };
});
after(() => server?.stop());

/** The stream, taken apart: next(name) waits for an event that was not taken yet. */
class Events {
  constructor(more = {}) {
    this.messages = [];
    this.waiting = [];
    // Not by fetch: that of Node 18 does not always end a body that is given up.
    this.request = http.get(`${server.url}/api/events`, { headers: { ...headers, ...more } }, (response) => this.#read(response));
    this.request.on('error', () => {});
    this.done = new Promise((resolve) => this.request.on('close', resolve));
  }

  #read(response) {
    assert.equal(response.statusCode, 200);
    let text = '';
    response.on('error', () => {});
    response.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
      const parts = text.split('\n\n');
      text = parts.pop();
      for (const part of parts) {
        const fields = Object.fromEntries(part.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]));
        this.messages.push({ ...fields, data: fields.data && JSON.parse(fields.data) });
      }
      this.waiting.splice(0).forEach((wake) => wake());
    });
  }

  async next(fits) {
    for (;;) {
      const index = this.messages.findIndex(fits);
      if (index >= 0) {
        return this.messages.splice(index, 1)[0];
      }
      await new Promise((resolve) => this.waiting.push(resolve));
    }
  }

  close() {
    this.request.destroy();
    return this.done;
  }
}
const step = (room, to) => ({ event, data }) => event === 'step' && data.room === room && data.to === to;

test('first everything, then what changes, and after a pause what was missed', async () => {
  const first = new Events();
  assert.ok((await first.next(({ retry }) => retry)).retry);
  const snapshot = await first.next(({ event }) => event === 'snapshot');
  assert.deepEqual(snapshot.data.rooms, []);
  assert.ok(Array.isArray(snapshot.data.steps));
  const person = await enter(server, 'feed', 'u1', 'client');
  const { id } = await first.next(step('feed', 'ready'));
  assert.match(id, /^[a-z0-9]{8}-\d+$/);
  const update = await first.next(({ event, data }) => event === 'update' && data.rooms.some(({ room }) => room === 'feed'));
  assert.deepEqual(update.data.rooms[0].people, [{ role: 'client', away: false }]);
  await first.close();

  person.send({ type: 'leave' });
  const other = new Events();
  await other.next(({ event }) => event === 'snapshot');
  await until('the orb to be gone', async () => {
    const { rooms } = await (await fetch(`${server.url}/api/admin/overview`, { headers })).json();
    return rooms.length === 0;
  });
  await other.close();
  const back = new Events({ 'Last-Event-ID': id });
  await back.next(step('feed', 'draining'));
  await back.next(step('feed', 'gone'));
  const again = await back.next(({ event }) => event === 'snapshot');
  assert.equal(again.data.steps, undefined, 'it knows them');
  assert.ok(!back.messages.some(step('feed', 'ready')), 'nothing twice');
  await back.close();
  await person.close();
  const stranger = new Events({ 'Last-Event-ID': 'elsewhere-7' });
  assert.ok((await stranger.next(({ event }) => event === 'snapshot')).data.steps.length > 0);
  await stranger.close();
});

test('readers that go are noticed, and there is a limit to them', async () => {
  const readers = async () => {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    return Number(/^tricall_event_readers (\d+)$/m.exec(text)[1]);
  };
  await until('the readers before to be gone', async () => (await readers()) === 0);
  const many = Array.from({ length: 32 }, () => new Events());
  await Promise.all(many.map((one) => one.next(({ event }) => event === 'snapshot')));
  assert.equal(await readers(), 32);
  const refused = await fetch(`${server.url}/api/events`, { headers });
  assert.equal(refused.status, 503);
  await refused.text();
  await Promise.all(many.map((one) => one.close()));
  await until('they are gone', async () => (await readers()) === 0);
});

test('who does not read holds nobody up', async () => {
  const socket = net.connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.pause();
  socket.write(`GET /api/events HTTP/1.1\r\nHost: ${server.host}\r\nCookie: ${headers.cookie}\r\n\r\n`);
  const events = new Events();
  await events.next(({ event }) => event === 'snapshot');
  const person = await enter(server, 'slow', 'u1', 'client');
  await events.next(step('slow', 'ready'));
  socket.destroy();
  await events.close();
  await person.close();
});

test('the stream ends with the server', async () => {
  const events = new Events();
  await events.next(({ event }) => event === 'snapshot');
  await server.stop('SIGINT');
  await events.done;
  server = null;
});
