// A participant as a test sees one: a WebSocket with an inbox that can be waited on.
import WebSocket from 'ws';
import { joinToken } from './server.mjs';

const DEADLINE_MS = 90_000;

const told = (messages) => JSON.stringify(messages).slice(0, 2000);
const late = (what, seen) => new Error(`${what} did not come within ${DEADLINE_MS} ms; came: ${told(seen)}`);

export class Participant {
  #waiting = new Set();
  inbox = []; // not taken yet
  all = [];

  constructor(url, options = {}, subprotocols = []) {
    this.socket = new WebSocket(url, subprotocols, options);
    this.socket.on('message', (data, binary) => {
      const message = JSON.parse(data);
      this.inbox.push(message);
      this.all.push(message);
      this.#waiting.forEach((check) => check());
    });
    /** { code, reason } once the socket is closed */
    this.closed = new Promise((resolve) =>
      this.socket.on('close', (code, reason) => {
        resolve({ code, reason: String(reason) });
        this.#waiting.forEach((check) => check());
      }),
    );
    /** { status, body }: 101 once open, or the refusal */
    this.upgraded = new Promise((resolve, reject) => {
      this.socket.on('open', () => resolve({ status: 101 }));
      this.socket.on('unexpected-response', (request, response) => {
        let body = '';
        response.on('data', (chunk) => (body += chunk));
        response.on('end', () => resolve({ status: response.statusCode, body }));
      });
      this.socket.on('error', reject);
    });
    this.upgraded.catch(() => {});
  }

  send(message) {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** Takes the first message that fits (a type, or a predicate) out of the inbox. */
  next(wanted) {
    const fits = typeof wanted === 'function' ? wanted : (message) => message.type === wanted;
    return new Promise((resolve, reject) => {
      const done = (settle, value) => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        settle(value);
      };
      const check = () => {
        const index = this.inbox.findIndex(fits);
        if (index >= 0) {
          done(resolve, this.inbox.splice(index, 1)[0]);
        } else if (this.socket.readyState === WebSocket.CLOSED) {
          done(reject, new Error(`closed while waiting for ${wanted}; came: ${told(this.all)}`));
        }
      };
      const timer = setTimeout(() => done(reject, late(wanted, this.all)), DEADLINE_MS);
      this.#waiting.add(check);
      check();
    });
  }

  /** All that was sent to us before this call's ping has come once it resolves. */
  async settled() {
    this.send({ type: 'ping' });
    await this.next('pong');
    return this;
  }

  count(type) {
    return this.all.filter((message) => message.type === type).length;
  }

  /** Gone as a dropped line is: no leave, no close frame. */
  drop() {
    this.socket.terminate();
    return this.closed;
  }

  close() {
    this.socket.close();
    return this.closed;
  }
}

export const wsUrl = (server, room, token) => `${server.ws}/ws-simple/${room}${token ? `?token=${token}` : ''}`;

/** An upgraded, not yet joined participant with a join token of ours. */
export async function connect(server, room, userId, role, claims = {}) {
  const token = joinToken({ sub: userId, name: `Name of ${userId}`, room, role, ...claims });
  const participant = new Participant(wsUrl(server, room, token));
  await participant.upgraded;
  return Object.assign(participant, { userId, role });
}

/** Joins and takes the answer; `discovery` holds it. */
export async function enter(server, room, userId, role, fields = {}) {
  const participant = await connect(server, room, userId, role);
  participant.send({
    type: 'join',
    roomId: room,
    userId,
    userRole: role,
    userName: userId,
    participantType: role === 'ai' ? 'ai' : 'human',
    ...fields,
  });
  participant.discovery = await participant.next('peer-discovery');
  return participant;
}
