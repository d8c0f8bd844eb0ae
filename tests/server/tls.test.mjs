// The server speaks TLS itself, with a certificate that nobody knows: pages, sockets, and how the orb gets in.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { after, before, test } from 'node:test';
import { orbs } from '../lib/processes.mjs';
import { Participant } from '../lib/participant.mjs';
import { AIORB, joinToken, ROOT, startServer, tricall } from '../lib/server.mjs';

const QUIET = { ORB_RECOGNIZER: 'null', ORB_SYNTHESIZER: 'null' };
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tricall-tls-'));
const cert = path.join(folder, 'cert.pem');
const key = path.join(folder, 'key.pem');
let ca;
let server;

before(async () => {
  execFileSync('openssl', [
    'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=tricall test',
    '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert,
  ], { stdio: 'ignore' });
  ca = fs.readFileSync(cert);
  server = await startServer({ env: { TLS_CERT: cert, TLS_KEY: key, ...QUIET } });
});
after(async () => {
  const { code } = await server.stop();
  fs.rmSync(folder, { recursive: true, force: true });
  assert.equal(code, 0);
});

const port = () => Number(new URL(server.url).port);

/** { status, headers, body }, with the certificate checked. */
const request = (address, { method = 'GET', headers = {}, body } = {}) =>
  new Promise((resolve, reject) => {
    const req = https.request({ host: 'localhost', port: port(), path: address, method, headers, ca }, (res) => {
      let text = '';
      res.setEncoding('utf8').on('data', (chunk) => (text += chunk));
      res.on('end', () => resolve({ status: res.statusCode, headers: res.headers, body: text }));
    });
    req.on('error', reject);
    req.end(body);
  });

async function join(room, userId, role, options) {
  const token = joinToken({ sub: userId, name: userId, room, role });
  const person = new Participant(`wss://localhost:${port()}/ws-simple/${room}?token=${token}`, { ca, ...options });
  await person.upgraded;
  person.send({ type: 'join', roomId: room, userId, userRole: role, userName: userId });
  person.discovery = await person.next('peer-discovery');
  return person;
}

test('pages come over https, with Secure cookies and HSTS', async () => {
  assert.match(server.url, /^https:/);
  const home = await request('/');
  assert.equal(home.status, 200);
  assert.match(home.body, /<!doctype html>/i);
  assert.match(home.headers['strict-transport-security'], /max-age=\d+/);
  const user = server.addUser({ role: 'coach' });
  const signedIn = await request('/api/sign-in', {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: `https://localhost:${port()}` },
    body: JSON.stringify({ email: user.email, password: user.password }),
  });
  assert.equal(signedIn.status, 200, signedIn.body);
  const [cookie] = signedIn.headers['set-cookie'];
  assert.match(cookie, /; Secure/);
  assert.match(cookie, /; HttpOnly/);
  const me = await request('/api/me', { headers: { cookie: cookie.split(';')[0] } });
  assert.equal(JSON.parse(me.body).user.id, user.id);
});

test('no HTTP/2 is agreed on, whoever asks for it', { timeout: 300_000 }, async () => {
  const agreed = (ALPNProtocols) =>
    new Promise((resolve) => {
      const socket = tls.connect({ host: 'localhost', port: port(), ca, servername: 'localhost', ALPNProtocols });
      socket.on('secureConnect', () => {
        resolve(socket.alpnProtocol);
        socket.destroy();
      });
      socket.on('error', () => resolve('refused'));
    });
  assert.equal(await agreed(['h2', 'http/1.1']), 'http/1.1');
  assert.notEqual(await agreed(['h2']), 'h2');
  const headers = { upgrade: 'h2c', connection: 'Upgrade, HTTP2-Settings', 'http2-settings': 'AAMAAABkAAQAAP__' };
  assert.equal((await request('/healthz', { headers })).status, 200);
});

test('a page of the same host in plain http is another origin', async () => {
  const token = joinToken({ sub: 'u', name: 'U', room: 'origins', role: 'client' });
  const admitted = await request(`/room/origins?token=${token}`);
  const [cookie] = admitted.headers['set-cookie'];
  assert.match(cookie, /; Secure/);
  const from = async (origin) => {
    const headers = { cookie: cookie.split(';')[0] };
    const person = new Participant(`wss://localhost:${port()}/ws-simple/origins`, { ca, origin, headers });
    const { status } = await person.upgraded;
    person.socket.terminate();
    return status;
  };
  assert.equal(await from(`http://localhost:${port()}`), 403);
  assert.equal(await from(`https://localhost:${port()}`), 101);
});

