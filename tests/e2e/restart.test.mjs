// The server dies, or is restarted, in the middle of a call: the two people go on without noticing.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { startServer } from '../lib/server.mjs';
import { browser, received, until, watchConnections } from './browser.mjs';
import { quiet } from './sounds.mjs';

// Pictures may come late on a busy machine; a connection that is made anew is told by its id.

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tricall-restart-'));
const people = {};
let server, port;

const start = () => startServer({ env: { ORB_ADOPT_WINDOW: '300000' }, dataDir: path.join(folder, 'data'), args: port ? ['--port', port] : [] });

async function person(role, name) {
  const user = server.addUser({ role, name });
  const chromium = await browser(quiet(folder, role));
  const context = await chromium.newContext({ viewport: { width: 900, height: 700 } });
  context.setDefaultTimeout(120_000);
  await watchConnections(context);
  people[role] = { user, chromium, page: await context.newPage() };
}

before(async () => {
  fs.mkdirSync(path.join(folder, 'data'));
  server = await start();
  port = new URL(server.url).port;
  await person('coach', 'Nora Coach');
  await person('client', 'Ben Client');
  server.addAppointment({ room: 'e2e', coach: people.coach.user.email, client: people.client.user.email });
}, { timeout: 400_000 });

after(async () => {
  for (const { chromium } of Object.values(people)) {
    await chromium.close();
  }
  await server?.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

const connected = async (page) => (await received(page)).filter(({ state }) => state === 'connected');
const human = async (page) => (await connected(page)).find(({ orb }) => !orb);
const shows = (page, words) => page.locator('#phase', { hasText: words }).waitFor();

/** With both others connected and their pictures moving. */
const complete = (page, wanted) =>
  until('both others with moving pictures', async (seen) => {
    const rows = seen(await connected(page)).filter(({ frames }) => frames > 5);
    const orb = rows.find((row) => row.orb && row.id > wanted.after);
    return orb && rows.some((row) => !row.orb) && { orb, human: rows.find((row) => !row.orb) };
  }, 120_000);

/** Watches the pictures of the other human; `stop()` resolves with the longest time that none came. */
function watch(page) {
  let [frames, since, longest, going] = [-1, Date.now(), 0, true];
  const done = (async () => {
    while (going) {
      const now = (await human(page))?.frames ?? frames;
      longest = Math.max(longest, Date.now() - since);
      if (now > frames) {
        [frames, since] = [now, Date.now()];
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return longest;
  })();
  done.catch(() => {}); // the page may close when a test failed
  return { stop: () => ((going = false), done) };
}

test('they sign in and talk', { timeout: 240_000 }, async () => {
  for (const { user, page } of Object.values(people)) {
    await page.goto(`${server.url}/room/e2e`);
    await page.getByLabel(/e-?mail/i).fill(user.email);
    await page.getByLabel(/password/i).fill(user.password);
    await page.getByRole('button', { name: /sign in/i }).click();
    await page.waitForURL(`${server.url}/room/e2e`);
  }
  for (const { page } of Object.values(people)) {
    await complete(page, { after: -1 });
  }
});

// SIGTERM ends the orb with its summary, and another comes; else it goes on, in the connections it has.
for (const signal of ['SIGKILL', 'SIGTERM', 'SIGHUP']) {
  test(`${signal}, and a new server on the same port: the picture of the other never stops`, { timeout: 300_000 }, async (t) => {
    const pages = Object.values(people).map(({ page }) => page);
    const had = await Promise.all(pages.map((page) => complete(page, { after: -1 })));
    const watches = pages.map(watch);
    t.after(() => watches.forEach((each) => each.stop()));

    await server.stop(signal);
    await Promise.all(pages.map((page) => shows(page, 'Reconnecting…')));
    const down = await Promise.all(pages.map(human));
    await until('pictures while there is no server', async () => {
      const now = await Promise.all(pages.map(human));
      return now.every((row, index) => row && row.frames > down[index].frames + 5);
    }, 30_000);

    server = await start();
    await Promise.all(pages.map((page) => shows(page, 'Live')));
    const orbGoesOn = signal !== 'SIGTERM';
    const has = await Promise.all(
      pages.map((page, index) => complete(page, { after: orbGoesOn ? -1 : had[index].orb.id })),
    );
    for (const [index, page] of pages.entries()) {
      assert.equal(has[index].orb.id === had[index].orb.id, orbGoesOn, 'the connection with the orb');
      assert.ok(!orbGoesOn || has[index].orb.frames > had[index].orb.frames);
      assert.equal(has[index].human.id, had[index].human.id, 'the connection is the same');
      assert.ok(has[index].human.frames > down[index].frames);
      assert.equal((await received(page)).filter(({ orb }) => !orb).length, 1, 'there is no second one');
      assert.equal(await page.locator('.partner.has-picture').count(), 1);
    }

    const stalls = await Promise.all(watches.map((each) => each.stop()));
    t.diagnostic(`a picture stood still for ${stalls} ms`);

    // What is agreed anew goes over the new server, and the old connection.
    const [coach, client] = pages;
    await coach.keyboard.press('v');
    await client.locator('.partner').getByText('Camera is off').waitFor();
    await coach.keyboard.press('v');
    await client.locator('.partner.has-picture').waitFor();
  });
}
