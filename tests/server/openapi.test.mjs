// docs/openapi.yaml against the running server and its table of routes: nothing is undocumented, nothing is promised
// that does not happen, and each documented answer was seen, save those named in UNSEEN.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import yaml from 'js-yaml';
import { Participant, enter, wsUrl } from '../lib/participant.mjs';
import { cookiesOf, joinToken, ROOT, startServer } from '../lib/server.mjs';

const doc = yaml.load(fs.readFileSync(path.join(ROOT, 'docs/openapi.yaml'), 'utf8'));
const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

const resolve = (node) =>
  node?.$ref ? resolve(node.$ref.slice(2).split('/').reduce((at, key) => at[key], doc) ?? assert.fail(node.$ref)) : node;

/** { 'get /api/me': operation, ... } */
const operations = Object.fromEntries(
  Object.entries(doc.paths).flatMap(([address, item]) =>
    METHODS.filter((method) => item[method]).map((method) => [`${method} ${address}`, item[method]]),
  ),
);

/** As much of JSON Schema 2020-12 as the document uses; what it does not know it refuses. */
function check(value, schemaOrRef, where) {
  const schema = resolve(schemaOrRef);
  for (const key of Object.keys(schema)) {
    assert.ok(['type', 'properties', 'required', 'additionalProperties', 'items', 'enum', 'const', 'pattern', 'anyOf', 'description'].includes(key), `${where}: ${key}`);
  }
  if (schema.anyOf) {
    assert.ok(schema.anyOf.some((one) => { try { check(value, one, where); return true; } catch { return false; } }), `${where}: ${JSON.stringify(value)}`);
  }
  if (schema.type) {
    const type = value === null ? 'null' : Array.isArray(value) ? 'array' : Number.isInteger(value) ? 'integer' : typeof value;
    assert.ok([schema.type].flat().includes(type), `${where}: ${type} is not ${schema.type}`);
  }
  if (schema.enum) {
    assert.ok(schema.enum.includes(value), `${where}: ${value} of ${schema.enum}`);
  }
  if ('const' in schema) {
    assert.equal(value, schema.const, where);
  }
  if (schema.pattern && typeof value === 'string') {
    assert.match(value, new RegExp(schema.pattern), where);
  }
  for (const name of schema.required ?? []) {
    assert.ok(name in value, `${where}: ${name} is missing`);
  }
  for (const [name, member] of Object.entries(schema.properties ? value : {})) {
    assert.ok(schema.additionalProperties !== false || schema.properties[name], `${where}: ${name} is not documented`);
    if (schema.properties[name]) {
      check(member, schema.properties[name], `${where}.${name}`);
    }
  }
  if (schema.items) {
    value.forEach((item, index) => check(item, schema.items, `${where}[${index}]`));
  }
}

const seen = new Set();
let server, coach, client, stranger, admin;

