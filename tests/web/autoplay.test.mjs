// A browser that keeps pages silent until a click: a state with a button.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { startMock } from './mock-server.mjs';
import { launch, openPage } from './browser.mjs';

test('blocked sound is said, and a click turns it on', async (t) => {
  const browser = await launch({ autoplay: false });
  const mock = await startMock();
  t.after(async () => {
    await browser.close();
    await mock.close();
  });
  const client = await openPage(browser, mock, 'client');
  // Whoever shares a microphone may play sound; this one has none.
  await client.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotFoundError'));
    document.addEventListener('tc-playback-blocked', () => console.info('refused'));
  });
  const refused = client.waitForEvent('console', (message) => message.text() === 'refused');
  await client.goto(`${mock.url}/room/demo`);
  const coach = await openPage(browser, mock, 'coach');
  await coach.goto(`${mock.url}/room/demo`);
  // Playwright's own look at a page counts as a gesture of the user: not before play() was refused.
  await refused;
  await client.getByRole('button', { name: 'Turn on sound' }).click();
  await client.getByRole('button', { name: 'Turn on sound' }).waitFor({ state: 'detached' });
  assert.equal(await client.evaluate(() => document.querySelector('.partner video').paused), false);
  assert.deepEqual(client.faults, []);
});
