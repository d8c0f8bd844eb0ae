// SPDX-License-Identifier: Apache-2.0
// One aiorb as a Node parent starts it, and just enough of a server for it.
import { spawn } from 'node:child_process';
import http from 'node:http';
import { WebSocketServer } from 'ws';
import { AIORB } from './server.mjs';

const DEADLINE = 90_000;

/** Just enough signaling for one orb: answers `join` with who is there, and tells what came. */
export async function signaling(peers = []) {
  const server = http.createServer();
  const wss = new WebSocketServer({ server });
  const joins = [];
  const sockets = [];
  const waiting = [];
  wss.on('connection', (ws, request) => {
    ws.on('error', () => {});
    sockets.push(ws);
    ws.on('message', (raw) => {
      const message = JSON.parse(raw);
      if (message.type === 'join') {
        joins.push({ ...message, path: request.url });
        ws.send(JSON.stringify({ type: 'peer-discovery', peers }));
        waiting.splice(0).forEach((resolve) => resolve());
      }
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${server.address().port}`,
    joins,
    sockets,
    joined: () => (joins.length ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
    close() {
      wss.clients.forEach((ws) => ws.terminate());
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

export function startOrb(host, more = [], env = {}) {
  const child = spawn(
    AIORB,
    ['--room=room1', '--session=session1', '--coach=coach1', '--client=client1', `--cpu-host=${host}`,
      '--max-lifetime=7200000', '--idle-timeout=300000', ...more],
    {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, NODE_ENV: 'production', ORB_RECOGNIZER: 'null', ORB_SYNTHESIZER: 'null', ...env },
    },
  );
  let log = '';
  const messages = [];
  const waiting = new Set();
  const took = () => waiting.forEach((check) => check());
  const onText = (chunk) => {
    log += chunk;
    took();
  };
  child.stdout.on('data', onText);
  child.stderr.on('data', onText);
  child.on('message', (message) => {
    messages.push(message);
    took();
  });
  const exited = new Promise((resolve) => child.on('exit', (code, signal) => resolve(code ?? signal)));
  const deadline = (promise, what) => {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no ${what}; got ${JSON.stringify(messages)}\n${log}`)), DEADLINE);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
  };
  /** Resolves with what `find` returns, once it finds something. */
  const found = (find, what) =>
    deadline(
      new Promise((resolve) => {
        const check = () => {
          const hit = find();
          if (hit) {
            waiting.delete(check);
            resolve(hit);
          }
        };
        waiting.add(check);
        check();
      }),
      what,
    );
  return {
    child,
    messages,
    log: () => log,
    message: (type) => found(() => messages.find((m) => m.type === type), type),
    logged: (pattern) => found(() => pattern.exec(log), pattern),
    exited: () => deadline(exited, 'exit'),
  };
}
