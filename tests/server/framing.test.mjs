// Where a request ends, and what is no request of ours: RFC 9112 and RFC 9110 byte by byte, as fetch() never sends it.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { joinToken, startServer } from '../lib/server.mjs';

let server;
before(async () => {
  server = await startServer({ env: { ENABLE_AI_ORBS: 'false', LOG_LEVEL: 'info' } });
});
after(async () => {
  const { code } = await server.stop();
  assert.equal(code, 0, `the server ends cleanly:\n${server.log()}`);
});

/** Sends the bytes as they are; resolves with all that came once the server closed, which it has to. */
function raw(text) {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(server.url);
    const socket = net.connect(Number(port), hostname, () => socket.write(text, 'latin1'));
    let got = '';
    socket.setEncoding('latin1').on('data', (chunk) => (got += chunk));
    socket.on('close', () => resolve(got)).on('error', () => {});
    socket.setTimeout(20_000, () => {
      reject(new Error(`not closed after ${JSON.stringify(text)}: ${got}`));
      socket.destroy();
    });
  });
}

const statuses = (answer) => [...answer.matchAll(/HTTP\/1\.[01] (\d+)/g)].map(([, status]) => Number(status));

const SECOND = 'GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n';
const post = (headers, body = '', path = '/api/sign-in') =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n${body}`;

describe('framing', { concurrency: true }, () => {
  const unclear = {
    'Content-Length and Transfer-Encoding': post(['Content-Length: 4', 'Transfer-Encoding: chunked'], `28\r\n${SECOND}\r\n0\r\n\r\n`),
    'the other way round': post(['Transfer-Encoding: chunked', 'Content-Length: 4'], `28\r\n${SECOND}\r\n0\r\n\r\n`),
    'an empty Transfer-Encoding': post(['Content-Length: 2', 'Transfer-Encoding:'], `{}${SECOND}`),
    'two lengths': post(['Content-Length: 2', 'Content-Length: 40'], `{}${SECOND}`),
    'an empty length and another': post(['Content-Length:', 'Content-Length: 2'], `{}${SECOND}`),
    'a list of lengths': post(['Content-Length: 2, 2'], `{}${SECOND}`),
    'an empty length': post(['Content-Length:'], SECOND),
    'a length with letters': post(['Content-Length: 2abc'], `{}${SECOND}`),
    'a negative length': post(['Content-Length: -1'], SECOND),
    'a length with a sign': post(['Content-Length: +2'], `{}${SECOND}`),
    'a hexadecimal length': post(['Content-Length: 0x2'], `{}${SECOND}`),
    'a space before the colon': post(['Content-Length : 2'], `{}${SECOND}`),
    'a coding with a space before the colon': post(['Content-Length: 2', 'Transfer-Encoding : chunked'], `{}${SECOND}`),
    'a GET of two lengths': `GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: ${SECOND.length}\r\n\r\n${SECOND}`,
    'no Host': `GET /healthz HTTP/1.1\r\n\r\n${SECOND}`,
    'two Hosts': `GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n${SECOND}`,
    'an empty Host and another': `GET /healthz HTTP/1.1\r\nHost:\r\nHost: y\r\n\r\n${SECOND}`,
    'two Hosts in HTTP/1.0': `GET /healthz HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n${SECOND}`,
  };
  for (const [name, text] of Object.entries(unclear)) {
    it(`${name}: 400 and nothing more`, async () => {
      const answer = await raw(text);
      assert.deepEqual(statuses(answer), [400]);
      assert.match(answer, /^connection: *close\r$/im);
    });
  }

  it('a coding that is not read is 411, and ends the connection, whatever the method', async () => {
    assert.deepEqual(statuses(await raw(post(['Transfer-Encoding: chunked'], `2\r\n{}\r\n0\r\n\r\n${SECOND}`))), [411]);
    assert.deepEqual(statuses(await raw(`GET /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SECOND}`)), [411]);
  });

  it('a body that is too large is 413, and ends the connection, whatever the method', async () => {
    for (const length of ['70000', '99999999999999999999999999']) {
      assert.deepEqual(statuses(await raw(post([`Content-Length: ${length}`], SECOND))), [413]);
      assert.deepEqual(statuses(await raw(`GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n${SECOND}`)), [413]);
    }
  });

  it('what is clear is answered: space around a length, HTTP/1.0 without Host, a second request', async () => {
    const last = 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
    assert.deepEqual(statuses(await raw(post(['Content-Length: \t2 '], `{}${last}`))), [400, 200], 'a sign-in of nothing');
    assert.match(await raw(post(['Content-Length: 2', 'Connection: close'], '{}')), /email and password/);
    assert.deepEqual(statuses(await raw('GET /healthz HTTP/1.0\r\n\r\n')), [200]);
  });

  it('an upgrade is held to the same', async () => {
    const token = joinToken({ sub: 'raw', name: 'Raw', room: 'raw', role: 'client' });
    const upgrade = (headers) =>
      `GET /ws-simple/raw?token=${token} HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n${headers}\r\n`;
    for (const headers of [
      '',
      'Host: x\r\nHost: y\r\n',
      'Host: x\r\nContent-Length: 5\r\n',
      'Host: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n',
    ]) {
      assert.deepEqual(statuses(await raw(upgrade(headers))), [400], headers);
    }
  });
});

describe('refusals below the site', { concurrency: true }, () => {
  const token = (room) => joinToken({ sub: 'raw', name: 'Raw', room, role: 'client' });
  const upgrade = (path, more = '') =>
    `GET ${path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n${more}\r\n`;

  it('of upgrades are one line of text, with the headers of every answer', async () => {
    const always = Object.keys(Object.fromEntries((await fetch(`${server.url}/nothing`)).headers)).filter((name) => !['keep-alive', 'date'].includes(name));
    assert.ok(always.includes('content-security-policy'));
    for (const [status, request] of [
      [400, upgrade(`/ws-simple/raw?token=${token('raw')}`, 'Sec-WebSocket-Protocol: other\r\n')],
      [401, upgrade('/ws-simple/raw')],
      [403, upgrade(`/ws-simple/raw?token=${token('other')}`)],
      [404, upgrade('/ws/raw')],
      [401, SECOND + upgrade('/ws-simple/raw')], // on a connection that served before
    ]) {
      const answer = (await raw(request)).replace(/^HTTP\/1.1 200[^]*?(?=HTTP\/1.1 [^2])/, '');
      const [head, body, ...more] = answer.split('\r\n\r\n');
      assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} [A-Z]`));
      assert.deepEqual(more, []);
      assert.match(body, /^[^<\n]{5,80}\n$/);
      assert.match(head, /\r\ncontent-type: text\/plain; charset=utf-8\r\n/);
      assert.match(head, new RegExp(`\r\ncontent-length: ${body.length}\r\n`));
      assert.match(head, /\r\nconnection: close\r\n/);
      assert.deepEqual(always.filter((name) => !head.includes(`\r\n${name}: `)), [], head);
    }
  });

  it('of handshakes that are none: another version is 426, no key is 400', async () => {
    const path = `/ws-simple/raw?token=${token('raw')}`;
    for (const version of ['Sec-WebSocket-Version: 8\r\n', 'Sec-WebSocket-Version: 130\r\n', 'Sec-WebSocket-Version: 13, 8\r\n', '']) {
      const answer = await raw(upgrade(path).replace('Sec-WebSocket-Version: 13\r\n', version));
      assert.deepEqual(statuses(answer), [426], version);
      assert.match(answer, /\r\nsec-websocket-version: 13\r\n/);
      assert.match(answer, /\r\nupgrade: websocket\r\n/);
    }
    for (const key of ['', 'Sec-WebSocket-Key:\r\n', 'Sec-WebSocket-Key: short\r\n', `Sec-WebSocket-Key: ${'A'.repeat(22)}=A\r\n`, `Sec-WebSocket-Key: ${'A'.repeat(200)}==\r\n`]) {
      assert.deepEqual(statuses(await raw(upgrade(path).replace(/Sec-WebSocket-Key: [^\r]*\r\n/, key))), [400], key);
    }
    const plain = upgrade(path).replace('Connection: Upgrade', 'Connection: close');
    assert.deepEqual(statuses(await raw(plain)), [426], 'an Upgrade that Connection does not name is not heeded');
  });

  it('a head of over 8 KiB is 431, one without end is cut off, and neither is an error of ours', async () => {
    const long = `Cookie: a=${'c'.repeat(9000)}\r\n`;
    assert.deepEqual(statuses(await raw(`GET /healthz HTTP/1.1\r\nHost: x\r\n${long}\r\n`)), [431]);
    assert.deepEqual(statuses(await raw(`GET /${'a'.repeat(9000)} HTTP/1.1\r\nHost: x\r\n\r\n`)), [431]);
    assert.deepEqual(statuses(await raw(upgrade(`/ws-simple/raw?token=${token('raw')}`, long))), [431]);
    assert.deepEqual(statuses(await raw(`GET /healthz HTTP/1.1\r\nHost: x\r\nCookie: a=${'c'.repeat(20_000)}`)), []);
    await raw(upgrade(`/ws-simple/raw?token=${token('raw')}`, `Sec-WebSocket-Protocol: ${'p'.repeat(300)}\r\n`));
    await raw(upgrade(`/ws-simple/raw?token=${token('raw')}`, `Sec-WebSocket-Protocol: tricall,${'p'.repeat(100)}${',q'.repeat(60)}\r\n`));
    await raw(upgrade(`/ws-simple/raw?token=${token('raw')}`).replace('Connection: Upgrade', 'Connection: close'));
    assert.doesNotMatch(server.log(), /error/i);
  });
});

