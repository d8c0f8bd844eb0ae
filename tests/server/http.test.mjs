// HTTP from outside: pages, sign-in, the API, guests, refusals (docs/protocol, section 4).
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';

import { Participant, enter, wsUrl } from '../lib/participant.mjs';
import { cookiesOf, ROOT, joinToken, startServer } from '../lib/server.mjs';

let server, coach, client, stranger, admin;

before(async () => {
  server = await startServer({
    env: {
      ENABLE_AI_ORBS: 'false',
      STUN_URLS: 'stun:stun.example.org:3478',
      TURN_URLS: 'turn:turn.example.org:3478,turns:turn.example.org:5349',
      TURN_SECRET: 'north',
      PUBLIC_URL: 'http://call.example.org',
    },
  });
  coach = server.addUser({ role: 'coach', name: 'Ann', email: 'ann@example.org' });
  client = server.addUser({ role: 'client', name: 'Bob <b>', email: 'bob@example.org' });
  stranger = server.addUser({ role: 'client', name: 'Zoe', email: 'zoe@example.org' });
  admin = server.addUser({ role: 'admin', name: 'Root', email: 'root@example.org' });
  server.addAppointment({ room: 'r1', coach: coach.email, client: client.email, starts: '2026-11-23T18:00:00Z' });
  server.addAppointment({ room: 'a.b:c@d-e_f', coach: coach.email, client: stranger.email, status: 'test' });
});
after(() => server?.stop());

/** fetch() that follows nothing and shows the cookies that were set. */
async function ask(where, { cookie, ...options } = {}) {
  const response = await fetch(server.url + where, {
    redirect: 'manual',
    ...options,
    headers: { ...(cookie ? { cookie } : {}), ...options.headers },
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    type: response.headers.get('content-type'),
    json: () => JSON.parse(text),
    cookies: cookiesOf(response),
  };
}

const form = (fields, options = {}) => ({ method: 'POST', body: new URLSearchParams(fields), ...options });
const json = (fields, options = {}) => ({
  method: 'POST',
  body: JSON.stringify(fields),
  ...options,
  headers: { 'content-type': 'application/json', ...options.headers },
});

async function signIn({ email, password }) {
  const answer = await ask('/sign-in', form({ email, password }));
  assert.equal(answer.status, 303);
  return answer.cookies[0].split(';')[0];
}

/** Bytes as they are: what fetch() would tidy up. Resolves with the whole answer. */
function raw(text) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(new URL(server.url).port, '127.0.0.1', () => socket.write(text));
    let got = '';
    socket.setEncoding('latin1').on('data', (chunk) => (got += chunk));
    socket.on('close', () => resolve(got)).on('error', reject);
    socket.setTimeout(20_000, () => socket.destroy());
  });
}

test('the front page is the sign-in page, with its headers', async () => {
  const page = await ask('/');
  assert.equal(page.status, 200);
  assert.match(page.text, /<form[^>]*action="\/sign-in"/);
  assert.match(page.headers.get('content-security-policy'), /default-src 'none'; script-src 'self'; style-src 'self';/);
  assert.doesNotMatch(page.headers.get('content-security-policy'), /unsafe/);
  assert.match(page.headers.get('permissions-policy'), /camera=\(self\), microphone=\(self\)/);
  assert.equal(page.headers.get('referrer-policy'), 'no-referrer');
  assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
  assert.equal(page.headers.get('x-frame-options'), 'DENY');
  assert.equal(page.headers.get('cache-control'), 'no-store');
});

test('a form signs in, the cookie is HttpOnly and Lax, the appointments follow', async () => {
  const answer = await ask('/sign-in', form({ email: 'ANN@example.org', password: coach.password }));
  assert.equal(answer.status, 303);
  assert.equal(answer.headers.get('location'), '/');
  const [cookie] = answer.cookies;
  assert.match(cookie, /; HttpOnly/);
  assert.match(cookie, /; SameSite=Lax/);
  assert.doesNotMatch(cookie, /; Secure/);
  const home = await ask('/', { cookie: cookie.split(';')[0] });
  assert.equal(home.status, 200);
  assert.match(home.text, /appointments\.js/);
});

