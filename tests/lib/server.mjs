// A tricall server of a test's own: free port, temporary data folder, people and rooms made by the CLI.
import { execFileSync, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const BUILD = process.env.TRICALL_BUILD ?? path.join(ROOT, 'build');
export const TRICALL = path.join(BUILD, 'tricall');
export const AIORB = path.join(BUILD, 'aiorb');
export const API_KEY = { id: 'test', secret: 'a-secret-of-at-least-thirty-two-bytes' };

const READY_MS = 120_000;
const STOP_MS = 60_000; // an orb that does not end takes the whole kill ladder

const part = (object) => Buffer.from(JSON.stringify(object)).toString('base64url');

/** A join token, signed as any embedding site would. `header` and `key` are for tests of what is refused. */
export function joinToken(claims, { header = { alg: 'HS256', typ: 'JWT' }, secret = API_KEY.secret } = {}) {
  const now = Math.floor(Date.now() / 1000);
  const body = `${part(header)}.${part({ iss: API_KEY.id, exp: now + 3600, nbf: now - 60, ...claims })}`;
  return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
}

/** The cookies a response sets. Headers.getSetCookie() is not in Debian's Node 18; no name follows a comma in Expires. */
export const cookiesOf = ({ headers }) => headers.get('set-cookie')?.split(/, (?=[^;,= ]+=)/) ?? [];

/** Runs `tricall ARGS...` and returns what it printed; throws with its error line when it fails. */
export function tricall(args, { input = '', env = {}, cwd } = {}) {
  return execFileSync(TRICALL, args, {
    input,
    cwd,
    encoding: 'utf8',
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  }).trim();
}

/**
 * Starts `tricall serve` and waits for its ready line.
 * @param {{ env?: Record<string, string>, args?: string[], dataDir?: string, program?: string }} [options]
 */
export async function startServer({ env = {}, args = [], dataDir, program = TRICALL } = {}) {
  const folder = dataDir ?? fs.mkdtempSync(path.join(os.tmpdir(), 'tricall-test-'));
  const child = spawn(program, ['serve', '--port', '0', '--host', '127.0.0.1', '--data-dir', folder, ...args], {
    cwd: folder, // no .env of the developer's
    // A stop in a test waits for nobody.
    env: { ...process.env, DRAIN_TIMEOUT: '0', API_KEYS: `${API_KEY.id}:${API_KEY.secret}`, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  const waiting = new Set();
  const take = (chunk) => {
    log += chunk;
    waiting.forEach((check) => check());
  };
  child.stdout.setEncoding('utf8').on('data', take);
  child.stderr.setEncoding('utf8').on('data', take);
  const exited = new Promise((resolve) => child.on('exit', (code, signal) => resolve({ code, signal })));

  /** Resolves with the match as soon as the server's output has it. */
  const logged = (pattern, deadlineMs = READY_MS) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(check);
        reject(new Error(`not in the log within ${deadlineMs} ms: ${pattern}\n${log}`));
      }, deadlineMs);
      const check = () => {
        const match = pattern.exec(log);
        if (match) {
          clearTimeout(timer);
          waiting.delete(check);
          resolve(match);
        }
      };
      waiting.add(check);
      check();
    });

  const ready = await Promise.race([
    logged(/tricall ready on (http\S+)/),
    exited.then(({ code }) => Promise.reject(new Error(`tricall ended with ${code}:\n${log}`))),
  ]);
  const url = ready[1];
  let users = 0;
  return {
    url,
    ws: url.replace(/^http/, 'ws'),
    host: new URL(url).host,
    pid: child.pid,
    child,
    dataDir: folder,
    exited,
    logged,
    log: () => log,
    /** Makes a user; returns { id, email, password, name, role }. */
    addUser({ role = 'client', name = `User ${++users}`, email = `user${++users}@example.org`, password = 'correct horse battery' } = {}) {
      const id = tricall(
        ['user', 'add', '--email', email, '--name', name, '--role', role, '--password-stdin', '--data-dir', folder],
        { input: `${password}\n` },
      );
      return { id, email, password, name, role };
    },
    /** coach and client: e-mail addresses. */
    addAppointment({ room, coach, client, starts, minutes, status }) {
      const optional = Object.entries({ starts, minutes, status }).flatMap(([key, value]) =>
        value === undefined ? [] : [`--${key}`, String(value)],
      );
      tricall(['appointment', 'add', '--room', room, '--coach', coach, '--client', client, ...optional, '--data-dir', folder]);
    },
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(signal);
      }
      // A server that hangs must fail the test, not outlive it.
      const hung = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      const end = await exited;
      clearTimeout(hung);
      if (end.signal === 'SIGKILL' && signal !== 'SIGKILL') {
        throw new Error(`tricall did not end within ${STOP_MS} ms of ${signal}:\n${log}`);
      }
      if (!dataDir) {
        fs.rmSync(folder, { recursive: true, force: true });
      }
      return end;
    },
  };
}
