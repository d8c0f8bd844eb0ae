// POST /api/room/:roomId/end: the coach ends the session for everybody.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { enter, Participant, wsUrl } from '../lib/participant.mjs';
import { cookiesOf, ROOT, joinToken, startServer, tricall } from '../lib/server.mjs';

const ORB = path.join(ROOT, 'tests/mock/wordless-orb.mjs');
let server, coach, client, admin, stranger;

before(async () => {
  server = await startServer({ env: { ORB_COMMAND: `"${process.execPath}" "${ORB}"`, WORDS: 'summary' } });
  coach = await person('coach', 'ann@example.org');
  client = await person('client', 'bob@example.org');
  stranger = await person('coach', 'zoe@example.org');
  admin = await person('admin', 'root@example.org');
  for (const room of ['r1', 'r2', 'r3']) {
    server.addAppointment({ room, coach: coach.email, client: client.email });
  }
});
after(() => server?.stop());

async function person(role, email) {
  const user = server.addUser({ role, email });
  const answer = await fetch(`${server.url}/api/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password: user.password }),
  });
  const { csrf } = await answer.json();
  return { ...user, csrf, cookie: cookiesOf(answer)[0].split(';')[0] };
}

async function end(room, { cookie, csrf } = {}, headers = {}) {
  const answer = await fetch(`${server.url}/api/room/${room}/end`, {
    method: 'POST',
    headers: { ...(cookie && { cookie }), ...(csrf && { 'x-csrf-token': csrf }), ...headers },
  });
  return { status: answer.status, type: answer.headers.get('content-type'), body: await answer.json() };
}

/** The journal writes beside the loop: asks until it is there. */
async function summaryOf(id) {
  for (const end = Date.now() + 30_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 100))) {
    const shown = tricall(['session', 'export', id, '--format', 'json', '--data-dir', server.dataDir]);
    const { summary } = JSON.parse(shown);
    if (summary) {
      return summary;
    }
  }
  throw new Error(`no summary of ${id}`);
}

async function join(room, { id, cookie, role }) {
  const one = new Participant(wsUrl(server, room), { headers: { cookie } });
  await one.upgraded;
  one.send({ type: 'join', roomId: room, userId: id, userRole: role, participantType: 'human' });
  await one.next('peer-discovery');
  return one;
}

test('everybody is told and closed with 4000, the orb is asked and its summary kept', async () => {
  const people = [await join('r1', coach), await join('r1', client)];
  for (const one of people) {
    await one.next((m) => m.type === 'orb-state' && m.state === 'ready');
  }
  const { sessionId } = await (await fetch(`${server.url}/api/room/r1`, { headers: coach })).json();
  const answer = await end('r1', coach);
  assert.deepEqual([answer.status, answer.body], [200, { success: true }]);
  for (const one of people) {
    assert.deepEqual(await one.next('session-ended'), { type: 'session-ended', reason: 'session_complete' });
    assert.equal((await one.closed).code, 4000);
    assert.deepEqual(one.all.at(-1), { type: 'session-ended', reason: 'session_complete' });
  }
  await server.logged(/asked to end: session_complete/);
  await server.logged(/draining -> gone \(session_complete\)/);
  await server.logged(new RegExp(`call ${sessionId} ends`));
  assert.equal((await summaryOf(sessionId)).progress, 'Good');

  // The room is no worse for it: who comes again begins another session, with another orb.
  const again = await join('r1', client);
  await again.next((m) => m.type === 'orb-state' && m.state === 'ready');
  const next = await (await fetch(`${server.url}/api/room/r1`, { headers: client })).json();
  assert.notEqual(next.sessionId, sessionId);
  await again.close();
});

test('only the coach of the room and admins may', async () => {
  const watch = await join('r2', client);
  const refused = async (status, ...how) => {
    const answer = await end(...how);
    assert.deepEqual([answer.status, answer.type, answer.body.status], [status, 'application/problem+json', status]);
  };
  await refused(401, 'r2');
  await refused(403, 'r2', client);
  await refused(403, 'r2', stranger);
  await refused(404, 'none', coach);
  await refused(403, 'r2', { cookie: coach.cookie });
  await refused(403, 'r2', { cookie: coach.cookie, csrf: client.csrf });
  await refused(403, 'r2', coach, { origin: 'http://evil.example' });
  await refused(403, 'r2', coach, { 'sec-fetch-site': 'cross-site' });
  const get = await fetch(`${server.url}/api/room/r2/end`, { headers: { cookie: coach.cookie } });
  assert.deepEqual([get.status, get.headers.get('allow')], [405, 'POST']);
  await watch.settled();
  assert.equal(watch.count('session-ended'), 0);
  assert.equal((await end('r2', admin)).status, 200);
  assert.equal((await watch.closed).code, 4000);
});

test('a room that nobody is in is ended as well: asking twice is no error', async () => {
  assert.equal((await end('r3', coach)).status, 200);
  assert.equal((await end('r3', coach)).status, 200);
});

test("with join tokens: a coach's is enough, a client's is not", async () => {
  const one = await enter(server, 'guests', 'anna', 'client');
  const token = (role) => joinToken({ sub: `${role}-g`, name: role, room: 'guests', role });
  const bearer = (role) => ({ authorization: `Bearer ${token(role)}` });
  assert.equal((await end('guests', {}, bearer('client'))).status, 403);
  assert.equal((await end('guests', {}, bearer('ai'))).status, 403);
  // In a browser the token is a cookie, and a page must prove that it is ours.
  const admitted = await fetch(`${server.url}/room/guests?token=${token('coach')}`, { redirect: 'manual' });
  const cookie = cookiesOf(admitted)[0].split(';')[0];
  assert.equal((await end('guests', { cookie })).status, 403);
  const { csrf } = await (await fetch(`${server.url}/api/me`, { headers: { cookie } })).json();
  assert.equal((await end('guests', { cookie, csrf })).status, 200);
  assert.equal((await one.closed).code, 4000);
  const two = await enter(server, 'guests', 'anna', 'client');
  assert.equal((await end('guests', {}, bearer('coach'))).status, 200);
  assert.equal((await two.closed).code, 4000);
});

test('who is away just then is told on coming back', async () => {
  const one = await enter(server, 'away', 'anna', 'client');
  const two = await enter(server, 'away', 'ben', 'coach');
  await one.drop();
  const authorization = `Bearer ${joinToken({ sub: 'ben', name: 'Ben', room: 'away', role: 'coach' })}`;
  assert.equal((await end('away', {}, { authorization })).status, 200);
  assert.equal((await two.closed).code, 4000);
  const token = joinToken({ sub: 'anna', name: 'Anna', room: 'away', role: 'client' });
  const back = new Participant(wsUrl(server, 'away', token));
  await back.upgraded;
  back.send({ type: 'join', resume: true });
  assert.equal((await back.next('session-ended')).reason, 'session_complete');
  assert.equal((await back.closed).code, 4000);
});
