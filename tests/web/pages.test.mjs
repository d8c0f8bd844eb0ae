// Sign-in and appointments in a real browser.

import { after, afterEach, before, beforeEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { appointment, startMock } from './mock-server.mjs';
import { axe, launch, openPage } from './browser.mjs';

let browser, mock, page;
before(async () => {
  browser = await launch();
  mock = await startMock();
});
beforeEach(() => {
  const soon = new Date(Date.now() + 10 * 60_000).toISOString();
  mock.appointments = [
    appointment('demo', soon, 50),
    appointment('old', soon, 50, 'completed'),
    appointment('older', soon, 50, 'completed'),
  ];
});
after(async () => {
  await browser?.close();
  await mock?.close();
});
afterEach(async () => {
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test('a wrong password is told in words, and the right one leads back to the room', async () => {
  page = await openPage(browser, mock, null);
  await page.goto(mock.url);
  assert.equal(await page.locator('#by-link').isVisible(), false);
  await page.goto(`${mock.url}/room/demo`);
  await page.getByText('Invited by a link?').waitFor();
  await page.fill('#email', 'coach@example.com');
  await page.fill('#password', 'wrong');
  await page.click('text=Sign in >> visible=true');
  await page.getByRole('alert').filter({ hasText: 'password is not right' }).waitFor();
  assert.equal(await page.inputValue('#password'), '');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'password');
  await page.fill('#password', 'right');
  await page.keyboard.press('Enter');
  await page.waitForURL(`${mock.url}/room/demo`);
  await page.getByRole('heading', { name: 'Session with Sam Client' }).waitFor();
});

test('signing in works without scripts, and says when it failed', async () => {
  page = await openPage(browser, mock, null, { javaScriptEnabled: false });
  await page.goto(mock.url);
  await page.fill('#email', 'client@example.com');
  await page.fill('#password', 'wrong');
  await page.click('button');
  await page.locator('#wrong').waitFor({ state: 'visible' });
  await page.fill('#email', 'client@example.com');
  await page.fill('#password', 'right');
  await page.click('button');
  await page.waitForURL(`${mock.url}/`);
});

test('keyboard only: sign in, open the appointment, leave the call', async () => {
  page = await openPage(browser, mock, null);
  await page.goto(mock.url);
  await page.keyboard.press('Tab');
  await page.keyboard.type('client@example.com');
  await page.keyboard.press('Tab');
  await page.keyboard.type('right');
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'Join the call with Clara Coach' }).waitFor();
  await tabTo(page, 'Join the call with Clara Coach');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Leave' }).waitFor();
  await tabTo(page, 'Leave');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'You left the call' }).waitFor();
  await tabTo(page, 'Your appointments');
});

/** Presses Tab until the focus is on what is called so. */
async function tabTo(where, name) {
  for (let presses = 0; presses < 20; presses++) {
    await where.keyboard.press('Tab');
    const here = await where.evaluate(() => {
      const element = document.activeElement;
      return element.getAttribute('aria-label') ?? element.textContent.trim();
    });
    if (here.startsWith(name)) {
      return;
    }
  }
  assert.fail(`Tab never reached ${name}`);
}

test('appointments come by what can be done with them, and one can sign out', async () => {
  page = await openPage(browser, mock, 'coach');
  await page.goto(mock.url);
  await page.getByRole('heading', { name: 'Ready to join' }).waitFor();
  await page.getByText(/^In \d+ min$/).waitFor();
  assert.equal(await page.getByRole('link', { name: /Join/ }).count(), 1);
  // The same person, the same hour: even then no two look the same.
  const rows = await page.locator('.appointment').allInnerTexts();
  assert.equal(new Set(rows).size, 3, rows.join('\n---\n'));
  assert.match(rows[0], /Today|Tomorrow/);
  assert.match(rows[0], /50\smin[^]*Room demo/);
  await page.click('#sign-out');
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
});

test('an admin reads both names, in the list and in the room', async () => {
  page = await openPage(browser, mock, 'admin');
  await page.goto(mock.url);
  await page.getByRole('heading', { name: 'Clara Coach and Sam Client' }).first().waitFor();
  await page.getByRole('link', { name: 'Join the call of Clara Coach and Sam Client' }).click();
  await page.getByRole('heading', { name: 'Session of Clara Coach and Sam Client' }).waitFor();
  assert.match(await page.title(), /Clara Coach and Sam Client/);
});

// Two files, since there is no build to make them of one: what both have must stay the same.
test('the coach’s room is the client’s, and more', async () => {
  page = await openPage(browser, mock, null); // what comes after each test wants one
  const lines = (who) =>
    readFileSync(new URL(`../../web/pages/room-${who}.html`, import.meta.url), 'utf8')
      .replace(`room-${who}.js`, 'room-WHO.js')
      .split('\n');
  const coach = lines('coach');
  const missing = lines('client').filter((line) => {
    const at = coach.indexOf(line);
    coach.splice(0, at + 1);
    return at < 0;
  });
  assert.deepEqual(missing, [], 'line by line, in the same order');
});

for (const colorScheme of ['light', 'dark']) {
  for (const size of [
    { width: 1440, height: 900 },
    { width: 390, height: 844 },
  ]) {
    test(`accessible, and nothing wider than the page: ${colorScheme}, ${size.width} px`, async () => {
      page = await openPage(browser, mock, null, { colorScheme, size });
      await page.goto(`${mock.url}/sign-in?error=1`);
      await page.locator('#wrong.shown').waitFor();
      assert.deepEqual(await axe(page), []);
      await page.context().addCookies([{ name: 'sid', value: 'coach', url: mock.url }]);
      await page.goto(mock.url);
      await page.getByText(/^In \d+ min$/).waitFor();
      assert.deepEqual(await axe(page), []);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), size.width);
    });
  }
}
