// Whoever talks to somebody must see whether they can answer.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { axe } from './browser.mjs';
import { enter, mock, open, phase, stage } from './room-stage.mjs';

stage();

const mark = (page, words) => page.locator('.partner .tile-mic', { hasText: words }).waitFor();
const noMark = (page) => page.locator('.partner .tile-mic:empty').waitFor({ state: 'attached' });

test('a muted microphone is marked on the other page, and no longer once it is on', async () => {
  const [coach, client] = [await enter('coach'), await enter('client')];
  await phase(coach, 'Live');
  await phase(client, 'Live');
  await noMark(coach);
  // All that is sent is agreed on: a camera that was slow to start takes an offer more.
  await coach.locator('.partner.has-picture').waitFor();
  await client.locator('.partner.has-picture').waitFor();
  const offers = () => mock.received.filter(({ type }) => type === 'offer').length;
  const before = offers();
  for (const [speaker, reader] of [
    [client, coach],
    [coach, client],
  ]) {
    await speaker.keyboard.press('m');
    await mark(reader, 'Muted');
    await reader.locator('.partner .tile-name .icon').waitFor();
    assert.match(await reader.locator('.partner').getAttribute('aria-label'), /Muted/);
    assert.deepEqual(await axe(reader), []);
    await speaker.keyboard.press('m');
    await noMark(reader);
  }
  assert.equal(offers(), before, 'nothing was negotiated for it');
});

test('who comes muted, or comes back so, is marked', async () => {
  const client = await enter('client');
  await client.keyboard.press('m');
  const coach = await enter('coach');
  await mark(coach, 'Muted');
  await coach.reload();
  await mark(coach, 'Muted');
  await client.reload();
  await mark(coach, 'Muted');
});

test('who has no microphone is marked until there is one', async () => {
  const client = await open('client');
  await client.addInitScript(() => {
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = (wish) =>
      wish.audio && !globalThis.plugged ? Promise.reject(new DOMException('no', 'NotFoundError')) : ask(wish);
  });
  await client.goto(`${mock.url}/room/demo`);
  const coach = await enter('coach');
  await mark(coach, 'No microphone');
  await client.evaluate(() => (globalThis.plugged = true));
  await client.getByRole('button', { name: 'Try again' }).click();
  await noMark(coach);
});