test('JSON signs in too', async () => {
  const answer = await ask('/sign-in', json({ email: coach.email, password: coach.password, return: '/room/r1' }));
  assert.equal(answer.status, 200);
  const body = answer.json();
  assert.deepEqual(body.user, { id: coach.id, name: 'Ann', role: 'coach', email: coach.email });
  assert.equal(body.return, '/room/r1');
  const me = await ask('/api/me', { cookie: answer.cookies[0].split(';')[0] });
  assert.equal(me.json().csrf, body.csrf);
});

test('a wrong password and an unknown person look the same', async () => {
  const wrong = await ask('/sign-in', json({ email: coach.email, password: 'nope' }));
  const unknown = await ask('/sign-in', json({ email: 'nobody@example.org', password: 'nope' }));
  for (const answer of [wrong, unknown]) {
    assert.equal(answer.status, 401);
    assert.equal(answer.type, 'application/problem+json');
    assert.deepEqual(answer.cookies, []);
  }
  assert.equal(wrong.text, unknown.text);
  const page = await ask('/sign-in', form({ email: coach.email, password: 'nope' }));
  assert.equal(page.status, 401);
  assert.match(page.text, /class="message shown" id="wrong"/);
});

test('a sign-in that is no sign-in is 400', async () => {
  assert.equal((await ask('/sign-in', form({ email: 'x' }))).status, 400);
  assert.equal((await ask('/sign-in', json({ email: 1, password: [] }))).status, 400);
  assert.equal((await ask('/sign-in', { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } })).status, 400);
  assert.equal((await ask('/sign-in', { method: 'POST' })).status, 400);
  assert.equal((await ask('/sign-in', form({ email: 'a'.repeat(300), password: 'x' }))).status, 400);
});

test('sign-in leads to rooms and nowhere else', async () => {
  for (const wanted of ['//evil.example', 'https://evil.example', '/\\evil.example', '/room/../..//evil', '/room/r1?x', '/metrics', '/room/r1\r\nx: y']) {
    const answer = await ask('/sign-in', form({ email: coach.email, password: coach.password, return: wanted }));
    assert.equal(answer.headers.get('location'), '/', wanted);
  }
  const answer = await ask('/sign-in', form({ email: coach.email, password: coach.password, return: '/room/a.b:c@d-e_f' }));
  assert.equal(answer.headers.get('location'), '/room/a.b:c@d-e_f');
});

test('a room asks strangers to sign in and brings them back', async () => {
  const answer = await ask('/room/r1');
  assert.equal(answer.status, 302);
  assert.equal(answer.headers.get('location'), '/?return=/room/r1');
});

test('the coach gets room-coach, the client room-client, others 403, nobody 404', async () => {
  const html = { accept: 'text/html' };
  const coachPage = await ask('/room/r1', { cookie: await signIn(coach) });
  assert.equal(coachPage.status, 200);
  assert.equal(coachPage.text, fs.readFileSync(path.join(ROOT, 'web/pages/room-coach.html'), 'utf8'));
  const clientPage = await ask('/room/r1', { cookie: await signIn(client) });
  assert.equal(clientPage.text, fs.readFileSync(path.join(ROOT, 'web/pages/room-client.html'), 'utf8'));
  const cookie = await signIn(stranger);
  const no = await ask('/room/r1', { cookie, headers: html });
  assert.equal(no.status, 403);
  assert.match(no.text, /two other people/);
  const none = await ask('/room/none', { cookie, headers: html });
  assert.equal(none.status, 404);
  assert.match(none.type, /text\/html/);
  assert.equal((await ask('/room/r1', { cookie: await signIn(admin) })).status, 200);
});

test('POST /room/:id/leave answers {"success":true} to its people', async () => {
  const cookie = await signIn(client);
  const answer = await ask('/room/r1/leave', { method: 'POST', cookie });
  assert.equal(answer.status, 200);
  assert.equal(answer.text, '{"success":true}');
  // As navigator.sendBeacon() sends it.
  const beacon = await ask('/room/r1/leave', {
    method: 'POST',
    cookie,
    body: '',
    headers: { origin: server.url, 'content-type': 'text/plain;charset=UTF-8', 'sec-fetch-site': 'same-origin' },
  });
  assert.equal(beacon.text, '{"success":true}');
  assert.equal((await ask('/room/r1/leave', { method: 'POST' })).status, 401);
  assert.equal((await ask('/room/r1/leave', { method: 'POST', cookie: await signIn(stranger) })).status, 403);
  assert.equal((await ask('/room/none/leave', { method: 'POST', cookie })).status, 404);
  assert.equal((await ask('/room/r1/leave', { cookie })).status, 405);
});

