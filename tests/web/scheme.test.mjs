// The room follows the colour scheme that the system asks for; faces and the orb stay dark in both.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { MockOrb } from './orb.mjs';
import { axe } from './browser.mjs';
import { enter, mock, phase, shows, stage } from './room-stage.mjs';

stage();

async function shot(page, name) {
  if (process.env.SHOTS) {
    await page.screenshot({ path: join(process.env.SHOTS, `${name}.png`) });
  }
}

/** How light what is painted there is, 0 to 255: of the pixel at the place, as it is on the screen. */
async function lightness(page, x, y) {
  const png = await page.screenshot({ clip: { x, y, width: 1, height: 1 } });
  return page.evaluate(
    async (bytes) => {
      const bitmap = await globalThis.createImageBitmap(
        new globalThis.Blob([new Uint8Array(bytes)], { type: 'image/png' }),
      );
      const canvas = new globalThis.OffscreenCanvas(1, 1).getContext('2d');
      canvas.drawImage(bitmap, 0, 0);
      const [red, green, blue] = canvas.getImageData(0, 0, 1, 1).data;
      return (red + green + blue) / 3;
    },
    [...png],
  );
}

const corner = async (page, selector) => {
  const { x, y, width } = await page.locator(selector).first().boundingBox();
  return [Math.round(x + width / 2), Math.round(y + 5)];
};

for (const colorScheme of ['light', 'dark']) {
  for (const size of [
    { width: 1440, height: 900 },
    { width: 390, height: 844 },
  ]) {
    const name = `${colorScheme}-${size.width}`;
    test(`accessible in every state, tiles dark in both: ${colorScheme}, ${size.width} px`, async () => {
      // What fades in has no contrast yet: nothing moves here.
      const how = { colorScheme, size, reducedMotion: 'reduce' };
      const coach = await enter('coach', how);
      const client = await enter('client', how);
      const orb = new MockOrb(mock);
      try {
        mock.setOrbState('ready');
        mock.joinOrb(orb);
        mock.setAiStatus('speaking');
        for (const page of [coach, client]) {
          await phase(page, 'Live');
          await page.locator('tc-orb.has-picture').waitFor();
          await page.locator('.partner.has-picture').waitFor();
          await shows(page, 'Orb · Speaking');
        }
        mock.transcript('client-1', 'u1', 'I could not sleep before the meeting', true);
        mock.transcript(
          'orb-1',
          'u2',
          'You could not sleep before the meeting. What went through your mind?',
          true,
        );
        mock.transcript('coach-1', 'u3', 'take your', false);
        await shows(client, 'take your');
        await client.keyboard.press('v');
        await client.keyboard.press('m');
        await shows(coach, 'Camera is off');
        for (const page of [coach, client]) {
          assert.deepEqual(await axe(page), []);
          assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), size.width);
          const around = await lightness(page, 2, 2);
          assert.equal(around > 128, colorScheme === 'light', `around: ${around}`);
          const tile = await lightness(page, ...(await corner(page, 'tc-orb')));
          assert.ok(tile < 90, `the orb's tile: ${tile}`);
        }
        await shot(coach, `room-coach-${name}`);
        await shot(client, `room-client-${name}`);
        await client.getByRole('button', { name: 'Settings' }).click();
        await client.locator('.settings[open]').waitFor();
        assert.deepEqual(await axe(client), []);
        await shot(client, `room-settings-${name}`);
        await client.keyboard.press('Escape');
        await coach.getByRole('button', { name: 'Leave' }).click();
        await coach.locator('.leave[open]').waitFor();
        assert.deepEqual(await axe(coach), []);
        await shot(coach, `room-leave-${name}`);
        await coach.keyboard.press('Escape');
        if (size.width < 1000) {
          await coach.getByRole('button', { name: 'Transcript' }).click();
          await coach.locator('.panel').waitFor();
          await shot(coach, `room-panel-${name}`);
          assert.deepEqual(await axe(coach), []);
        }
        await client.evaluate(() =>
          document.body.dispatchEvent(new CustomEvent('tc-playback-blocked', { bubbles: true })),
        );
        await shows(client, 'keeps this page silent');
        assert.deepEqual(await axe(client), []);
        await shot(client, `room-notice-${name}`);
        await coach.keyboard.press('Escape');
        await client.getByRole('button', { name: 'Leave' }).click();
        await client.getByRole('heading', { name: 'You left the call' }).waitFor();
        assert.deepEqual(await axe(client), []);
        await shot(client, `room-over-${name}`);
      } finally {
        orb.close();
      }
    });
  }
}
