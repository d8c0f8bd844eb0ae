// Scripts that do not arrive: the page helps itself once, then says so.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { startMock } from './mock-server.mjs';
import { launch, openPage } from './browser.mjs';

const FAILED = 'This page did not load completely.';

async function pageWithout(t, what) {
  const browser = await launch();
  const mock = await startMock();
  t.after(async () => {
    await browser.close();
    await mock.close();
  });
  const page = await openPage(browser, mock, 'coach');
  let refused = 0;
  const limit = { times: 0 };
  await page.route(`**${what}`, (route) => {
    if (refused >= limit.times) {
      return route.continue();
    }
    refused += 1;
    return route.abort('failed');
  });
  return { page, mock, limit, refused: () => refused };
}

for (const what of ['/lib/call.js', '/pages/room-coach.js', '/ui/room.css']) {
  test(`${what} lost once: the page loads itself again`, async (t) => {
    const { page, mock, limit, refused } = await pageWithout(t, what);
    limit.times = 1;
    await page.goto(`${mock.url}/room/demo`).catch(() => {});
    await page.getByText('Sam Client is not here yet.').waitFor();
    assert.equal(refused(), 1);
    assert.notEqual(
      await page.locator('.stage').evaluate((stage) => getComputedStyle(stage).display),
      'block',
    );
    assert.equal(await page.getByText(FAILED).count(), 0);
  });
}

test('lost for good: it is said, with a button that loads again', async (t) => {
  const { page, mock, limit } = await pageWithout(t, '/lib/call.js');
  let loads = 0;
  page.on('request', (request) => (loads += request.isNavigationRequest() ? 1 : 0));
  limit.times = Infinity;
  await page.goto(`${mock.url}/room/demo`).catch(() => {});
  await page.getByText(FAILED).waitFor();
  assert.equal(loads, 2, 'not tried for ever');
  limit.times = 0;
  await page.getByRole('button', { name: 'Load it again' }).click();
  await page.getByText('Sam Client is not here yet.').waitFor();
});
