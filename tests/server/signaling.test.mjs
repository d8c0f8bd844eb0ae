// protocol.md section 1 from outside, case by case. Long timers are driven by a fake clock in test_rooms.c; here
// only those two that are the contract's own words are waited for, side by side.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { joinToken, startServer } from '../lib/server.mjs';
import { Participant, connect, enter, wsUrl } from '../lib/participant.mjs';

let server;
let rooms = 0;
const newRoom = () => `room-${++rooms}`;

before(async () => {
  server = await startServer({ env: { ENABLE_AI_ORBS: 'false', LOG_LEVEL: 'warn' } });
});
after(async () => {
  const { code } = await server.stop();
  assert.equal(code, 0, 'the server ends cleanly');
});

const call = async (room = newRoom()) => {
  const coach = await enter(server, room, 'coach', 'coach');
  const client = await enter(server, room, 'client', 'client');
  const orb = await enter(server, room, 'orb', 'ai');
  await Promise.all([coach.settled(), client.settled()]);
  for (const one of [coach, client, orb]) {
    one.inbox.length = 0;
    one.all.length = 0;
  }
  return { room, coach, client, orb };
};

const upgrade = async (url, options) => {
  const participant = new Participant(url, options);
  const answer = await participant.upgraded;
  if (answer.status === 101) {
    await participant.close();
  }
  return answer.status;
};

const claims = (room, more = {}) => ({ sub: 'u1', name: 'U', room, role: 'client', ...more });
const nowSeconds = () => Math.floor(Date.now() / 1000);

