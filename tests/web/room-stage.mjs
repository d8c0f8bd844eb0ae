// What tests of the room share: a mock server a test, a browser a file, pages that must be without fault.

import { after, afterEach, before, beforeEach } from 'node:test';
import assert from 'node:assert/strict';
import { startMock } from './mock-server.mjs';
import { launch, openPage } from './browser.mjs';

let browser;
/** The mock server of the test that runs. @type {any} */
export let mock;
let pages = [];

/** Registers the hooks; once a file. */
export function stage() {
  before(async () => (browser = await launch()));
  after(() => browser?.close());
  beforeEach(async () => (mock = await startMock()));
  afterEach(async () => {
    for (const page of pages) {
      assert.deepEqual(page.faults, []);
      await page.context().close();
    }
    pages = [];
    await mock.close();
  });
}

/** A page in a context of its own. @param {string | null} who */
export async function open(who, options) {
  const page = await openPage(browser, mock, who, options);
  pages.push(page);
  return page;
}

/** In the room. @param {string} who */
export async function enter(who, options) {
  const page = await open(who, options);
  await page.goto(`${mock.url}/room/demo`);
  await mock.heard(({ type, from }) => type === 'join' && from === `${who}-1`);
  return page;
}

export const phase = (page, words) => page.locator('#phase', { hasText: words }).waitFor();
export const shows = (page, text) => page.getByText(text).first().waitFor();