test('what another site sends is refused, our public address is not another site', async () => {
  const cookie = await signIn(client);
  const from = (origin) => ask('/room/r1/leave', { method: 'POST', cookie, headers: { origin } });
  assert.equal((await from('http://evil.example')).status, 403);
  assert.equal((await from('null')).status, 403);
  assert.equal((await from(`${server.url}.evil.example`)).status, 403);
  assert.equal((await from('http://call.example.org')).status, 200);
  assert.equal((await from(server.url)).status, 200);
  const cross = await ask('/sign-in', form({ email: coach.email, password: coach.password }, { headers: { 'sec-fetch-site': 'cross-site' } }));
  assert.equal(cross.status, 403);
});

test('/api/me, /api/appointments and /api/room say what the pages need', async () => {
  const cookie = await signIn(coach);
  const me = (await ask('/api/me', { cookie })).json();
  assert.deepEqual(me.user, { id: coach.id, name: 'Ann', role: 'coach', email: coach.email });
  const { appointments } = (await ask('/api/appointments', { cookie })).json();
  assert.equal(appointments.length, 2);
  assert.deepEqual(appointments[1], {
    room: 'r1',
    coach: { id: coach.id, name: 'Ann' },
    client: { id: client.id, name: 'Bob <b>' },
    starts: '2026-11-23T18:00:00Z',
    minutes: 50,
    status: 'scheduled',
  });
  const room = (await ask('/api/room/r1', { cookie })).json();
  assert.equal(room.roomId, 'r1');
  assert.deepEqual(room.user, { id: coach.id, name: 'Ann', role: 'coach' });
  assert.deepEqual(room.people.map((each) => [each.userId, each.name, each.role]), [
    [coach.id, 'Ann', 'coach'],
    [client.id, 'Bob <b>', 'client'],
  ]);
  assert.equal(room.starts, '2026-11-23T18:00:00Z');
  assert.equal(room.minutes, 50);
  assert.match(room.sessionId, /^[a-z2-7]{20}$/);
  const other = (await ask('/api/room/r1', { cookie: await signIn(client) })).json();
  assert.equal(other.sessionId, room.sessionId);
  const escaped = (await ask('/api/room/a.b%3Ac%40d-e_f', { cookie })).json();
  assert.equal(escaped.roomId, 'a.b:c@d-e_f');
  assert.equal(escaped.status, 'test');
});

test('the API refuses with problem+json', async () => {
  for (const [where, status, cookie] of [
    ['/api/me', 401],
    ['/api/appointments', 401],
    ['/api/ice-servers', 401],
    ['/api/room/r1', 401],
    ['/api/room/r1', 403, await signIn(stranger)],
    ['/api/room/none', 404, await signIn(stranger)],
    ['/api/nothing', 404],
    ['/api/room/%20', 404],
  ]) {
    const answer = await ask(where, { cookie, headers: { accept: 'text/html' } });
    assert.equal(answer.status, status, where);
    assert.equal(answer.type, 'application/problem+json', where);
    const problem = answer.json();
    assert.equal(problem.status, status);
    assert.equal(problem.type, 'about:blank');
    assert.ok(problem.title && problem.detail);
  }
});

test('/api/ice-servers has credentials that coturn would take', async () => {
  const { iceServers } = (await ask('/api/ice-servers', { cookie: await signIn(client) })).json();
  assert.deepEqual(iceServers[0], { urls: ['stun:stun.example.org:3478'] });
  const { urls, username, credential } = iceServers[1];
  assert.deepEqual(urls, ['turn:turn.example.org:3478', 'turns:turn.example.org:5349']);
  const [expiry, user] = username.split(':');
  assert.equal(user, client.id);
  assert.ok(Number(expiry) > Date.now() / 1000 + 3600);
  assert.equal(credential, createHmac('sha1', 'north').update(username).digest('base64'));
});

