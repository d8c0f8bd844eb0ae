// Who drops out must not look alive, and what is to be said must not hide who is there.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { isStill, watchArrival } from '../../web/lib/stillness.js';
import { axe } from './browser.mjs';
import { enter, mock, open, phase, shows, stage } from './room-stage.mjs';

stage();

test('still is who sent something, and for two seconds nothing new', () => {
  let arrival = watchArrival(undefined, 0, 0);
  assert.equal(isStill(arrival, 60_000), false, 'nothing ever came');
  arrival = watchArrival(arrival, 100, 1_000);
  arrival = watchArrival(arrival, 200, 2_000);
  arrival = watchArrival(arrival, 200, 3_999);
  assert.equal(isStill(arrival, 3_999), false);
  assert.equal(isStill(watchArrival(arrival, 200, 4_000), 4_000), true);
  assert.equal(isStill(watchArrival(arrival, 0, 14_000), 14_000), true, 'forgotten is not come');
  assert.equal(isStill(watchArrival(arrival, 300, 14_000), 14_000), false, 'back');
  assert.equal(isStill(watchArrival(arrival, null, 14_000), 14_000), false, 'nothing is to come');
});

test('a page that crashes: the tile says so over a dimmed picture, the header whose trouble it is', async () => {
  mock.seatHeldMs = 240_000;
  const [coach, client] = [await enter('coach'), await enter('client')];
  await phase(coach, 'Live');
  await coach.locator('.partner.has-picture').waitFor();
  await coach.waitForFunction(() => document.querySelector('.partner video').currentTime > 0);
  // What is shown meanwhile may be over before anybody looks: the page notes it by itself.
  await coach.evaluate(() => {
    globalThis.shown = new Set();
    const note = () => {
      const tile = document.querySelector('.partner');
      const empty = tile.querySelector('.tile-empty');
      const dim = tile.matches('.has-picture.is-stale');
      const seen = globalThis.getComputedStyle(empty).visibility;
      globalThis.shown.add(`${dim ? 'dim' : 'bright'} ${seen}: ${empty.innerText.trim()}`);
      globalThis.shown.add(document.querySelector('#phase').textContent);
    };
    const options = { subtree: true, childList: true, characterData: true, attributes: true };
    new globalThis.MutationObserver(note).observe(document.body, options);
  });
  client.goto('chrome://crash').catch(() => {});
  await coach.waitForFunction(() => {
    const has = (words) => globalThis.shown.has(words);
    return (
      has('dim visible: Sam’s connection is unstable') &&
      has('dim visible: Sam lost the connection. Waiting for them…') &&
      has('Sam is reconnecting')
    );
  });
  const shown = await coach.evaluate(() => [...globalThis.shown]);
  assert.ok(!shown.includes('Reconnecting…'), shown.join('\n'));
  assert.deepEqual(await axe(coach), []);
});

const PHONE = { width: 390, height: 844 };

for (const size of [PHONE, { width: 844, height: 390 }, { width: 1440, height: 900 }]) {
  test(`notices hide neither the orb nor a face: ${size.width} px`, async () => {
    const coach = await open('coach', { size });
    await coach.addInitScript(() => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
    });
    await coach.goto(`${mock.url}/room/demo`);
    await shows(coach, 'Microphone and camera are blocked');
    await coach.evaluate(() =>
      document.body.dispatchEvent(new CustomEvent('tc-playback-blocked', { bubbles: true })),
    );
    await shows(coach, 'keeps this page silent');
    const boxes = (selector) =>
      coach.locator(selector).evaluateAll((all) => all.map((each) => each.getBoundingClientRect().toJSON()));
    const notices = await boxes('.notice');
    const faces = await boxes('tc-orb, tc-tile.partner');
    assert.deepEqual([notices.length, faces.length], [2, 2]);
    for (const face of faces) {
      assert.ok(face.height >= 120, `${face.height} px high`);
      for (const { bottom, left } of notices) {
        assert.ok(bottom <= face.top || left >= face.right, JSON.stringify([notices, face]));
      }
    }
    assert.equal(await coach.evaluate(() => document.documentElement.scrollWidth), size.width);
    assert.deepEqual(await axe(coach), []);
  });
}

test('on a phone the title says with whom, uncut', async () => {
  const coach = await enter('coach', { size: PHONE });
  await phase(coach, 'Waiting');
  await coach.getByRole('heading', { name: /^With Sam$/ }).waitFor();
  const cut = () => coach.locator('#title').evaluate((title) => title.scrollWidth > title.clientWidth);
  assert.equal(await cut(), false);
  await enter('client');
  await phase(coach, 'Live');
  assert.equal(await cut(), false);
});