test('wss carries signaling, and our orb joins by a port of its own', { timeout: 300_000 }, async () => {
  const client = await join('secure', 'c1', 'client');
  const coach = await join('secure', 'c2', 'coach');
  assert.equal(coach.discovery.peers.some((peer) => peer.userId === 'c1'), true);
  coach.send({ type: 'offer', toId: 'c1', offer: { type: 'offer', sdp: 'v=0\r\n' } });
  assert.equal((await client.next('offer')).fromId, 'c2');
  await client.next((m) => m.type === 'orb-state' && m.state === 'ready');
  assert.equal(client.all.some((m) => m.type === 'user-joined' && m.participantType === 'ai'), true);
  assert.equal(orbs(server.pid).length, 1);
  await Promise.all([client.close(), coach.close()]);
});

test("the orbs' port takes orbs only, on loopback only", async () => {
  const [, orbPort] = await server.logged(/orbs reach us on 127\.0\.0\.1 port (\d+), without TLS/);
  const at = (role) =>
    new Participant(`ws://127.0.0.1:${orbPort}/ws-simple/r?token=${joinToken({ sub: 'x', name: 'X', room: 'r', role })}`);
  assert.equal((await at('coach').upgraded).status, 403);
  assert.equal((await at('client').upgraded).status, 403);
  assert.equal((await new Participant(`ws://127.0.0.1:${orbPort}/ws-simple/r`).upgraded).status, 401);
  const orb = at('ai');
  assert.equal((await orb.upgraded).status, 101);
  await orb.close();
  for (const address of ['/', '/api/me', '/metrics', '/ui/app.css', '/room/r']) {
    assert.equal((await fetch(`http://127.0.0.1:${orbPort}${address}`)).status, 404, address);
  }
});

/** aiorb by hand, at the TLS port itself; resolves with how it ended, or as soon as `stop` says. */
function orbAt(url, env) {
  const args = ['--room=by-hand', '--session=s', '--coach=c2', '--client=c1', '--max-lifetime=60000', '--idle-timeout=60000'];
  const token = joinToken({ sub: 'orb', name: 'Orb', room: 'by-hand', role: 'ai' });
  const child = spawn(AIORB, args, {
    env: { ...process.env, ...QUIET, CPU_WEBSOCKET_URL: url, ORB_TOKEN: token, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (chunk) => (log += chunk));
  const exited = new Promise((resolve) => child.on('exit', (code) => resolve({ code, log })));
  return { child, exited };
}

test('our orb joins over wss where it is told whom to trust', { timeout: 300_000 }, async () => {
  const { child, exited } = orbAt(`wss://localhost:${port()}`, { ORB_TLS_CA: cert });
  const client = await join('by-hand', 'c1', 'client');
  if (!client.discovery.peers.some((peer) => peer.participantType === 'ai')) {
    await client.next((m) => m.type === 'user-joined' && m.userId === 'orb');
  }
  child.kill('SIGTERM');
  assert.equal((await exited).code, 0);
  await client.close();
});

test('it trusts no certificate that it was not told of, nor one of another name', { timeout: 300_000 }, async () => {
  const ends = await Promise.all([
    orbAt(`wss://localhost:${port()}`, {}).exited,
    orbAt(`wss://127.0.0.1:${port()}`, { ORB_TLS_CA: cert }).exited,
  ]);
  assert.deepEqual(ends.map(({ code }) => code), [69, 69], JSON.stringify(ends));
});

test("a Node orb that knows ws:// only gets in beside TLS", { timeout: 300_000 }, async () => {
  const orb = path.join(ROOT, 'tests/mock/wordless-orb.mjs');
  const own = await startServer({
    env: { TLS_CERT: cert, TLS_KEY: key, ORB_COMMAND: `"${process.execPath}" "${orb}"`, WORDS: 'summary' },
  });
  try {
    const token = joinToken({ sub: 'c1', name: 'C', room: 'node', role: 'client' });
    const client = new Participant(`${own.ws}/ws-simple/node?token=${token}`, { ca, servername: 'localhost' });
    await client.upgraded;
    client.send({ type: 'join', roomId: 'node', userId: 'c1', userRole: 'client' });
    await client.next((m) => m.type === 'orb-state' && m.state === 'ready');
    await client.close();
  } finally {
    await own.stop();
  }
});

test('with CPU_WEBSOCKET_URL there is no second port', async () => {
  const own = await startServer({ env: { TLS_CERT: cert, TLS_KEY: key, CPU_WEBSOCKET_URL: 'wss://localhost:1' } });
  assert.doesNotMatch(own.log(), /without TLS/);
  await own.stop();
});

test('a key that is none stops the start and says which file', () => {
  assert.throws(
    () => tricall(['serve', '--port', '0', '--data-dir', folder, '--tls-cert', cert, '--tls-key', cert], { cwd: folder }),
    (error) => error.status === 1 && /tricall: TLS does not start: .*cert\.pem holds no PEM key/.test(String(error.stderr)),
  );
});
