// The guide's own browser class, in room pages of an integrator's making (WEB_DIR), against our server and our orb. The class is
// tri-party-webrtc.js, unchanged; what it leaves to its user (getIceServers, userName, shouldCreateOffer,
// handleUserJoined: called there and defined nowhere) is PAGE_SCRIPT's, as the guide's server describes it. Defects of
// the class that our side must live with: it drops candidates while a description is being set, sends no `leave`, and
// never looks whether a connection failed.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { browser, received, until, watchConnections } from '../e2e/browser.mjs';
import { microphone, SENTENCES } from '../e2e/sounds.mjs';
import { joinToken, ROOT, startServer } from '../lib/server.mjs';

const CLASS = path.join(ROOT, 'tests/compat/tri-party-webrtc.js');
const PAGE = `<!doctype html>
<title>An integrator</title>
<link rel="icon" href="/favicon.svg" />
<script src="/js/tri-party-webrtc.js"></script>
<script src="/js/page.js"></script>
`;
const PAGE_SCRIPT = `
class Page extends TriPartyWebRTC {
  userName = document.title;
  getIceServers() {
    return iceServers; // at once: while the class waits here, an offer that comes makes a second connection
  }
  shouldCreateOffer(peer) {
    return peer.participantType === 'ai' || this.userId < peer.userId;
  }
  async handleUserJoined(data) {
    await this.createPeerConnection(data.userId, data.participantType);
    if (data.shouldCreateOffer) await this.createOffer(data.userId);
  }
  onRemoteStream(userId, stream) {
    const id = 'video-' + userId;
    const video = document.getElementById(id) ?? document.body.appendChild(document.createElement('video'));
    Object.assign(video, { id, autoplay: true, srcObject: stream });
  }
  onUserLeft(userId) {
    document.getElementById('video-' + userId)?.remove();
  }
}
let iceServers = [];
addEventListener('load', async () => {
  ({ iceServers } = await (await fetch('/api/ice-servers')).json());
  const room = location.pathname.split('/')[2];
  const { user } = await (await fetch('/api/room/' + room)).json();
  document.title = user.name;
  window.room = new Page(room, user.id, user.role);
  window.room.initialize();
});
`;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tricall-guide-'));
const people = {};
let server;

/**
 * Between two such pages on one machine every candidate comes within the milliseconds in which the class drops them,
 * and one call in four has none left, whatever server relays them. A network spreads them out; here each one for the
 * other page waits a little. Those for the orb do not: it has to cope.
 */
function spreadCandidates() {
  const Real = window.WebSocket;
  window.WebSocket = class extends Real {
    send(text) {
      const message = JSON.parse(text);
      if (message.type === 'ice-candidate' && !message.toId.startsWith('ai-')) {
        setTimeout(() => this.readyState === Real.OPEN && super.send(text), 1000);
      } else {
        super.send(text);
      }
    }
  };
}

/** The integrator's room pages in the place of ours, served as ours are. */
function pagesWithTheirs() {
  const web = path.join(folder, 'web');
  fs.cpSync(path.join(ROOT, 'web'), web, { recursive: true });
  fs.mkdirSync(path.join(web, 'js'));
  fs.copyFileSync(CLASS, path.join(web, 'js/tri-party-webrtc.js'));
  fs.writeFileSync(path.join(web, 'js/page.js'), PAGE_SCRIPT);
  fs.writeFileSync(path.join(web, 'pages/room-coach.html'), PAGE);
  fs.writeFileSync(path.join(web, 'pages/room-client.html'), PAGE);
  return web;
}

async function person(role, sentence) {
  const chromium = await browser(microphone(folder, role, sentence));
  const context = await chromium.newContext();
  await watchConnections(context);
  await context.addInitScript(spreadCandidates);
  const page = await context.newPage();
  const errors = [];
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  page.on('pageerror', (error) => errors.push(String(error)));
  people[role] = { chromium, page, errors };
}

before(async () => {
  server = await startServer({ env: { ORB_CLEANUP_GRACE_PERIOD: '500', WEB_DIR: pagesWithTheirs() } });
  await person('coach', SENTENCES.cards);
  await person('client', SENTENCES.disposed);
}, { timeout: 300_000 });

after(async () => {
  for (const { chromium } of Object.values(people)) {
    await chromium.close();
  }
  await server?.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

/** The embedding site signs a token; the cookie it is changed for lets the page into the room. */
async function enter(role, room, user) {
  const { page } = people[role];
  const token = joinToken({ sub: user, name: user, room, role });
  const answer = await page.goto(`${server.url}/room/${room}?token=${token}`);
  assert.match(answer.headers()['content-security-policy'], /default-src 'none'/);
}

async function inCall(role) {
  const rows = await until(`the ${role} to see and hear the other and the orb`, async (seen) => {
    const live = seen(await received(people[role].page)).filter((row) => row.state === 'connected');
    return live.filter((row) => row.frames > 10 && row.energy > 1e-4).length === 2 && live.length === 2 && live;
  }, 120_000);
  assert.equal(rows.length, 2, 'no connection too many');
  const orb = rows.find((row) => row.orb);
  assert.ok(orb, 'one of them is the orb');
  assert.equal(orb.width, 480);
  assert.equal(rows.find((row) => !row.orb).width, 640, 'the other is a camera as the guide asks for one');
}

/** The coach has the orb say something: when it would by itself depends on how much the machine has to do. */
const haveItSpeak = () =>
  people.coach.page.evaluate(() =>
    window.room.ws.send(JSON.stringify({ type: 'orb-control', action: 'say', value: 'Good to see you both.' })));

async function both() {
  const speak = setInterval(haveItSpeak, 4000);
  try {
    await Promise.all([inCall('coach'), inCall('client')]);
  } finally {
    clearInterval(speak);
  }
}

test('coach and client on the guide\'s class: sound and picture of each other and of the orb', { timeout: 400_000 }, async () => {
  await enter('coach', 'guide', 'a-coach'); // the first to come has the smaller id: it offers
  await enter('client', 'guide', 'b-client');
  await both();
});

test('a page loaded again, without a word of goodbye, is in the call again', { timeout: 400_000 }, async () => {
  await people.client.page.reload();
  await both();
});

test('the one who comes last offers where its id is the smaller', { timeout: 400_000 }, async () => {
  await enter('coach', 'guide-2', 'z-coach');
  await until('the orb to be with the coach', async (seen) =>
    seen(await received(people.coach.page)).some((row) => row.orb && row.state === 'connected' && row.frames > 10), 60_000);
  await enter('client', 'guide-2', 'c-client');
  await both();
});

test('nothing was said to the console, nor did a message of the class displease the server', () => {
  assert.deepEqual(people.coach.errors, []);
  assert.deepEqual(people.client.errors, []);
  assert.doesNotMatch(server.log(), /closing \S+: 4[24]/);
});