test('a token admits to its room: a cookie, and the bare address', async () => {
  const token = joinToken({ sub: 'guest-1', name: 'Gäst', room: 'r9', role: 'client' });
  const answer = await ask(`/room/r9?token=${token}`);
  assert.equal(answer.status, 302);
  assert.equal(answer.headers.get('location'), '/room/r9');
  assert.match(answer.cookies[0], /; HttpOnly; SameSite=Lax; Max-Age=(3600|359\d)$/);
  const cookie = answer.cookies[0].split(';')[0];
  const page = await ask('/room/r9', { cookie });
  assert.equal(page.status, 200);
  assert.match(page.text, /room-client/);
  const room = (await ask('/api/room/r9', { cookie })).json();
  assert.deepEqual(room.user, { id: 'guest-1', name: 'Gäst', role: 'client' });
  assert.equal((await ask('/api/me', { cookie })).json().user.id, 'guest-1');
  assert.equal((await ask('/api/ice-servers', { cookie })).status, 200);
  assert.equal((await ask('/room/r9/leave', { method: 'POST', cookie })).text, '{"success":true}');
  assert.equal((await ask('/api/room/r1', { cookie })).status, 401);
  assert.equal((await ask('/api/appointments', { cookie })).status, 401);
  const bearer = await ask('/api/room/r9', { headers: { authorization: `Bearer ${token}` } });
  assert.equal(bearer.json().user.id, 'guest-1');
});

test("a link puts no other name on the room's own people", async () => {
  const token = joinToken({ sub: 'evil', name: 'Evil', room: 'r1', role: 'client' });
  const visit = await ask(`/room/r1?token=${token}`);
  assert.equal(visit.status, 302);
  const planted = visit.cookies[0].split(';')[0];
  for (const [who, id, role] of [
    [coach, coach.id, 'coach'],
    [client, client.id, 'client'],
    [stranger, 'evil', 'client'], // not one of the two: the token is what lets her in
  ]) {
    const signedIn = await ask('/api/sign-in', json({ email: who.email, password: who.password }));
    const cookie = `${planted}; ${signedIn.cookies[0].split(';')[0]}`;
    const { user } = (await ask('/api/room/r1', { cookie })).json();
    assert.deepEqual([user.id, user.role], [id, role], who.name);
    assert.equal((await ask('/api/me', { cookie })).json().user.id, who.id, 'the account is whose it is');
    const page = await ask('/room/r1', { cookie });
    assert.match(page.text, role === 'coach' ? /room-coach/ : /room-client/);
    const socket = new Participant(wsUrl(server, 'r1'), { headers: { cookie } });
    assert.equal((await socket.upgraded).status, 101);
    socket.send({ type: 'join', userId: id, userRole: role });
    await socket.next('peer-discovery');
    await socket.close();
  }
  assert.equal((await ask('/api/room/r1', { cookie: planted })).json().user.id, 'evil', 'a guest alone is a guest');
});

test('a token that is wrong in any way admits nobody', async () => {
  const claims = { sub: 'g', room: 'r9', role: 'client' };
  const now = Math.floor(Date.now() / 1000);
  for (const token of [
    'x',
    'a.b.c',
    joinToken({ ...claims, exp: now - 1 }),
    joinToken({ ...claims, nbf: now + 60 }),
    joinToken(claims, { header: { alg: 'none' } }),
    joinToken(claims, { header: { alg: 'HS512' } }),
    joinToken(claims, { secret: 'another-secret-of-thirty-two-bytes!' }),
    joinToken({ ...claims, iss: 'other' }),
    joinToken({ ...claims, role: 'king' }),
    joinToken({ ...claims, sub: undefined }),
    `${joinToken(claims).split('.').slice(0, 2).join('.')}.`,
  ]) {
    const answer = await ask(`/room/r9?token=${token}`);
    assert.equal(answer.status, 401, token);
    assert.deepEqual(answer.cookies, []);
  }
  assert.equal((await ask(`/room/r8?token=${joinToken(claims)}`)).status, 403);
});

test('a link that does not work is told to a guest in words, without a form they cannot use', async () => {
  const claims = { sub: 'g', room: 'r9', role: 'client' };
  const expired = joinToken({ ...claims, exp: Math.floor(Date.now() / 1000) - 1 });
  for (const [room, token, status] of [
    ['r9', expired, 401],
    ['r9', 'half-of-it', 401],
    ['r8', joinToken(claims), 403],
  ]) {
    const page = await ask(`/room/${room}?token=${token}`, { headers: { accept: 'text/html,*/*' } });
    assert.equal(page.status, status);
    assert.match(page.type, /^text\/html/);
    assert.match(page.text, /<h1>This link does not open the call<\/h1>[^]*Ask whoever sent it/);
    assert.doesNotMatch(page.text, /password|token/i);
    const program = await ask(`/room/${room}?token=${token}`, { headers: { accept: 'application/json' } });
    assert.equal(program.type, 'application/problem+json');
    assert.match(program.json().detail, /token/);
  }
});