/** Does it, holds the answer against the document, and notes that it was seen. */
async function does(operation, status, { room = 'r1', query = '', cookie, headers, body, url = server.url } = {}) {
  const described = resolve(operations[operation]?.responses[status]);
  assert.ok(described, `${operation} ${status} is documented`);
  const [method, address] = operation.split(' ');
  const response = await fetch(url + address.replace(/\{\w+\}/, room) + query, {
    method: method.toUpperCase(),
    redirect: 'manual',
    body: body && JSON.stringify(body),
    headers: { ...(cookie ? { cookie } : {}), ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
  });
  const text = await response.text();
  assert.equal(response.status, Number(status), `${operation}: ${text}`);
  const [type] = response.headers.get('content-type').split(';');
  assert.ok(Object.keys(described.content).includes(type), `${operation} ${status}: ${type}`);
  for (const [name, header] of Object.entries(described.headers ?? {})) {
    assert.ok(response.headers.has(name) || !header.required, `${operation} ${status} has ${name}`);
    check(response.headers.get(name) ?? '', header.schema, name);
  }
  const answer = type.startsWith('text/') ? text : JSON.parse(text);
  check(answer, described.content[type].schema, `${operation} ${status}`);
  if (type === 'application/problem+json') {
    assert.equal(answer.status, Number(status));
  }
  seen.add(`${operation} ${status}`);
  return { answer, cookies: cookiesOf(response), response };
}

const signIn = async ({ email, password }) => {
  const { answer, cookies } = await does('post /api/sign-in', 200, { body: { email, password, return: '/room/r1' } });
  return { cookie: cookies[0].split(';')[0], csrf: answer.csrf };
};

before(async () => {
  server = await startServer({
    env: { ENABLE_AI_ORBS: 'false', STUN_URLS: 'stun:s.example.org', TURN_URLS: 'turn:t.example.org', TURN_SECRET: 'north' },
  });
  coach = server.addUser({ role: 'coach' });
  client = server.addUser({ role: 'client' });
  stranger = server.addUser({ role: 'client' });
  admin = server.addUser({ role: 'admin' });
  server.addAppointment({ room: 'r1', coach: coach.email, client: client.email, starts: '2026-11-23T18:00:00Z' });
  server.addAppointment({ room: 'r2', coach: coach.email, client: client.email, status: 'test' });
});
after(() => server?.stop());

test('every route of the server is documented, and no other', () => {
  const source = fs.readFileSync(path.join(ROOT, 'src/server/http_site.c'), 'utf8');
  const routes = [...source.matchAll(/\{TC_HTTP_(\w+), "([^"]+)", \w+\}/g)].map(([, method, address]) => `${method.toLowerCase()} ${address.replace(':id', address.includes('/sessions/') ? '{sessionId}' : '{roomId}')}`);
  assert.ok(routes.length > 10, 'the table of routes was read');
  const programs = routes.filter((route) => / (\/api\/|\/healthz|\/readyz|\/metrics|\/room\/\{roomId\}\/leave)/.test(route));
  assert.deepEqual(Object.keys(operations).sort(), programs.sort());
});

test('the document holds together', () => {
  const ids = Object.values(operations).map((operation) => operation.operationId);
  assert.equal(new Set(ids).size, ids.length);
  const refs = [...JSON.stringify(doc).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref);
  refs.forEach(($ref) => resolve({ $ref }));
  for (const [kind, parts] of Object.entries(doc.components)) {
    for (const name of Object.keys(parts).filter(() => kind !== 'securitySchemes')) {
      assert.ok(refs.includes(`#/components/${kind}/${name}`), `${kind}/${name} is used`);
    }
  }
  const tags = doc.tags.map(({ name }) => name);
  for (const operation of Object.values(operations)) {
    const security = operation.security ?? doc.security;
    security.flatMap(Object.keys).forEach((name) => assert.ok(doc.components.securitySchemes[name], name));
    operation.tags.forEach((tag) => assert.ok(tags.includes(tag), tag));
  }
  const meson = fs.readFileSync(path.join(ROOT, 'meson.build'), 'utf8');
  assert.equal(doc.info.version, /version: '([^']+)'/.exec(meson)[1]);
});

test('other methods are refused where there is a route', async () => {
  for (const operation of Object.keys(operations)) {
    const [method, address] = operation.split(' ');
    const other = method === 'get' ? 'POST' : 'GET';
    const response = await fetch(server.url + address.replace(/\{\w+\}/, 'r1'), { method: other });
    assert.equal(response.status, 405, `${other} ${address}`);
    assert.equal(response.headers.get('allow'), method === 'get' ? 'GET, HEAD' : 'POST', address);
    if (method === 'get') {
      assert.notEqual((await fetch(server.url + address.replace(/\{\w+\}/, 'r1'), { method: 'HEAD' })).status, 405, address);
    }
  }
});

test('signing in and out', async () => {
  const foreign = { origin: 'https://elsewhere.example' };
  await does('post /api/sign-in', 400, { body: { email: 'x' } });
  await does('post /api/sign-in', 401, { body: { email: coach.email, password: 'not this one' } });
  await does('post /api/sign-in', 403, { body: { email: coach.email, password: coach.password }, headers: foreign });
  const { cookie, csrf } = await signIn(coach);
  await does('get /api/me', 200, { cookie });
  await does('get /api/me', 401);
  await does('post /api/sign-out', 403, { cookie });
  await does('post /api/sign-out', 403, { cookie, headers: { ...foreign, 'x-csrf-token': csrf } });
  await does('post /api/sign-out', 200, { cookie, headers: { 'x-csrf-token': csrf } });
  await does('post /api/sign-out', 200);
  await does('get /api/me', 401, { cookie });
});

test('appointments', async () => {
  const { cookie } = await signIn(coach);
  const { answer } = await does('get /api/appointments', 200, { cookie });
  assert.deepEqual(answer.appointments.map((one) => [one.room, one.starts]), [['r2', null], ['r1', '2026-11-23T18:00:00Z']]);
  await does('get /api/appointments', 401);
});

test('rooms, for those of an appointment, guests and others', async () => {
  const mine = await signIn(client);
  const others = await signIn(stranger);
  await does('get /api/room/{roomId}', 200, { cookie: mine.cookie });
  await does('get /api/room/{roomId}', 200, { room: 'r2', cookie: mine.cookie });
  await does('get /api/room/{roomId}', 401);
  await does('get /api/room/{roomId}', 403, { cookie: others.cookie });
  await does('get /api/room/{roomId}', 404, { room: 'none', cookie: mine.cookie });
  const token = joinToken({ sub: 'guest', name: 'Guest', room: 'site', role: 'client' });
  await does('get /api/room/{roomId}', 200, { room: 'site', query: `?token=${token}` });
  const admitted = await fetch(`${server.url}/room/site?token=${token}`, { redirect: 'manual' });
  const guest = cookiesOf(admitted)[0].split(';')[0];
  const { answer } = await does('get /api/room/{roomId}', 200, { room: 'site', cookie: guest });
  assert.deepEqual([answer.status, answer.minutes, answer.user.id], [null, null, 'guest']);
  assert.equal((await does('get /api/me', 200, { cookie: guest })).answer.user.email, undefined);
});

test('leaving and ending', async () => {
  const them = await signIn(client);
  const owner = await signIn(coach);
  const others = await signIn(stranger);
  for (const [operation, cookie] of [['post /room/{roomId}/leave', them.cookie], ['post /api/room/{roomId}/end', owner.cookie]]) {
    const headers = { 'x-csrf-token': owner.csrf };
    await does(operation, 200, { cookie, headers });
    await does(operation, 401);
    await does(operation, 403, { cookie: others.cookie, headers: { 'x-csrf-token': others.csrf } });
    await does(operation, 403, { cookie, headers: { ...headers, origin: 'https://elsewhere.example' } });
    await does(operation, 404, { room: 'none', cookie });
  }
  await does('post /api/room/{roomId}/end', 403, { cookie: owner.cookie }); // no X-CSRF-Token
  await does('post /api/room/{roomId}/end', 403, { cookie: them.cookie, headers: { 'x-csrf-token': them.csrf } });
});

test('asking for the orb', async () => {
  const owner = await signIn(coach);
  const them = await signIn(client);
  const others = await signIn(stranger);
  const headers = { 'x-csrf-token': owner.csrf };
  const body = { action: 'restart' };
  const operation = 'post /api/room/{roomId}/orb';
  const own = await startServer({
    env: { ORB_COMMAND: `"${process.execPath}" "${ROOT}/tests/mock/wordless-orb.mjs" `, WORDS: 'summary', ORB_KILL_GRACE: '500' },
  });
  const token = joinToken({ sub: 'co', name: 'Co', room: 'guests', role: 'coach' });
  const asks = () => does(operation, 200, { url: own.url, room: 'guests', query: `?token=${token}`, body });
  const is = (state) => (message) => message.type === 'orb-state' && message.state === state;
  const person = await enter(own, 'guests', 'co', 'coach');
  await person.next(is('ready'));
  await asks();
  await person.next(is('restarting'));
  await person.next(is('ready'));
  await person.close();
  await own.stop();
  await does(operation, 400, { cookie: owner.cookie, headers, body: { action: 'dance' } });
  await does(operation, 401, { body });
  await does(operation, 403, { cookie: owner.cookie, body }); // no X-CSRF-Token
  await does(operation, 403, { cookie: them.cookie, headers: { 'x-csrf-token': them.csrf }, body });
  await does(operation, 403, { cookie: others.cookie, headers: { 'x-csrf-token': others.csrf }, body });
  await does(operation, 404, { room: 'none', cookie: owner.cookie, headers, body });
  await does(operation, 409, { cookie: owner.cookie, headers, body }); // no orbs here
});

test('a session, for its coach', async () => {
  const operation = 'get /api/sessions/{sessionId}';
  const own = await startServer({
    env: { ORB_COMMAND: `"${process.execPath}" "${ROOT}/tests/mock/wordless-orb.mjs" `, WORDS: 'all', ORB_KILL_GRACE: '500' },
  });
  const [ann, bob, zoe, boss] = ['coach', 'client', 'coach', 'admin'].map((role) => own.addUser({ role }));
  own.addAppointment({ room: 'talk', coach: ann.email, client: bob.email });
  const cookieOf = async ({ email, password }) => {
    const { cookies } = await does('post /api/sign-in', 200, { url: own.url, body: { email, password } });
    return cookies[0].split(';')[0];
  };
  const [mine, theirs, others, admins] = [await cookieOf(ann), await cookieOf(bob), await cookieOf(zoe), await cookieOf(boss)];
  const room = async (cookie, id = 'talk') => (await does('get /api/room/{roomId}', 200, { url: own.url, room: id, cookie })).answer;
  const { sessionId } = await room(mine);
  const asks = (status, cookie, more) => does(operation, status, { url: own.url, room: sessionId, cookie, ...more });
  await asks(404, mine); // nobody came yet
  const socket = new Participant(wsUrl(own, 'talk'), { headers: { cookie: mine } });
  assert.equal((await socket.upgraded).status, 101);
  socket.send({ type: 'join', userId: ann.id, userRole: 'coach' });
  await socket.next((message) => message.type === 'transcript' && message.final && message.text.includes('woke you'));
  const { answer: now } = await asks(200, mine);
  assert.deepEqual([now.room, now.endedMs, now.summary], ['talk', null, null]);
  assert.deepEqual(now.transcript.map(({ userName, text }) => [userName, text]), [
    [bob.name, 'I slept <badly> & woke up'],
    ['ai-talk', 'What woke you?'],
  ]);
  const { csrf } = (await does('get /api/me', 200, { url: own.url, cookie: mine })).answer;
  await does('post /api/room/{roomId}/end', 200, { url: own.url, room: 'talk', cookie: mine, headers: { 'x-csrf-token': csrf } });
  let after;
  do {
    after = (await asks(200, mine)).answer; // the orb writes it while we ask
  } while (!after.summary);
  assert.deepEqual([after.summary.progress, after.summary.keyTopics], ['Good', ['sleep']]);
  assert.ok(after.endedMs >= after.startedMs);
  for (const [format, type, head] of [
    ['md', 'text/markdown', /^# Session [^]*## Summary[^]*## Transcript[^]*I slept <badly>/],
    ['vtt', 'text/vtt', /^WEBVTT[^]*&lt;badly&gt;/],
  ]) {
    const { answer, response } = await asks(200, mine, { query: `?format=${format}` });
    assert.match(response.headers.get('content-type'), new RegExp(`^${type}`));
    assert.equal(response.headers.get('content-disposition'), `attachment; filename="session-${sessionId}.${format}"`);
    assert.match(answer, head);
  }
  assert.equal((await asks(200, admins)).answer.id, sessionId);
  await asks(400, mine, { query: '?format=pdf' });
  await asks(401);
  await asks(401, undefined, { room: 'no-such-session' });
  await asks(403, theirs);
  await asks(403, others);
  await asks(404, mine, { room: 'no-such-session' });
  await socket.close();

  // A guest who coaches reads their own; another guest of the room, or a coach of another room, does not.
  const token = (claims) => `?token=${joinToken({ name: 'G', room: 'guests', role: 'coach', ...claims })}`;
  const guest = await enter(own, 'guests', 'g1', 'coach');
  await guest.next((message) => message.type === 'transcript' && message.final);
  const { answer: theirRoom } = await does('get /api/room/{roomId}', 200, { url: own.url, room: 'guests', query: token({ sub: 'g1' }) });
  const guests = (status, claims) => asks(status, undefined, { room: theirRoom.sessionId, query: token(claims) });
  await guests(200, { sub: 'g1' });
  await guests(403, { sub: 'g2' });
  await guests(403, { sub: 'g1', role: 'client' });
  await guests(403, { sub: 'g1', room: 'elsewhere' });
  await guest.close();
  await own.stop();
});

test('ICE servers', async () => {
  const { cookie } = await signIn(client);
  const { answer } = await does('get /api/ice-servers', 200, { cookie });
  assert.deepEqual(answer.iceServers.map(({ urls }) => urls), [['stun:s.example.org'], ['turn:t.example.org']]);
  assert.ok(answer.iceServers[1].credential);
  const authorization = `Bearer ${joinToken({ sub: 'u', name: 'U', room: 'r', role: 'client' })}`;
  await does('get /api/ice-servers', 200, { headers: { authorization } });
  await does('get /api/ice-servers', 401);
});

test('what pages measure', async () => {
  const operation = 'post /api/room/{roomId}/quality';
  const { cookie, csrf } = await signIn(client);
  const others = await signIn(stranger);
  const headers = { 'x-csrf-token': csrf };
  const body = { connections: [{ id: 'c1', peer: 'human', state: 'connected', outcome: 'connected', connectMs: 300, path: 'host', loss: 0, rttMs: 12.5 }] };
  await does(operation, 200, { cookie, headers, body });
  await does(operation, 400, { cookie, headers, body: { connections: [{ id: 'c1', peer: 'human', state: 'connected', loss: 2 }] } });
  await does(operation, 401, { body });
  await does(operation, 403, { cookie, body });
  await does(operation, 403, { cookie: others.cookie, headers: { 'x-csrf-token': others.csrf }, body });
  await does(operation, 403, { cookie, headers: { ...headers, origin: 'https://elsewhere.example' }, body });
  await does(operation, 404, { room: 'none', cookie, headers, body });
  for (let left = 10; left > 0; left--) {
    await does(operation, 200, { cookie, headers, body: { connections: [] } });
  }
  await does(operation, 429, { cookie, headers, body });
});

test('what admins see and do', async () => {
  const { cookie, csrf } = await signIn(admin);
  const other = await signIn(coach);
  const headers = { 'x-csrf-token': csrf };
  const act = 'post /api/admin/orbs/{roomId}';
  const body = { action: 'end' };
  await does('get /api/admin/overview', 200, { cookie });
  await does('get /api/admin/overview', 401);
  await does('get /api/admin/overview', 403, { cookie: other.cookie });
  await does(act, 409, { cookie, headers, body });
  await does(act, 400, { cookie, headers, body: { action: 'kill' } });
  await does(act, 401, { body });
  await does(act, 403, { cookie, body });
  await does(act, 403, { cookie: other.cookie, headers: { 'x-csrf-token': other.csrf }, body });
  await does('get /api/events', 401);
  await does('get /api/events', 403, { cookie: other.cookie });
  const abort = new AbortController();
  const response = await fetch(`${server.url}/api/events`, { headers: { cookie }, signal: abort.signal });
  assert.deepEqual([response.status, response.headers.get('content-type')], [200, 'text/event-stream']);
  seen.add('get /api/events 200');
  abort.abort();
});

test('an orb is ended, with its process', async () => {
  const own = await startServer({ env: { ORB_COMMAND: `"${process.execPath}" "${ROOT}/tests/mock/wordless-orb.mjs"`, WORDS: 'summary' } });
  const boss = own.addUser({ role: 'admin' });
  const person = await enter(own, 'acted', 'u1', 'client');
  await person.next((m) => m.type === 'orb-state' && m.state === 'ready');
  const { answer, cookies } = await does('post /api/sign-in', 200, { url: own.url, body: { email: boss.email, password: boss.password } });
  const who = { url: own.url, room: 'acted', cookie: cookies[0].split(';')[0], headers: { 'x-csrf-token': answer.csrf } };
  // The books of the dashboard are at most a second old.
  let status = 404;
  while (status === 404) {
    const { answer: overview } = await does('get /api/admin/overview', 200, who);
    status = overview.rooms[0]?.orb?.pid ? 200 : 404;
  }
  await does('post /api/admin/orbs/{roomId}', 200, { ...who, body: { action: 'end' } });
  await person.next((m) => m.type === 'orb-state' && m.state === 'off');
  person.socket.terminate();
  await own.stop();
});

test('for operators', async () => {
  await does('get /healthz', 200);
  await does('get /readyz', 200);
  await does('get /metrics', 200);
});

test('a server that drains is not ready', async () => {
  const own = await startServer({
    env: { ORB_COMMAND: `"${process.execPath}" "${ROOT}/tests/mock/wordless-orb.mjs" `, WORDS: 'stays', ORB_KILL_GRACE: '5000' },
  });
  const person = await enter(own, 'drain', 'u1', 'client');
  await person.next((m) => m.type === 'orb-state' && m.state === 'ready');
  own.child.kill('SIGTERM');
  await own.logged(/draining/);
  const { answer } = await does('get /readyz', 503, { url: own.url });
  assert.deepEqual([answer.status, answer.checks.database], ['draining', 'ok']);
  person.socket.terminate();
  await own.stop('SIGTERM'); // the second: at once
});

test('too many wrong passwords', async () => {
  for (let left = 10; left > 0; left--) {
    await does('post /api/sign-in', 401, { body: { email: 'nobody@example.org', password: `guess ${left}` } });
  }
  await does('post /api/sign-in', 429, { body: { email: 'nobody@example.org', password: 'guess' } });
});

/** The answer to bytes as fetch() never sends them: { status, headers, body }. */
const raw = (text) =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(server.url);
    const socket = net.connect(Number(port), hostname, () => socket.write(text));
    let got = '';
    socket.setEncoding('utf8').on('data', (chunk) => (got += chunk));
    socket.on('error', reject).on('close', () => {
      const [head, body] = got.split('\r\n\r\n');
      const [status, ...fields] = head.split('\r\n');
      const headers = Object.fromEntries(fields.map((field) => /^([^:]+): *(.*)$/.exec(field).slice(1)));
      resolve({ status: Number(status.split(' ')[1]), headers, body });
    });
    socket.setTimeout(20_000, () => socket.destroy(new Error(`not closed: ${text}`)));
  });

