// What a person's page sees and hears: connecting, and the way of a sound to the orb and back.
import { browser } from '../../tests/e2e/browser.mjs';
import { openRooms } from './room.mjs';
import { sleep } from './process.mjs';

async function open(startOrb, run) {
  const rooms = await openRooms();
  const orb = startOrb(rooms.host, 'page');
  const chromium = await browser();
  try {
    await rooms.room('page').orbJoined();
    await sleep(500); // an orb that is still loading is measured by `start`
    const page = await (await chromium.newContext({ permissions: ['microphone'] })).newPage();
    page.on('pageerror', (error) => console.error(`page: ${error.message}`));
    await page.goto(`http://${rooms.host}/index.html?room=page`);
    await page.waitForFunction(() => window.bench?.ready);
    return await run(page, orb);
  } finally {
    await chromium.close();
    await orb.stop();
    rooms.close();
  }
}

/** The first time of a fresh page apart, then `rounds` of a warm one: arrays of ms. */
export const connecting = (startOrb, rounds) =>
  open(startOrb, async (page) => {
    const all = { answered: [], connected: [], frame: [] };
    let fresh;
    for (let i = 0; i <= rounds; i++) {
      const times = await page.evaluate((id) => window.bench.connect(id), `person${i}`);
      await sleep(400);
      await page.evaluate(() => window.bench.leave());
      await sleep(200);
      fresh ??= times;
      if (i > 0) {
        Object.keys(all).forEach((key) => all[key].push(times[key]));
      }
    }
    return { fresh, ...all };
  });

/** ms: the whole way, and its legs. `sent` is the event of an orb that tells when it answers. */
export const echoing = (startOrb, rounds, sent) =>
  open(startOrb, async (page, orb) => {
    const all = { echo: [], up: [], inside: [], down: [], lost: 0 };
    await page.evaluate(() => window.bench.connect('person0'));
    await sleep(6000); // until the first jitter estimates have settled
    await page.evaluate(() => window.bench.take());
    for (let i = 0; i < rounds; i++) {
      const from = orb.events.all.length;
      await page.evaluate(() => window.bench.beep(100));
      await sleep(800 + Math.random() * 400); // no fixed phase to anybody's 10 or 20 ms grid
      const { tones, onsets } = await page.evaluate(() => window.bench.take());
      const news = orb.events.all.slice(from);
      const heard = news.find((e) => e.event === 'heard');
      const said = news.find((e) => e.event === sent);
      if (tones.length === 0 || onsets.length === 0 || !heard || !said) {
        all.lost++;
        continue;
      }
      all.echo.push(onsets[0] - tones[0]);
      all.up.push(heard.t - tones[0]);
      all.inside.push(said.t - heard.t);
      all.down.push(onsets[0] - said.t);
    }
    return all;
  });