describe('HTTP/2', { concurrency: true }, () => {
  const h2c = (path, more = '') =>
    `GET ${path} HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings${more}\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`;
  const last = 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

  it('is not to be had by Upgrade: h2c, which is answered as if it were not there', async () => {
    assert.deepEqual(statuses(await raw(h2c('/healthz') + last)), [200, 200]);
    assert.deepEqual(statuses(await raw(h2c('/nothing') + last)), [404, 200]);
    const token = joinToken({ sub: 'raw', name: 'Raw', room: 'raw', role: 'client' });
    assert.deepEqual(statuses(await raw(h2c(`/ws-simple/raw?token=${token}`) + last)), [426, 200]);
    assert.deepEqual(statuses(await raw(h2c('/healthz').replace('h2c', 'H2C') + last)), [200, 200]);
    const body = '{}';
    assert.deepEqual(
      statuses(await raw(post([`Content-Length: ${body.length}`, 'Upgrade: h2c', 'Connection: Upgrade, HTTP2-Settings', 'HTTP2-Settings: AAMAAABkAAQAAP__'], body + last))),
      [400, 200],
    );
  });

  it('is not to be had by knowing it beforehand', async () => {
    const answer = await raw('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0');
    assert.doesNotMatch(answer, /^\0/, 'no frame');
    assert.doesNotMatch(answer, /HTTP\/1\.1 [12]/);
  });

  it('nor is anything else, on a connection that served before', async () => {
    const other = 'GET /healthz HTTP/1.1\r\nHost: x\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\n\r\n';
    assert.deepEqual(statuses(await raw(other)), [403]);
    assert.deepEqual(statuses(await raw(SECOND + other)), [200, 403]);
    assert.deepEqual(statuses(await raw(SECOND + other + SECOND)), [200, 403]);
  });
});
