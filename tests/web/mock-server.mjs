// A stand-in for tricall, for tests of the pages alone: serves web/, the API they need, and the
// signaling of docs/protocol for two people, and can play an orb by script or (orb.mjs) for real.
// By hand: node tests/web/mock-server.mjs [port]

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, normalize, resolve as resolvePath } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';

const WEB = fileURLToPath(new URL('../../web/', import.meta.url));
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
  "media-src 'self' blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const SEAT_HELD_MS = 10_000;

export const USERS = {
  coach: { id: 'coach-1', name: 'Clara Coach', role: 'coach', email: 'coach@example.com' },
  admin: { id: 'admin-1', name: 'Ada Admin', role: 'admin', email: 'admin@example.com' },
  client: { id: 'client-1', name: 'Sam Client', role: 'client', email: 'client@example.com' },
};
export const ORB = { userId: 'ai-orb-s1', userRole: 'ai', participantType: 'ai', userName: 'Orb' };

/** @param {{ port?: number, minutes?: number, starts?: string | null, appointments?: object[] }} [options] */
export async function startMock(options = {}) {
  const mock = new Mock(options);
  await mock.listen(options.port ?? 0);
  return mock;
}

class Mock {
  constructor({ minutes = 50, starts = null, appointments }) {
    this.info = { minutes, starts, sessionId: 's1' };
    this.appointments = appointments ?? [appointment('demo', starts, minutes)];
    this.seatHeldMs = SEAT_HELD_MS;
    this.left = [];
    this.orbAsked = [];
    this.received = [];
    this.quality = [];
    this.violations = [];
    this.refuseApi = null;
    /** What GET /api/sessions/s1 tells the coach. @type {any} */
    this.session = { id: 's1', summary: null, transcript: [] };
    /** userId → { ws, join, lostTimer } */
    this.seats = new Map();
    this.orbState = null;
    this.aiStatus = null;
    this.http = createServer((req, res) =>
      this.#serve(req, res).catch((error) => reply(res, 500, String(error))),
    );
    this.wss = new WebSocketServer({ noServer: true });
    this.http.on('upgrade', (req, socket, head) => {
      if (this.refuseApi) {
        socket.end(`HTTP/1.1 ${this.refuseApi} Refused\r\nConnection: close\r\n\r\n`);
        return;
      }
      this.wss.handleUpgrade(req, socket, head, (ws) => this.#connected(ws, req));
    });
  }

  async listen(port) {
    await new Promise((resolve) => this.http.listen(port, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${this.http.address().port}`;
  }

  async close() {
    this.seats.forEach((seat) => clearTimeout(seat.lostTimer));
    this.wss.clients.forEach((ws) => ws.terminate());
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }

  // For tests: what the server or the orb would send.

  to(userId, message) {
    this.seats.get(userId)?.ws.send(JSON.stringify(message));
  }

  toHumans(message) {
    for (const [userId, seat] of this.seats) {
      if (seat.join.participantType !== 'ai') {
        this.to(userId, message);
      }
    }
  }

  setOrbState(state, reason = '') {
    this.orbState = { type: 'orb-state', state, reason };
    this.toHumans(this.orbState);
  }

  setAiStatus(status, muted) {
    this.aiStatus = { type: 'ai_status', status, muted, sessionId: 's1', fromId: ORB.userId };
    this.toHumans(this.aiStatus);
  }

  transcript(userId, utteranceId, text, final, startMs = 0) {
    this.toHumans({ type: 'transcript', userId, utteranceId, text, final, startMs, endMs: startMs + 1500 });
  }

  /** Closes a user's socket: with a code, or as a lost network does. */
  cut(userId, code, reason) {
    const ws = this.seats.get(userId)?.ws;
    return code ? ws?.close(code, reason) : ws?.terminate();
  }

  /** Waits for a message from a page, also one that came already. */
  heard(test, deadlineMs) {
    return this.#until(() => this.received.find(test), test, deadlineMs);
  }

  /** Waits for a page to say that it leaves: a request of its own, which may come after all else. */
  goodbye(userId) {
    return this.#until(() => this.left.includes(userId), `${userId} leaves`);
  }

  async #until(look, what, deadlineMs = 60_000) {
    const end = Date.now() + deadlineMs;
    for (;;) {
      const found = look();
      if (found) {
        return found;
      }
      if (Date.now() > end) {
        throw new Error(`not heard: ${what}`);
      }
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, 250);
        this.onHeard = () => (clearTimeout(timer), resolve());
      });
    }
  }

  // HTTP

  async #serve(req, res) {
    const url = new URL(req.url, this.url);
    const user = USERS[/sid=(\w+)/.exec(req.headers.cookie ?? '')?.[1]];
    if (req.method === 'POST') {
      return this.#post(req, res, url, user);
    }
    if (url.pathname.startsWith('/api/')) {
      return this.#api(res, url, user);
    }
    if (url.pathname === '/' || url.pathname === '/sign-in') {
      return file(res, user ? 'pages/appointments.html' : 'pages/sign-in.html');
    }
    if (url.pathname.startsWith('/room/')) {
      if (!user) {
        return redirect(res, `/sign-in?return=${encodeURIComponent(url.pathname)}`);
      }
      return file(res, `pages/room-${user.role === 'client' ? 'client' : 'coach'}.html`);
    }
    return file(res, url.pathname.slice(1));
  }

  #api(res, url, user) {
    if (!user || this.refuseApi) {
      return problem(res, this.refuseApi ?? 401);
    }
    const within = user.role === 'admin' ? [USERS.coach, USERS.client, user] : [USERS.coach, USERS.client];
    const people = within.map(({ id, name, role }) => ({ userId: id, name, role }));
    const answers = {
      '/api/me': () => ({ user, csrf: 'csrf-token' }),
      '/api/appointments': () => ({ appointments: this.appointments }),
      '/api/ice-servers': () => ({ iceServers: [] }),
      '/api/sessions/s1': () => this.session,
      '/api/room/demo': () => ({ roomId: 'demo', user, people, ...this.info }),
    };
    if (url.pathname === '/api/sessions/s1' && (user.role === 'client' || !this.session)) {
      return problem(res, this.session ? 403 : 404);
    }
    if (url.searchParams.has('format')) {
      return reply(res, 200, `a file: ${url.searchParams.get('format')}`);
    }
    return answers[url.pathname] ? reply(res, 200, answers[url.pathname]()) : problem(res, 404);
  }

  async #post(req, res, url, user) {
    let body = '';
    for await (const chunk of req) {
      body += chunk;
    }
    if (url.pathname === '/sign-in') {
      return signIn(req, res, new URLSearchParams(body));
    }
    if (!user || req.headers['x-csrf-token'] !== 'csrf-token') {
      return problem(res, user ? 403 : 401);
    }
    if (url.pathname === '/sign-out') {
      res.setHeader('Set-Cookie', 'sid=; Path=/; Max-Age=0');
      return reply(res, 200, { success: true });
    }
    if (url.pathname === '/api/room/demo/end') {
      return this.#end(res, user);
    }
    if (url.pathname === '/api/room/demo/quality') {
      this.quality.push({ from: user.role, ...JSON.parse(body) });
      this.onHeard?.();
      return reply(res, 200, { success: true });
    }
    if (url.pathname === '/api/room/demo/orb') {
      this.orbAsked.push(JSON.parse(body));
      this.setOrbState('spawning');
      return reply(res, 200, { success: true });
    }
    this.left.push(user.id);
    this.#leave(user.id);
    this.onHeard?.();
    return reply(res, 200, { success: true });
  }

  #end(res, user) {
    if (user.role !== 'coach' || this.refuseEnd) {
      return problem(res, this.refuseEnd ?? 403);
    }
    this.toHumans({ type: 'session-ended', reason: 'session_complete' });
    this.seats.forEach((seat) => seat.ws.close(4000));
    this.seats.clear();
    return reply(res, 200, { success: true });
  }

  // Signaling

  #connected(ws, req) {
    let userId = null;
    const user = USERS[/sid=(\w+)/.exec(req.headers.cookie ?? '')?.[1]];
    ws.on('message', (data) => {
      const message = JSON.parse(String(data));
      this.received.push({ ...message, from: userId ?? user?.id });
      if (message.type === 'join') {
        userId = message.userId;
        this.#join(ws, message);
      } else if (message.type === 'ping') {
        ws.send(JSON.stringify({ type: 'pong' }));
      } else if (message.type === 'leave') {
        this.#leave(userId);
      } else if (message.type === 'orb-control') {
        this.onControl?.(message);
      } else if (message.toId) {
        this.to(message.toId, { ...message, fromId: userId });
        this.orb?.receive({ ...message, fromId: userId });
      }
      this.onHeard?.();
    });
    ws.on('close', () => {
      const seat = this.seats.get(userId);
      if (seat?.ws === ws) {
        seat.lostTimer = setTimeout(() => this.#leave(userId), this.seatHeldMs);
      }
    });
  }

  #join(ws, join) {
    const old = this.seats.get(join.userId);
    clearTimeout(old?.lostTimer);
    if (old && !join.resume) {
      old.ws.close(4409);
      this.#leave(join.userId);
    }
    const others = [...this.seats.values()].filter((seat) => seat.join.userId !== join.userId);
    this.seats.set(join.userId, { ws, join, lostTimer: null });
    const peers = others.map((seat) => ({ ...who(seat.join), shouldCreateOffer: offers(join, seat.join) }));
    ws.send(JSON.stringify({ type: 'peer-discovery', peers }));
    [this.orbState, this.aiStatus].filter(Boolean).forEach((each) => ws.send(JSON.stringify(each)));
    if (!(old && join.resume)) {
      for (const seat of others) {
        const shouldCreateOffer = offers(seat.join, join);
        seat.ws.send(JSON.stringify({ type: 'user-joined', ...who(join), shouldCreateOffer }));
      }
    }
  }

  #leave(userId) {
    const seat = this.seats.get(userId);
    if (seat) {
      clearTimeout(seat.lostTimer);
      this.seats.delete(userId);
      this.toHumans({ type: 'user-left', userId, userRole: seat.join.userRole, reason: 'left' });
      this.orb?.left(userId);
    }
  }

  /** Seats the orb; `receive` and `left` come from a test or from orb.mjs. */
  joinOrb(orb = { receive() {}, left() {} }) {
    this.orb = orb;
    this.#join({ send() {}, close() {}, terminate() {} }, { ...ORB });
  }

  dropOrb() {
    this.#leave(ORB.userId);
    this.orb = null;
  }
}

function who({ userId, userRole, userName, participantType }) {
  return { userId, userRole, userName, participantType };
}

function offers(me, other) {
  if (me.participantType === 'ai' || other.participantType === 'ai') {
    return other.participantType === 'ai';
  }
  return me.userId < other.userId;
}

export function appointment(room, starts, minutes, status = 'scheduled') {
  const { coach, client } = USERS;
  return {
    room,
    coach: { id: coach.id, name: coach.name },
    client: { id: client.id, name: client.name },
    starts,
    minutes,
    status,
  };
}

function signIn(req, res, form) {
  const wantsJson = req.headers.accept?.includes('application/json');
  const entry = Object.entries(USERS).find(([, user]) => user.email === form.get('email'));
  if (!entry || form.get('password') !== 'right') {
    return wantsJson ? problem(res, 401) : redirect(res, '/sign-in?error=1#wrong');
  }
  res.setHeader('Set-Cookie', `sid=${entry[0]}; Path=/; HttpOnly; SameSite=Lax`);
  return wantsJson ? reply(res, 200, { success: true }) : redirect(res, form.get('return') || '/');
}

function reply(res, status, body) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  res.writeHead(status, { 'Content-Type': typeof body === 'string' ? 'text/plain' : 'application/json' });
  res.end(text);
}

function problem(res, status) {
  res.writeHead(status, { 'Content-Type': 'application/problem+json' });
  res.end(JSON.stringify({ title: 'Refused', status }));
}

function redirect(res, where) {
  res.writeHead(302, { Location: where });
  res.end();
}

async function file(res, path) {
  const full = normalize(resolvePath(WEB, path));
  const content = full.startsWith(WEB) ? await readFile(full).catch(() => null) : null;
  if (!content) {
    return reply(res, 404, 'not found');
  }
  res.writeHead(200, { 'Content-Type': TYPES[extname(full)], 'Content-Security-Policy': CSP });
  return res.end(content);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const mock = await startMock({ port: Number(process.argv[2] ?? 3999) });
  console.log(`${mock.url}  coach@example.com, client@example.com, password "right"`);
}