test('what is no clear request is refused everywhere alike, with the headers of every answer', async () => {
  const unclear = { 400: 'Content-Length: 2\r\nTransfer-Encoding: chunked', 411: 'Transfer-Encoding: chunked', 413: 'Content-Length: 70000', 431: `Cookie: ${'c'.repeat(9000)}` };
  const always = Object.keys(Object.fromEntries((await fetch(`${server.url}/healthz`)).headers)).filter((name) => !['connection', 'keep-alive', 'date'].includes(name));
  assert.ok(always.includes('content-security-policy') && always.includes('x-content-type-options'));
  for (const operation of Object.keys(operations)) {
    const [method, address] = operation.split(' ');
    for (const [status, headers] of Object.entries(unclear)) {
      const answer = await raw(`${method.toUpperCase()} ${address.replace(/\{\w+\}/, 'r1')} HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n`);
      assert.equal(answer.status, Number(status), operation);
      assert.equal(answer.headers['content-type'], 'application/problem+json', operation);
      assert.equal(answer.headers.connection, 'close', operation);
      assert.deepEqual(always.filter((name) => !(name in answer.headers)), [], operation);
      const described = resolve(operations[operation].responses[status]);
      assert.ok(described, `${operation} ${status} is documented`);
      check(JSON.parse(answer.body), described.content['application/problem+json'].schema, `${operation} ${status}`);
      assert.equal(JSON.parse(answer.body).status, Number(status));
      seen.add(`${operation} ${status}`);
    }
  }
});

/** A database that does not answer, or no memory: not to be had from outside. */
const UNSEEN = (answer) => answer.endsWith(' 503') && !answer.startsWith('get /readyz');

test('each documented answer was given', () => {
  const documented = Object.entries(operations).flatMap(([operation, { responses }]) => Object.keys(responses).map((status) => `${operation} ${status}`));
  assert.deepEqual(documented.filter((answer) => !seen.has(answer) && !UNSEEN(answer)), []);
});
