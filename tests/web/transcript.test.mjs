// The coach's transcript in a real browser: it follows what is said, through every change of its
// size, unless the reader looks at what was before.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { axe } from './browser.mjs';
import { enter, mock, stage } from './room-stage.mjs';

stage();

const LONG = 'It went on for a good while, and when it was over there was still something to add to it.';
const PORTRAIT = { width: 820, height: 1180 };
const LANDSCAPE = { width: 1180, height: 820 };

async function say(page, from, to) {
  for (let n = from; n <= to; n++) {
    mock.transcript(n % 3 ? 'client-1' : 'ai-orb-s1', `u${n}`, `${n}: ${LONG}`, true, n * 4000);
  }
  await page.locator('.transcript-text', { hasText: `${to}: ` }).waitFor({ state: 'attached' });
}

/** The last line can be read without scrolling; waits for it, as layout comes a frame later. */
const atEnd = (page) =>
  page.waitForFunction(() => {
    const list = document.querySelector('.transcript-list');
    return list.clientHeight > 0 && list.scrollHeight - list.scrollTop - list.clientHeight < 2;
  });
const fromEnd = (page) =>
  page.evaluate(() => {
    const list = document.querySelector('.transcript-list');
    return Math.round(list.scrollHeight - list.scrollTop - list.clientHeight);
  });
const newest = (page) => page.getByRole('button', { name: 'Jump to newest' });

test('it follows on after the window was made smaller, larger, or turned', async () => {
  const coach = await enter('coach', { size: { width: 1400, height: 1000 } });
  await say(coach, 1, 40);
  await atEnd(coach);
  let said = 40;
  for (const size of [{ width: 1100, height: 420 }, { width: 1400, height: 1000 }, LANDSCAPE]) {
    await coach.setViewportSize(size);
    await atEnd(coach);
    await say(coach, said + 1, said + 3);
    said += 3;
    await atEnd(coach);
  }
  await coach.setViewportSize(PORTRAIT);
  await say(coach, said + 1, said + 3);
  await atEnd(coach);
  assert.equal(await newest(coach).count(), 0);
});

test('closed and opened again, it shows the newest', async () => {
  const coach = await enter('coach', { size: { width: 390, height: 844 } });
  await say(coach, 1, 40);
  await coach.getByRole('button', { name: 'Transcript' }).click();
  await atEnd(coach);
  await coach.getByRole('button', { name: 'Close transcript' }).click();
  await say(coach, 41, 60);
  await coach.getByRole('button', { name: 'Transcript' }).click();
  await atEnd(coach);
});

test('who scrolled up is left in peace, and comes back by a button', async () => {
  const coach = await enter('coach');
  await say(coach, 1, 40);
  await atEnd(coach);
  await coach.locator('.transcript-list').hover();
  await coach.mouse.wheel(0, -900);
  await newest(coach).waitFor();
  const before = await fromEnd(coach);
  await say(coach, 41, 44);
  assert.ok((await fromEnd(coach)) > before, 'what is read stays where it is');
  await coach.setViewportSize({ width: 1280, height: 700 });
  await say(coach, 45, 45);
  assert.ok((await fromEnd(coach)) > 300, 'also over a resize');
  assert.deepEqual(await axe(coach), []);
  await newest(coach).focus();
  await coach.keyboard.press('Enter');
  await atEnd(coach);
  await newest(coach).waitFor({ state: 'hidden' });
  assert.ok(await coach.evaluate(() => document.activeElement.matches('.transcript-list')));
  await say(coach, 46, 48);
  await atEnd(coach);
});

test('scrolled back to the end by hand, it follows again', async () => {
  const coach = await enter('coach');
  await say(coach, 1, 40);
  await atEnd(coach);
  await coach.locator('.transcript-list').focus();
  await coach.keyboard.press('PageUp');
  await newest(coach).waitFor();
  await coach.keyboard.press('End');
  await newest(coach).waitFor({ state: 'hidden' });
  await say(coach, 41, 44);
  await atEnd(coach);
});

test('a new orb speaks under a heading of its own, and nothing of the old one stays grey', async () => {
  const coach = await enter('coach');
  mock.joinOrb();
  mock.setOrbState('ready');
  mock.transcript('ai-orb-s1', 'u1', 'Let us begin with', false, 4000);
  await coach.locator('.transcript-item.is-partial').waitFor();
  mock.setOrbState('restarting');
  await coach.locator('.transcript-text', { hasText: 'Let us begin with…' }).waitFor();
  assert.equal(await coach.locator('.transcript-item.is-partial').count(), 0);
  mock.dropOrb();
  mock.transcript('ai-orb-s1-2', 'u2', 'Here I am again.', true, 9000);
  mock.transcript('ai-orb-s1-2', 'u3', 'Where were we?', true, 12000);
  const items = coach.locator('.transcript-item');
  await items.nth(2).waitFor();
  assert.deepEqual(await items.evaluateAll((all) => all.map((item) => item.classList.contains('goes-on'))), [
    false,
    false,
    true,
  ]);
});