test('a browser keeps the cookies of a few rooms only', async () => {
  const cookies = [];
  for (let i = 0; i < 6; i++) {
    const token = joinToken({ sub: 'g', room: `many-${i}`, role: 'client' });
    const answer = await ask(`/room/many-${i}?token=${token}`, { cookie: cookies.join('; ') });
    for (const line of answer.cookies) {
      const [pair] = line.split(';');
      const gone = cookies.findIndex((each) => each.split('=')[0] === pair.split('=')[0]);
      if (gone >= 0) cookies.splice(gone, 1);
      if (!/Max-Age=0/.test(line)) cookies.push(pair);
    }
    assert.ok(cookies.length <= 4);
    assert.equal((await ask(`/room/many-${i}`, { cookie: cookies.join('; ') })).status, 200);
  }
});

test('the list of appointments is read beside the loop, not on it', { timeout: 300_000 }, async () => {
  // With one thread in the pool, a password being hashed holds the list up, and nobody else.
  const small = await startServer({ env: { ENABLE_AI_ORBS: 'false', UV_THREADPOOL_SIZE: '1' } });
  const ann = small.addUser({ role: 'coach', email: 'ann@example.org' });
  const bob = small.addUser({ role: 'client', email: 'bob@example.org' });
  small.addAppointment({ room: 'one', coach: ann.email, client: bob.email });
  const signIn = JSON.stringify({ email: ann.email, password: ann.password });
  const first = await fetch(`${small.url}/api/sign-in`, { method: 'POST', body: signIn, headers: { 'content-type': 'application/json' } });
  const cookie = first.headers.get('set-cookie').split(';')[0];
  const peer = await enter(small, 'any', 'guest', 'client');
  const events = [];
  const connected = async () => {
    const { hostname, port } = new URL(small.url);
    const socket = net.connect(Number(port), hostname);
    await new Promise((resolve) => socket.once('connect', resolve));
    return socket;
  };
  const [hashing, listing] = [await connected(), await connected()];
  const answers = (socket, name) =>
    new Promise((resolve) => socket.once('data', (data) => resolve(events.push(`${name} ${String(data).slice(9, 12)}`))));
  const both = [answers(hashing, 'sign-in'), answers(listing, 'list')];
  const head = `HTTP/1.1\r\nHost: ${small.host}\r\n`;
  hashing.write(`POST /api/sign-in ${head}Content-Type: application/json\r\nContent-Length: ${signIn.length}\r\n\r\n${signIn}`);
  await peer.settled(); // it was read
  listing.write(`GET /api/appointments ${head}Cookie: ${cookie}\r\n\r\n`);
  await peer.settled();
  events.push('pong');
  await Promise.all(both);
  assert.deepEqual(events, ['pong', 'sign-in 200', 'list 200']);
  hashing.destroy();
  listing.destroy();
  await small.stop();
});

test('what is final is shown once it is stored', { timeout: 300_000 }, async () => {
  const small = await startServer({ env: { ENABLE_AI_ORBS: 'false', UV_THREADPOOL_SIZE: '1' } });
  const person = small.addUser({ role: 'coach', email: 'ann@example.org' });
  const ann = await enter(small, 'told', 'ann', 'coach');
  const orb = await enter(small, 'told', 'orb', 'ai');
  const say = (utteranceId, more) =>
    orb.send({ type: 'transcript', utteranceId, userId: 'ann', text: `words ${utteranceId}`, final: true, startMs: 1, endMs: 2, ...more });
  // With one thread in the pool, passwords being hashed hold the journal up.
  const hashing = [1, 2].map(() => fetch(`${small.url}/api/sign-in`, json({ email: person.email, password: person.password })));
  await fetch(`${small.url}/healthz`);
  await ann.settled();
  say('u1');
  say('u2');
  say('u1'); // again, as it is in the queue already
  say('u3', { text: '' }); // taken back: nothing to store
  await orb.settled();
  await ann.settled();
  assert.equal(ann.count('transcript'), 0, 'not before it is on disk');
  for (const id of ['u1', 'u2', 'u1', 'u3']) {
    assert.equal((await ann.next('transcript')).utteranceId, id);
  }
  assert.deepEqual((await Promise.all(hashing)).map(({ status }) => status), [200, 200]);
  const exit = await small.stop();
  assert.equal(exit.code, 0);
});

