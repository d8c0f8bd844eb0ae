// The operators' page in a real browser, with a real server behind it. SHOTS=DIR keeps pictures of it.

import { after, afterEach, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { axe, launch, openPage } from './browser.mjs';
import { enter } from '../lib/participant.mjs';
import { cookiesOf, joinToken, ROOT, startServer } from '../lib/server.mjs';

const ENV = {
  ORB_COMMAND: `"${process.execPath}" "${ROOT}/tests/mock/wordless-orb.mjs"`,
  WORDS: 'summary',
  BEATS: '300',
  MAX_CONCURRENT_ORBS: '2',
  ORB_CLEANUP_GRACE_PERIOD: '100',
};
let browser, server, page, admin, coach, dataDir;
const inside = [];

before(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'tricall-dashboard-'));
  browser = await launch();
  server = await startServer({ env: ENV, dataDir });
  admin = server.addUser({ role: 'admin', email: 'ada@example.org' });
  coach = server.addUser({ role: 'coach', email: 'cora@example.org' });
});
after(async () => {
  await browser?.close();
  inside.forEach((person) => person.socket.terminate());
  await server?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});
afterEach(async () => {
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

async function cookieOf({ email, password }) {
  const response = await fetch(`${server.url}/api/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });
  const [name, value] = cookiesOf(response)[0].split(';')[0].split('=');
  return { name, value, url: server.url };
}

/** The dashboard, signed in, and live. */
async function open(options) {
  page = await openPage(browser, server, null, options);
  await page.context().addCookies([await cookieOf(admin)]);
  await page.goto(`${server.url}/admin`);
  await page.locator('#live', { hasText: 'Live' }).waitFor();
}

async function come(room, user, role = 'client') {
  const person = await enter(server, room, user, role);
  inside.push(person);
  return person;
}

const tile = (name) => page.locator('.tile', { has: page.getByText(name, { exact: true }) }).locator('dd');
const row = (room) => page.locator('tc-room-row', { has: page.getByRole('heading', { name: room }) });

async function shot(name) {
  if (process.env.SHOTS) {
    await page.screenshot({ path: join(process.env.SHOTS, `${name}.png`), fullPage: true });
  }
}

test('it is for admins, who reach it from their first page', async () => {
  page = await openPage(browser, server, null);
  await page.goto(`${server.url}/admin`);
  await page.waitForURL(/\?return=\/admin/);
  await page.fill('#email', admin.email);
  await page.fill('#password', admin.password);
  await page.keyboard.press('Enter');
  await page.waitForURL(`${server.url}/admin`);
  await page.goto(server.url);
  await page.getByRole('link', { name: 'Dashboard' }).click();
  await page.getByRole('heading', { name: 'Dashboard' }).waitFor();
  const theirs = await cookieOf(coach);
  const headers = { cookie: `${theirs.name}=${theirs.value}` };
  assert.equal((await fetch(`${server.url}/admin`, { headers })).status, 403);
});

test('rooms, orbs, figures and events come live', async () => {
  await open();
  await page.getByText('Nobody is in a call right now.').waitFor();
  await come('live-1', 'coach-1', 'coach');
  await come('live-1', 'client-1');
  await row('live-1').getByText('ready', { exact: true }).waitFor();
  await row('live-1').getByText('coach, client').waitFor();
  await row('live-1')
    .getByText(/\d+ MB/)
    .waitFor();
  await row('live-1')
    .getByText(/\d+ ms/)
    .waitFor();
  assert.equal(await tile('Rooms').first().innerText(), '1');
  await tile('Answer latency')
    .first()
    .getByText(/\d+ ms/)
    .waitFor();
  await page.locator('.events li', { hasText: 'spawning → ready' }).waitFor();
  await row('live-1').locator('tc-chart canvas').first().waitFor();
  await page.locator('.day tc-chart canvas').first().waitFor();
});

test('an orb is ended and restarted after a question, by keyboard too', async () => {
  await open();
  const life = row('live-1').locator('.row-age');
  const old = await life.innerText();
  await row('live-1').getByRole('button', { name: 'Restart the orb of live-1' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Restart the orb?' }).waitFor();
  assert.deepEqual(await axe(page), []);
  await page.keyboard.press('Escape');
  await page.getByRole('heading', { name: 'Restart the orb?' }).waitFor({ state: 'hidden' });
  assert.equal((await life.innerText()).split('·')[1], old.split('·')[1], 'Escape asks for nothing');
  await row('live-1').getByRole('button', { name: 'Restart' }).click();
  await page.getByRole('button', { name: 'Restart the orb', exact: true }).click();
  await page.waitForFunction((was) => {
    const now = document.querySelector('tc-room-row .row-age')?.textContent ?? '';
    return /pid \d+/.test(now) && now.split('·')[1] !== was.split('·')[1];
  }, old);
  await row('live-1').getByText('ready', { exact: true }).waitFor();
  await row('live-1').getByRole('button', { name: 'End' }).click();
  await page.getByRole('button', { name: 'End the orb', exact: true }).click();
  await page.locator('.events li', { hasText: /→ gone.*session_complete/s }).waitFor();
});

test('what does not match the filter is not shown', async () => {
  await come('alpha', 'client-2');
  await come('beta', 'client-3');
  await open();
  await row('alpha').waitFor();
  await row('beta').waitFor();
  await page.fill('#words', 'ALPH');
  await row('beta').waitFor({ state: 'detached' });
  assert.match(await page.locator('#rooms-count').innerText(), /^1 of \d+$/);
  assert.equal(await page.locator('.events li', { hasText: 'beta' }).count(), 0);
  await page.fill('#words', '');
  await page.selectOption('#state', 'full');
  await page.getByText('No room matches the filter.').waitFor();
});

test('what pages measure is shown with the room, and counted', async () => {
  await open();
  const token = joinToken({ sub: 'client-1', name: 'Client', room: 'live-1', role: 'client' });
  const connection = {
    id: 'c1',
    peer: 'human',
    state: 'connected',
    outcome: 'connected',
    connectMs: 321,
    path: 'relay',
    rttMs: 24,
    loss: 0.01,
  };
  const response = await fetch(`${server.url}/api/room/live-1/quality?token=${token}`, {
    method: 'POST',
    body: JSON.stringify({ connections: [connection] }),
  });
  assert.equal(response.status, 200);
  await row('live-1').getByText('relay, rtt 24 ms, loss 1 %, in 321 ms').waitFor();
  assert.equal(await tile('Connections made').first().innerText(), '100 %');
});

for (const colorScheme of ['light', 'dark']) {
  for (const size of [
    { width: 1440, height: 900 },
    { width: 390, height: 844 },
  ]) {
    test(`accessible, and nothing wider than the page: ${colorScheme}, ${size.width} px`, async () => {
      await open({ colorScheme, size });
      await row('alpha').locator('tc-chart canvas').first().waitFor();
      await shot(`dashboard-${colorScheme}-${size.width}`);
      assert.deepEqual(await axe(page), []);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), size.width);
    });
  }
}

test('without the chart library it has all figures, and says what is missing', async () => {
  page = await openPage(browser, server, null);
  await page.context().addCookies([await cookieOf(admin)]);
  await page.route('**/vendor/uplot/*', (route) => route.fulfill({ status: 404, body: '' }));
  await page.goto(`${server.url}/admin`);
  await page.getByText('Charts are not installed').waitFor();
  await row('alpha')
    .getByText(/\d+ MB/)
    .waitFor();
  assert.equal(await page.locator('canvas').count(), 0);
  assert.deepEqual(await axe(page), []);
  assert.ok(
    page.faults.every((fault) => fault.includes('404')),
    `${page.faults}`,
  );
  page.faults = [];
});

test('it finds back to a server that was restarted, which knows what was', async () => {
  await open();
  const port = new URL(server.url).port;
  await page.locator('.events li', { hasText: 'alpha' }).first().waitFor();
  const events = await page.locator('.events li').count();
  inside.splice(0).forEach((person) => person.socket.terminate());
  await server.stop();
  await page.locator('#live', { hasText: 'Reconnecting' }).waitFor();
  server = await startServer({ env: ENV, dataDir, args: ['--port', port] });
  await page.locator('#live', { hasText: 'Live' }).waitFor();
  await page.getByText('Nobody is in a call right now.').waitFor();
  await page.reload();
  await page.locator('.events li', { hasText: 'alpha' }).first().waitFor();
  assert.ok((await page.locator('.events li').count()) >= events);
  const { name, value } = await cookieOf(admin);
  const overview = await (
    await fetch(`${server.url}/api/admin/overview`, { headers: { cookie: `${name}=${value}` } })
  ).json();
  assert.ok(Math.max(...overview.history.map(({ rooms }) => rooms)) >= 2, 'the minutes before are known');
});