/** A raw upgrade; resolves with the socket once the 101 has come. */
function rawSocket(room) {
  const token = joinToken({ sub: 'raw', name: 'Raw', room, role: 'client' });
  const { hostname, port } = new URL(server.url);
  const socket = net.connect(Number(port), hostname);
  socket.on('error', () => {});
  socket.write(
    `GET /ws-simple/${room}?token=${token} HTTP/1.1\r\nHost: ${server.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
  );
  return new Promise((resolve) => socket.once('data', () => resolve(socket)));
}

describe('signaling', { concurrency: true }, () => {
  describe('upgrade', { concurrency: true }, () => {
    it('admits a join token in the query and in Authorization', async () => {
      const token = joinToken(claims('in'));
      assert.equal(await upgrade(wsUrl(server, 'in', token)), 101);
      assert.equal(await upgrade(wsUrl(server, 'in'), { headers: { authorization: `Bearer ${token}` } }), 101);
    });

    it('answers 401 without proof, and to tokens that prove nothing', async () => {
      const none = { alg: 'none', typ: 'JWT' };
      const good = joinToken(claims('in'));
      const refused = {
        'no token': undefined,
        rubbish: 'abc',
        'alg none': joinToken(claims('in'), { header: none }),
        'alg none, unsigned': joinToken(claims('in'), { header: none }).replace(/[^.]*$/, ''),
        'alg HS512': joinToken(claims('in'), { header: { alg: 'HS512', typ: 'JWT' } }),
        'wrong secret': joinToken(claims('in'), { secret: 'another-secret-of-thirty-two-bytes!' }),
        'changed after signing': good.replace(/^([^.]*)\.([^.]*)/, (all, head, body) =>
          `${head}.${Buffer.from(Buffer.from(body, 'base64url').toString().replace('client', 'coach.')).toString('base64url')}`),
        expired: joinToken(claims('in', { exp: nowSeconds() - 5 })),
        'not yet valid': joinToken(claims('in', { nbf: nowSeconds() + 600 })),
        'unknown key': joinToken(claims('in', { iss: 'nobody' })),
      };
      for (const [name, token] of Object.entries(refused)) {
        assert.equal(await upgrade(wsUrl(server, 'in', token)), 401, name);
      }
    });

    it('answers 403 to a token of another room', async () => {
      assert.equal(await upgrade(wsUrl(server, 'other', joinToken(claims('in')))), 403);
    });

    it('answers 404 on any other path', async () => {
      const token = joinToken(claims('in'));
      for (const path of ['/', '/ws', '/ws-simple', '/ws-simple/', '/ws-simple/in/more', '/ws-simple/a%20b', '/orb//ws-simple/in']) {
        assert.equal(await upgrade(`${server.ws}${path}?token=${token}`), 404, path);
      }
    });

    it('is as strict whatever subprotocols are named', async () => {
      const token = joinToken(claims('in'));
      const status = async (url, subprotocols, options) => {
        const participant = new Participant(url, options, subprotocols);
        const answer = await participant.upgraded;
        if (answer.status === 101) {
          assert.equal(participant.socket.protocol, 'tricall');
          await participant.close();
        }
        return answer.status;
      };
      for (const names of [['http'], ['tricall'], ['foo', 'bar'], ['http', 'tricall'], ['foo', 'tricall'], ['default']]) {
        const good = names.includes('tricall') ? 101 : 400;
        const foreign = { origin: 'https://evil.example' };
        assert.equal(await status(wsUrl(server, 'in', token), names), good, `${names} with a token`);
        assert.equal(await status(wsUrl(server, 'in'), names), 401, `${names} without`);
        assert.equal(await status(wsUrl(server, 'other', token), names), 403, `${names} elsewhere`);
        assert.equal(await status(wsUrl(server, 'in', token), names, foreign), 403, `${names} from a foreign page`);
        assert.equal(await status(`${server.ws}/any/path?token=${token}`, names), 404, `${names} on another path`);
        assert.equal(await status(`${server.ws}/`, names, foreign), 404, `${names} on /`);
      }
    });

    it('reads long headers whole', async () => {
      const token = joinToken(claims('in'));
      const pad = 'p'.repeat(5000);
      const at = (headers, query) => upgrade(wsUrl(server, 'in', query), { headers });
      assert.equal(await at({ cookie: `pad=${pad}`, authorization: `Bearer ${token}` }), 101);
      assert.equal(await at({ cookie: `pad=${pad}; tricall_room_0=${token}` }), 101, 'a cookie behind 5000 bytes');
      assert.equal(await at({ origin: `https://${pad}.example` }, token), 403, 'a foreign origin of any length');
      assert.equal(await at({ cookie: `tricall_room_0=${token}` }, pad), 401, 'the token shown is the one that counts');
      assert.equal(await at({ cookie: `tricall_room_0=${token}`, authorization: `Bearer ${pad}` }), 401);
    });
  });

  describe('joining', { concurrency: true }, () => {
    it('is answered by peer-discovery, and told to the others', async () => {
      const room = newRoom();
      const coach = await enter(server, room, 'b-coach', 'coach');
      assert.deepEqual(coach.discovery.peers, []);
      const orb = await enter(server, room, 'orb', 'ai');
      const client = await enter(server, room, 'a-client', 'client');
      const peer = (userId, userRole, participantType, shouldCreateOffer) =>
        ({ userId, userRole, participantType, userName: `Name of ${userId}`, shouldCreateOffer });
      assert.deepEqual(orb.discovery.peers, [peer('b-coach', 'coach', 'human', false)]);
      assert.deepEqual(client.discovery.peers, [peer('b-coach', 'coach', 'human', true), peer('orb', 'ai', 'ai', true)]);
      assert.deepEqual(await coach.next('user-joined'), { type: 'user-joined', ...peer('orb', 'ai', 'ai', true) });
      assert.deepEqual(await coach.next('user-joined'), { type: 'user-joined', ...peer('a-client', 'client', 'human', false) });
      assert.deepEqual(await orb.next('user-joined'), { type: 'user-joined', ...peer('a-client', 'client', 'human', false) });
      assert.equal(client.all[0].type, 'peer-discovery');
    });

    it('may not contradict what was proven: identity-mismatch, 4403', async () => {
      const lies = [
        { userId: 'coach' }, { userRole: 'coach' }, { userRole: 'ai' }, { participantType: 'ai' },
        { userId: 'no id' }, { userRole: 'moderator' }, { participantType: 'robot' }, // and what nobody can be
      ];
      for (const lie of lies) {
        const liar = await connect(server, newRoom(), 'client', 'client');
        liar.send({ type: 'join', userId: 'client', userRole: 'client', participantType: 'human', ...lie });
        const error = await liar.next('error');
        assert.equal(error.code, 'identity-mismatch', JSON.stringify(lie));
        assert.equal(error.inReplyTo, 'join');
        assert.equal(typeof error.message, 'string');
        assert.equal((await liar.closed).code, 4403);
      }
    });

    it('is refused to a fourth, an admin too: room-full, 4403', async () => {
      const { room, coach } = await call();
      const admin = await connect(server, room, 'boss', 'admin');
      admin.send({ type: 'join', userId: 'boss' });
      assert.equal((await admin.next('error')).code, 'room-full');
      assert.equal((await admin.closed).code, 4403);
      assert.equal((await coach.settled()).count('user-joined'), 0);
    });

    it('of a second socket replaces the first, 4409, whose end takes nothing away', async () => {
      const { room, coach, client } = await call();
      const newer = await enter(server, room, 'client', 'client');
      assert.equal((await client.closed).code, 4409);
      coach.send({ type: 'offer', toId: 'client', offer: 1 });
      assert.deepEqual(await newer.next('offer'), { type: 'offer', toId: 'client', offer: 1, fromId: 'coach' });
      newer.send({ type: 'answer', toId: 'coach' });
      await coach.next('answer');
    });

    it('must come within 10 s: 4408', async () => {
      const since = Date.now();
      const idle = await connect(server, newRoom(), 'client', 'client');
      assert.equal((await idle.closed).code, 4408);
      assert.ok(Date.now() - since > 9000);
    });

    it('is needed before anything else', async () => {
      const { room, coach } = await call();
      const early = await connect(server, room, 'boss', 'admin');
      early.send({ type: 'offer', toId: 'coach' });
      assert.equal((await early.next('error')).inReplyTo, 'offer');
      assert.equal((await coach.settled()).count('offer'), 0);
      early.send({ type: 'ping' });
      await early.next('pong');
      await early.close();
    });
  });

  describe('relaying', { concurrency: true }, () => {
    it('delivers to the target alone, with the true fromId, all else untouched', async () => {
      const { coach, client, orb } = await call();
      const offer = { type: 'offer', offer: { type: 'offer', sdp: 'v=0\r\n\u00e9\u{1F600}' }, extra: [1, { fromId: 'deep' }], n: null };
      client.send({ ...offer, toId: 'orb', fromId: 'coach' });
      assert.deepEqual(await orb.next('offer'), { ...offer, toId: 'orb', fromId: 'client' });
      orb.send({ type: 'answer', targetId: 'client', answer: {} });
      assert.deepEqual(await client.next('answer'), { type: 'answer', targetId: 'client', answer: {}, fromId: 'orb' });
      client.send('{"type":"ice-candidate","fromId":"a","toId":"orb","\\u0066romId":"b","candidate":{"candidate":""},"fromId":{"c":1}}');
      assert.deepEqual(await orb.next('ice-candidate'), { type: 'ice-candidate', toId: 'orb', candidate: { candidate: '' }, fromId: 'client' });
      client.send({ type: 'renegotiate', toId: 'coach' });
      assert.deepEqual(await coach.next('renegotiate'), { type: 'renegotiate', toId: 'coach', fromId: 'client' });
      assert.equal((await coach.settled()).count('offer'), 0);
    });

    it('without a target reaches all others', async () => {
      const { coach, client, orb } = await call();
      coach.send({ type: 'ice-candidate', candidate: null });
      const expected = { type: 'ice-candidate', candidate: null, fromId: 'coach' };
      assert.deepEqual(await client.next('ice-candidate'), expected);
      assert.deepEqual(await orb.next('ice-candidate'), expected);
      assert.equal((await coach.settled()).count('ice-candidate'), 0);
    });

    it('to somebody unknown is answered unknown-peer', async () => {
      const { coach } = await call();
      coach.send({ type: 'offer', toId: 'nobody' });
      const error = await coach.next('error');
      assert.deepEqual([error.code, error.inReplyTo], ['unknown-peer', 'offer']);
      await coach.settled();
    });

    it('keeps rooms apart', async () => {
      const one = await call();
      const two = await call();
      one.coach.send({ type: 'offer' });
      await one.client.next('offer');
      assert.equal((await two.client.settled()).count('offer'), 0);
    });

    it('takes fragments, with a ping between them', async () => {
      const { coach, client } = await call();
      const pong = new Promise((resolve) => coach.socket.on('pong', (data) => resolve(String(data))));
      coach.socket.send('{"type":"offer",', { fin: false });
      coach.socket.send('"toId":"cli', { fin: false });
      coach.socket.ping('between');
      coach.socket.send('ent"}', { fin: true });
      assert.deepEqual(await client.next('offer'), { type: 'offer', toId: 'client', fromId: 'coach' });
      assert.equal(await pong, 'between');
    });

    it('takes a message of exactly 64 KiB', async () => {
      const { coach, client } = await call();
      const frame = { type: 'offer', toId: 'client', pad: '' };
      frame.pad = 'x'.repeat(64 * 1024 - JSON.stringify(frame).length);
      coach.send(frame);
      assert.deepEqual(await client.next('offer'), { ...frame, fromId: 'coach' });
    });
  });

  describe('leaving', { concurrency: true }, () => {
    it('by `leave` is told once; the socket stays and may join again', async () => {
      const { coach, client } = await call();
      client.send({ type: 'leave' });
      const left = await coach.next('user-left');
      assert.deepEqual([left.userId, left.userRole, typeof left.reason], ['client', 'client', 'string']);
      client.send({ type: 'join' });
      await coach.next('user-joined');
      client.send({ type: 'leave' });
      await coach.next('user-left');
      await client.close();
      coach.send({ type: 'offer', toId: 'client' });
      assert.equal((await coach.next('error')).code, 'unknown-peer');
      assert.equal((await coach.settled()).count('user-left'), 2);
    });

    it('by a lost socket holds the seat for 10 s', async () => {
      const { coach, client } = await call();
      const since = Date.now();
      await client.drop();
      await coach.next('user-left');
      const took = Date.now() - since;
      assert.ok(took > 9000 && took < 13000, `${took} ms`);
    });

    it('is invisible when resumed, and what came meanwhile is not lost', async () => {
      const { room, coach, client, orb } = await call();
      await client.drop();
      coach.send({ type: 'offer', toId: 'client', n: 1 });
      await coach.settled();
      const again = await enter(server, room, 'client', 'client', { resume: true });
      assert.deepEqual(again.discovery.peers.map((peer) => peer.userId), ['coach', 'orb']);
      assert.equal((await again.next('offer')).n, 1);
      again.send({ type: 'answer', toId: 'orb' });
      assert.equal((await orb.next('answer')).fromId, 'client');
      await coach.settled();
      assert.equal(coach.count('user-left') + coach.count('user-joined') + coach.count('error'), 0);
    });
  });

  describe('resuming as something else', { concurrency: true }, () => {
    it('is an ordinary join: no rights are inherited', async () => {
      const { room, coach, client, orb } = await call();
      const again = await enter(server, room, 'coach', 'client', { resume: true });
      assert.equal((await coach.closed).code, 4409);
      assert.deepEqual(((left) => [left.userId, left.userRole])(await client.next('user-left')), ['coach', 'coach']);
      assert.deepEqual(((came) => [came.userId, came.userRole])(await client.next('user-joined')), ['coach', 'client']);
      again.send({ type: 'orb-control', action: 'mute' });
      assert.equal((await again.next('error')).code, 'forbidden');
      orb.send({ type: 'suggestion', text: 'ask', basis: '' });
      await orb.settled();
      assert.deepEqual([orb.count('orb-control'), (await again.settled()).count('suggestion')], [0, 0]);
    });

    it('puts no orb on a human seat', async () => {
      const { room, coach, client, orb } = await call();
      orb.send({ type: 'leave' });
      await coach.next('user-left');
      await enter(server, room, 'client', 'ai', { resume: true });
      assert.equal((await client.closed).code, 4409);
      assert.equal((await coach.next('user-left')).userRole, 'client');
      const came = await coach.next('user-joined');
      assert.deepEqual([came.userId, came.participantType, came.shouldCreateOffer], ['client', 'ai', true]);
    });
  });

  describe('the orb', { concurrency: true }, () => {
    it('says its status to humans, and to those who come later', async () => {
      const room = newRoom();
      const coach = await enter(server, room, 'coach', 'coach');
      const orb = await enter(server, room, 'orb', 'ai');
      orb.send({ type: 'ai_status', status: 'ready', sessionId: 's' });
      orb.send({ type: 'ai_status', status: 'listening', sessionId: 's' });
      assert.equal((await coach.next('ai_status')).status, 'ready');
      assert.deepEqual(await coach.next('ai_status'), { type: 'ai_status', status: 'listening', sessionId: 's', fromId: 'orb' });
      const client = await enter(server, room, 'client', 'client');
      assert.equal((await client.next('ai_status')).status, 'listening');
      assert.equal(client.all[0].type, 'peer-discovery');
      client.send({ type: 'ai_status', status: 'ready' });
      assert.equal((await client.next('error')).code, 'forbidden');
    });

    it('has its transcripts shown to both, its suggestions to the coach alone', async () => {
      const { coach, client, orb } = await call();
      const transcript = { type: 'transcript', utteranceId: '1', userId: 'client', text: 'hi', final: true, startMs: 1, endMs: 2 };
      orb.send(transcript);
      orb.send({ type: 'suggestion', text: 'ask', basis: 'hi', toId: 'client' });
      assert.equal((await coach.next('transcript')).text, 'hi');
      assert.equal((await client.next('transcript')).text, 'hi');
      assert.equal((await coach.next('suggestion')).text, 'ask');
      orb.send({ ...transcript, endMs: undefined });
      assert.deepEqual(await orb.next('error').then(({ code, inReplyTo }) => [code, inReplyTo]), ['bad-message', 'transcript']);
      for (const type of ['transcript', 'suggestion']) {
        client.send({ ...transcript, type });
        assert.equal((await client.next('error')).code, 'forbidden');
      }
      await coach.settled();
      assert.deepEqual([client.count('suggestion'), coach.count('suggestion'), coach.count('transcript')], [0, 1, 1]);
    });

    it('is directed by the coach alone', async () => {
      const { coach, client, orb } = await call();
      client.send({ type: 'orb-control', action: 'mute' });
      assert.deepEqual(((error) => [error.code, error.inReplyTo])(await client.next('error')), ['forbidden', 'orb-control']);
      coach.send({ type: 'orb-control', action: 'mode', value: 'silent' });
      const control = await orb.next('orb-control');
      assert.deepEqual([control.action, control.value], ['mode', 'silent']);
      coach.send({ type: 'orb-control', action: 'dance' });
      assert.equal((await coach.next('error')).code, 'bad-message');
      await client.settled();
      assert.equal(orb.count('orb-control'), 1);
    });
  });

  describe('limits', { concurrency: true }, () => {
    it('rubbish gets bad-message and changes nothing; ten in a row close 4400', async () => {
      const { coach, client } = await call();
      const rubbish = ['{', '[]', '"x"', '{"type":7}', '{"type":"nonsense"}', '{"type":"user-joined"}', '', '{"type":"offer","toId":{}}', Buffer.from([0xff])];
      for (const text of rubbish) {
        client.socket.send(text);
        assert.equal((await client.next('error')).code, 'bad-message', String(text));
      }
      await client.settled(); // a good one: the count begins anew
      for (let i = 0; i < 10; i++) {
        client.send('{');
      }
      assert.equal((await client.closed).code, 4400);
      assert.equal(client.count('error'), rubbish.length + 10);
      assert.equal((await coach.settled()).all.length, 1);
    });

    it('a text that is not UTF-8 closes 1007, in one frame or in several', async () => {
      const { coach, client } = await call();
      const bytes = Buffer.from('{"type":"ping","x":"\xff\xfe"}', 'latin1');
      client.socket.send(bytes, { binary: false });
      assert.equal((await client.closed).code, 1007);
      const whole = Buffer.from('{"type":"offer","toId":"orb","x":"\u00e9"}');
      const inside = whole.indexOf(0xc3) + 1; // a sequence cut between two frames is none cut off
      coach.socket.send(whole.subarray(0, inside), { binary: false, fin: false });
      coach.socket.send(whole.subarray(inside), { binary: false, fin: true });
      await coach.settled();
      assert.equal(coach.count('error'), 0);
      coach.socket.send(bytes.subarray(0, -4), { binary: false, fin: false });
      coach.socket.send(bytes.subarray(-4), { binary: false, fin: true });
      assert.equal((await coach.closed).code, 1007);
    });

    it('a message over 64 KiB closes 1009', async () => {
      const { client } = await call();
      client.send(JSON.stringify({ type: 'offer', pad: 'x'.repeat(64 * 1024) }));
      assert.equal((await client.closed).code, 1009);
    });

    it('30 MiB do so too, in one frame or in many', async () => {
      const one = await connect(server, newRoom(), 'client', 'client');
      one.socket.on('error', () => {});
      one.socket.send('x'.repeat(30 * 1024 * 1024));
      assert.ok([1009, 1006].includes((await one.closed).code)); // 1006: reset while we still sent
      const many = await connect(server, newRoom(), 'client', 'client');
      many.socket.on('error', () => {});
      for (let i = 0; i < 100; i++) {
        many.socket.send('x'.repeat(4096), { fin: false });
      }
      assert.equal((await many.closed).code, 1009);
    });

    it('over the rate messages are dropped, with rate-limited', async () => {
      const { coach, client } = await call();
      for (let i = 0; i < 600; i++) {
        client.send({ type: 'ice-candidate', toId: 'coach', candidate: i });
      }
      const error = await client.next('error');
      assert.equal(error.code, 'rate-limited');
      await client.next((message) => message.code === 'rate-limited' && client.count('error') > 200);
      await coach.settled();
      const got = coach.all.filter((message) => message.type === 'ice-candidate').map((message) => message.candidate);
      assert.ok(got.length >= 250 && got.length < 600, `${got.length} passed`);
      assert.deepEqual(got.slice(0, 250), Array.from({ length: 250 }, (unused, i) => i)); // in order
    });
  });

  it('a slow reader is closed with 4429 and nobody else waits', async () => {
    const generous = await startServer({ env: { ENABLE_AI_ORBS: 'false', LOG_LEVEL: 'warn', SIGNAL_BURST: '5000' } });
    try {
      const coach = await enter(generous, 'r', 'coach', 'coach');
      const slow = await enter(generous, 'r', 'slow', 'client');
      const quick = await enter(generous, 'r', 'quick', 'admin');
      slow.socket._socket.pause();
      const pad = 'x'.repeat(60_000);
      for (let i = 0; i < 600; i++) {
        coach.send({ type: 'ice-candidate', pad, i });
        if (i % 5 === 4) {
          await quick.next((message) => message.i === i); // who reads gets all of it, in time
        }
      }
      slow.socket._socket.resume();
      assert.equal((await slow.closed).code, 4429);
    } finally {
      await generous.stop();
    }
  });

  it('a reader that never reads again is cut off, and the server serves on', { timeout: 300_000 }, async () => {
    const generous = await startServer({ env: { ENABLE_AI_ORBS: 'false', LOG_LEVEL: 'warn', SIGNAL_BURST: '5000' } });
    const connections = async () => {
      const response = await fetch(`${generous.url}/metrics`, { signal: AbortSignal.timeout(20_000) });
      return Number(/^tricall_connections (\d+)/m.exec(await response.text())[1]);
    };
    try {
      const coach = await enter(generous, 'r', 'coach', 'coach');
      const deaf = await enter(generous, 'r', 'deaf', 'client');
      deaf.socket._socket.pause();
      const pad = 'x'.repeat(60_000);
      for (let i = 0; i < 400; i++) {
        coach.send({ type: 'ice-candidate', pad, i });
      }
      // Its close frame cannot be delivered either: after 5 s the server lets go.
      while ((await connections()) > 1) {
        await pause(50); // a fast machine's pings without a pause would meet the rate limit
      }
      await coach.settled();
      deaf.socket.terminate();
    } finally {
      await generous.stop();
    }
  });

  it('brutal clients end only themselves', async () => {
    const { coach, client } = await call();
    const frames = {
      'not masked': [0x81, 0x02, 0x7b, 0x7d],
      'reserved opcode': [0x83, 0x80, 1, 2, 3, 4],
      'reserved bits': [0xf1, 0x80, 1, 2, 3, 4],
      'control frame too long': [0x89, 0xfe, 0x01, 0x00, 1, 2, 3, 4],
      'fragmented ping': [0x09, 0x80, 1, 2, 3, 4],
      'length of 2^63': [0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4],
      'length of 2^40': [0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7],
      'continuation of nothing': [0x80, 0x82, 1, 2, 3, 4, 5, 6],
      'close with half a code': [0x88, 0x81, 1, 2, 3, 4, 9],
    };
    // The rest of it may yet come, or libwebsockets lets it pass.
    const harmless = new Set(['not masked', 'length of 2^40', 'continuation of nothing']);
    for (const [name, bytes] of Object.entries(frames)) {
      const socket = await rawSocket(newRoom());
      const ended = new Promise((resolve) => {
        socket.on('close', resolve);
        socket.on('data', (data) => data[0] === 0x88 && resolve()); // a close frame
      });
      socket.write(Buffer.from(bytes));
      if (!harmless.has(name)) {
        await ended;
      }
      socket.destroy();
    }
    let seed = 7;
    const random = () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) >> 8;
    for (let round = 0; round < 60; round++) {
      const socket = await rawSocket(newRoom());
      socket.on('data', () => {});
      socket.write(Buffer.from(Array.from({ length: 1 + (random() % 400) }, () => random() & 255)));
      if (round % 2) {
        socket.resetAndDestroy(); // in the middle of a frame
      } else {
        socket.end();
      }
    }
    // Half an upgrade, and none at all.
    const { hostname, port } = new URL(server.url);
    for (const text of ['', 'GET /ws-simple/x HTTP/1.1\r\nUpgrade: web', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n`, '\0\0\0\0\r\n\r\n']) {
      const socket = net.connect(Number(port), hostname);
      socket.on('error', () => {});
      socket.write(text);
      await new Promise((resolve) => socket.once('connect', resolve));
      socket.destroy();
    }
    client.send({ type: 'offer', toId: 'coach', still: 'here' });
    assert.equal((await coach.next('offer')).still, 'here');
  });
});