test('sign-out ends the session on the server, not only in the browser', async () => {
  const cookie = await signIn(client);
  const { csrf } = (await ask('/api/me', { cookie })).json();
  assert.equal((await ask('/api/sign-out', { method: 'POST', cookie })).status, 403);
  assert.equal((await ask('/sign-out', { method: 'POST', cookie, headers: { 'x-csrf-token': 'wrong' } })).status, 403);
  assert.equal((await ask('/sign-out', { method: 'POST', cookie, headers: { origin: 'http://evil.example' } })).status, 403);
  assert.equal((await ask('/api/me', { cookie })).status, 200);
  const answer = await ask('/sign-out', { method: 'POST', cookie, headers: { 'x-csrf-token': csrf } });
  assert.equal(answer.status, 303);
  assert.match(answer.cookies[0], /^tricall_session=;.*Max-Age=0/);
  assert.equal((await ask('/api/me', { cookie })).status, 401);
});

test('files have validators, types and compression', async () => {
  const plain = await ask('/ui/app.css', { headers: { 'accept-encoding': 'identity' } });
  assert.equal(plain.status, 200);
  assert.equal(plain.type, 'text/css; charset=utf-8');
  assert.equal(plain.headers.get('cache-control'), 'no-cache');
  assert.equal(plain.text, fs.readFileSync(path.join(ROOT, 'web/ui/app.css'), 'utf8'));
  const etag = plain.headers.get('etag');
  assert.equal((await ask('/ui/app.css', { headers: { 'accept-encoding': 'identity', 'if-none-match': etag } })).status, 304);
  assert.equal((await ask('/ui/app.css', { headers: { 'accept-encoding': 'identity', 'if-none-match': '"other"' } })).status, 200);
  const answer = await raw('GET /ui/app.css HTTP/1.1\r\nHost: x\r\nAccept-Encoding: br, gzip\r\nConnection: close\r\n\r\n');
  const split = answer.indexOf('\r\n\r\n');
  assert.match(answer.slice(0, split), /content-encoding: *gzip/i);
  assert.match(answer.slice(0, split), /vary: *accept-encoding/i);
  assert.equal(gunzipSync(Buffer.from(answer.slice(split + 4), 'latin1')).toString(), plain.text);
  const head = await ask('/ui/app.css', { method: 'HEAD', headers: { 'accept-encoding': 'identity' } });
  assert.equal(head.status, 200);
  assert.equal(head.text, '');
  assert.equal(head.headers.get('content-length'), String(Buffer.byteLength(plain.text)));
  assert.equal((await ask('/lib/api.js')).type, 'text/javascript; charset=utf-8');
});

