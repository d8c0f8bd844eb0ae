// A room of the bench's own: signaling for any orb and any page, in this process, with the time of every message.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';

const PAGE = path.join(path.dirname(fileURLToPath(import.meta.url)), 'page');
const TYPES = { '.html': 'text/html', '.js': 'text/javascript' };

export const wall = () => performance.timeOrigin + performance.now();

const servePage = (request, response) => {
  const name = path.basename(new URL(request.url, 'http://room').pathname) || 'index.html';
  const file = path.join(PAGE, name);
  if (!fs.existsSync(file) || !fs.statSync(file).isFile()) {
    response.writeHead(404).end();
    return;
  }
  response
    .writeHead(200, { 'content-type': TYPES[path.extname(file)] ?? 'text/plain' })
    .end(fs.readFileSync(file));
};

/** Waits for things of a list that grows. */
export class Log {
  #waiting = new Set();
  all = [];

  add(thing) {
    this.all.push(thing);
    this.#waiting.forEach((check) => check(thing));
  }

  /** The first that fits, of those from index `from` on. */
  until(fits, what, { from = 0, deadlineMs = 120_000 } = {}) {
    const hit = this.all.slice(from).find(fits);
    if (hit) {
      return Promise.resolve(hit);
    }
    return new Promise((resolve, reject) => {
      const check = (thing) => {
        if (fits(thing)) {
          clearTimeout(timer);
          this.#waiting.delete(check);
          resolve(thing);
        }
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(check);
        reject(
          new Error(`${what}: not within ${deadlineMs} ms; last: ${JSON.stringify(this.all.slice(-5))}`),
        );
      }, deadlineMs);
      this.#waiting.add(check);
    });
  }
}

class Room {
  members = new Map(); // userId -> { socket, join }
  log = new Log(); // { t, from, type, ... }

  join(socket, join) {
    const others = [...this.members.values()].map((member) => member.join);
    this.members.set(join.userId, { socket, join });
    const offers = (mine, theirs) =>
      mine.participantType !== 'ai' && (theirs.participantType === 'ai' || mine.userId < theirs.userId);
    const seen = ({ userId, userRole, userName, participantType = 'human' }) => ({
      userId,
      userRole,
      userName,
      participantType,
    });
    socket.send(
      JSON.stringify({
        type: 'peer-discovery',
        peers: others.map((other) => ({ ...seen(other), shouldCreateOffer: offers(join, other) })),
      }),
    );
    for (const other of others) {
      this.members
        .get(other.userId)
        .socket.send(
          JSON.stringify({ type: 'user-joined', ...seen(join), shouldCreateOffer: offers(other, join) }),
        );
    }
  }

  relay(from, message) {
    const text = JSON.stringify({ ...message, fromId: from });
    for (const [userId, { socket }] of this.members) {
      if (userId !== from && (!message.toId || message.toId === userId)) {
        socket.send(text);
      }
    }
  }

  leave(userId) {
    const member = this.members.get(userId);
    if (this.members.delete(userId)) {
      this.relay(userId, { type: 'user-left', userId, userRole: member.join.userRole });
    }
  }

  orb() {
    return [...this.members.values()].find(({ join }) => join.participantType === 'ai');
  }

  /** The orb says this text, as when the coach has it say something. */
  say(text) {
    this.orb().socket.send(
      JSON.stringify({ type: 'orb-control', action: 'say', value: text, fromId: 'coach1' }),
    );
  }

  status() {
    return this.log.all.findLast((message) => message.type === 'ai_status')?.status ?? '';
  }

  /** When the orb came in. */
  async orbJoined() {
    return (await this.log.until((m) => m.type === 'join' && m.participantType === 'ai', 'the orb to join'))
      .t;
  }
}

export async function openRooms() {
  const rooms = new Map();
  const server = http.createServer(servePage);
  const sockets = new WebSocketServer({ server });
  const room = (id) => rooms.get(id) ?? rooms.set(id, new Room()).get(id);
  sockets.on('connection', (socket, request) => {
    const here = room(new URL(request.url, 'http://room').pathname.split('/').pop());
    let me = '';
    socket.on('error', () => {});
    socket.on('close', () => here.leave(me));
    socket.on('message', (raw) => {
      const t = wall();
      const message = JSON.parse(raw);
      here.log.add({ ...message, t, from: me || message.userId });
      if (message.type === 'join') {
        me = message.userId;
        here.join(socket, message);
      } else if (message.type === 'leave') {
        here.leave(me);
      } else if (['offer', 'answer', 'ice-candidate', 'ai_status', 'transcript'].includes(message.type)) {
        here.relay(me, message);
      }
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${server.address().port}`;
  return {
    host,
    room,
    close() {
      sockets.clients.forEach((socket) => socket.terminate());
      server.close();
    },
  };
}