test('no path leads out of the folder', async () => {
  for (const where of ['/../meson.build', '/ui/../../meson.build', '/%2e%2e/meson.build', '/ui/%2e%2e%2f%2e%2e%2fmeson.build', '/..%5cmeson.build', '//etc/passwd', '/ui', '/ui/', '/pages/room-coach.html', '/.git/config']) {
    const answer = await raw(`GET ${where} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    assert.doesNotMatch(answer, /^HTTP\/1.1 200/, where);
    assert.doesNotMatch(answer, /project\(|root:/, where);
  }
});

test('what is no request gets no server down', async () => {
  for (const text of ['\r\n\r\n', 'GET\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', `GET /${'a'.repeat(20000)} HTTP/1.1\r\n\r\n`, 'POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n', 'POST /sign-in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n', 'GET /room/%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 'BREW / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', '\x00\xff\xfe']) {
    await new Promise((resolve) => {
      const socket = net.connect(new URL(server.url).port, '127.0.0.1', () => socket.end(text, 'latin1'));
      socket.on('close', resolve).on('error', () => {}).resume();
      socket.setTimeout(15_000, () => socket.destroy());
    });
  }
  assert.equal((await ask('/healthz')).status, 200);
});

test('a POST that names no length has no body, a too long one is 413', async () => {
  assert.match(await raw('POST /room/r1/leave HTTP/1.1\r\nHost: x\r\n\r\n'), /^HTTP\/1.1 401/);
  assert.match(await raw('POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n'), /^HTTP\/1.1 413/);
  assert.match(await raw('POST /sign-in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'), /^HTTP\/1.1 411/);
});

test('several requests on one connection', async () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const ports = new Set();
  for (const [method, where] of [['GET', '/healthz'], ['HEAD', '/'], ['GET', '/ui/app.css'], ['POST', '/sign-in'], ['GET', '/nothing'], ['GET', '/readyz']]) {
    await new Promise((resolve, reject) => {
      const body = method === 'POST' ? 'email=a&password=b' : '';
      const request = http.request(server.url + where, { method, agent, headers: body ? { 'content-length': body.length } : {} }, (response) => {
        ports.add(response.socket.localPort);
        response.resume().on('end', resolve);
      });
      request.on('error', reject);
      request.end(body);
    });
  }
  agent.destroy();
  assert.equal(ports.size, 1);
});

test('health, readiness and metrics', async () => {
  assert.deepEqual((await ask('/healthz')).json(), { status: 'ok' });
  const checks = { database: 'ok', disk: 'ok', orbs: 'ok', loop: 'ok' };
  assert.deepEqual((await ask('/readyz')).json(), { status: 'ready', checks });
  const metrics = await ask('/metrics');
  assert.match(metrics.type, /^text\/plain; version=0\.0\.4/);
  for (const line of metrics.text.trimEnd().split('\n')) {
    assert.match(line, /^(# (HELP|TYPE) (tricall|process)_\w+ .+|(tricall|process)_\w+(\{(\w+="[^"]*",?)+\})? [0-9.]+)$/);
  }
  assert.match(metrics.text, /^tricall_http_requests_total\{class="2xx"\} [1-9]/m);
  assert.match(metrics.text, /^tricall_build_info\{version="\d/m);
  const names = metrics.text.match(/^tricall_\S+/gm);
  assert.equal(new Set(names).size, names.length);
});

test('/ws-simple without an upgrade is 426', async () => {
  assert.equal((await ask('/ws-simple/r1')).status, 426);
});

test('guessing passwords is slowed down, for the guesser only', async () => {
  const victim = server.addUser({ name: 'Vic', email: 'vic@example.org' });
  let answer;
  for (let i = 0; i < 12; i++) {
    answer = await ask('/sign-in', json({ email: victim.email, password: `guess ${i}` }));
  }
  assert.equal(answer.status, 429);
  assert.ok(Number(answer.headers.get('retry-after')) > 0);
  const right = await ask('/sign-in', json({ email: victim.email, password: victim.password }));
  assert.equal(right.status, 429);
  // A proxy on this machine says who asks.
  const elsewhere = await ask('/sign-in', json({ email: victim.email, password: victim.password }, { headers: { 'x-forwarded-for': '1.2.3.4, 198.51.100.7' } }));
  assert.equal(elsewhere.status, 200);
});

test('many sign-ins at once are all answered', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask('/sign-in', json({ email: coach.email, password: coach.password }))));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
});

test('under an https address cookies are Secure', async () => {
  const other = await startServer({ env: { ENABLE_AI_ORBS: 'false', PUBLIC_URL: 'https://call.example.org' } });
  try {
    const user = other.addUser();
    const answer = await fetch(`${other.url}/sign-in`, { ...form({ email: user.email, password: user.password }), redirect: 'manual' });
    assert.match(cookiesOf(answer)[0], /; Secure$/);
    assert.ok(answer.headers.get('strict-transport-security'));
  } finally {
    await other.stop();
  }
});

test('sessions outlive the server', async () => {
  const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'tricall-http-'));
  let first, second;
  try {
    first = await startServer({ env: { ENABLE_AI_ORBS: 'false' }, dataDir });
    const user = first.addUser();
    const answer = await fetch(`${first.url}/sign-in`, { ...form({ email: user.email, password: user.password }), redirect: 'manual' });
    const cookie = cookiesOf(answer)[0].split(';')[0];
    assert.deepEqual(await first.stop(), { code: 0, signal: null });
    second = await startServer({ env: { ENABLE_AI_ORBS: 'false' }, dataDir });
    const me = await fetch(`${second.url}/api/me`, { headers: { cookie } });
    assert.equal(me.status, 200);
  } finally {
    await first?.stop();
    await second?.stop();
    fs.rmSync(dataDir, { recursive: true, force: true });
  }
});
