// The room in a real browser, against the mock server: every state it must put in words.

import { afterEach, test } from 'node:test';
import assert from 'node:assert/strict';
import { ORB } from './mock-server.mjs';
import { MockOrb } from './orb.mjs';
import { axe } from './browser.mjs';
import { enter, mock, open, phase, shows, stage } from './room-stage.mjs';

let orb;
afterEach(() => {
  orb?.close();
  orb = null;
});
stage();

const hasPicture = (page, tile) => page.locator(`${tile}.has-picture`).waitFor();
const playing = (page, tile) =>
  page.waitForFunction((selector) => {
    const video = document.querySelector(`${selector} video`);
    return video.videoWidth > 0 && video.currentTime > 0;
  }, tile);

test('two people and the orb see each other', async () => {
  const coach = await enter('coach');
  await shows(coach, 'Sam Client is not here yet.');
  await phase(coach, 'Waiting');
  const client = await enter('client');
  orb = new MockOrb(mock);
  mock.setOrbState('ready');
  mock.joinOrb(orb);
  mock.setAiStatus('listening');
  for (const page of [coach, client]) {
    await phase(page, 'Live');
    await hasPicture(page, 'tc-orb');
    await hasPicture(page, '.partner');
    await playing(page, 'tc-orb');
    await playing(page, '.partner');
    await shows(page, 'Orb · Listening');
  }
  assert.ok(
    !mock.received.some(
      ({ type, from, toId }) => type === 'offer' && toId === 'coach-1' && from === ORB.userId,
    ),
  );
  assert.deepEqual(await axe(coach), []);
  assert.deepEqual(await axe(client), []);
});

test('the camera goes off and on, and the other sees it', async () => {
  const coach = await enter('coach');
  const client = await enter('client');
  await hasPicture(client, '.partner');
  await coach.keyboard.press('v');
  await shows(client, 'Camera is off');
  await coach.getByRole('button', { name: 'Start video' }).click();
  await hasPicture(client, '.partner');
  await playing(client, '.partner');
});

test('captions: partials become finals, C hides them, and finals are read out', async () => {
  const client = await enter('client');
  mock.transcript('client-1', 'u1', 'so when i', false);
  await client.locator('.caption', { hasText: 'so when i' }).waitFor();
  assert.equal(await client.locator('tc-captions [aria-live] p').count(), 0);
  mock.transcript('client-1', 'u1', 'so when I breathe', true);
  await client.locator('.caption.is-final', { hasText: 'so when I breathe' }).waitFor();
  assert.equal(await client.locator('.caption').count(), 1);
  await client
    .locator('tc-captions [aria-live] p', { hasText: 'You: so when I breathe' })
    .waitFor({ state: 'attached' });
  await client.keyboard.press('c');
  await client.locator('tc-captions').waitFor({ state: 'hidden' });
});

test('what is said is text, never markup', async () => {
  const coach = await enter('coach');
  mock.transcript('client-1', 'u1', '<img src=x onerror=alert(1)><b>bold</b>', true);
  await coach.locator('.transcript-text', { hasText: '<img src=x' }).waitFor();
  assert.equal(await coach.locator('tc-transcript img, tc-captions img').count(), 0);
});

test('the coach has the transcript with names and times, also after a reload', async () => {
  const coach = await enter('coach');
  mock.transcript('client-1', 'u1', 'I slept badly.', true, 65_000);
  mock.transcript('ai-orb-s1', 'u2', 'Shall we breathe?', true, 71_000);
  const items = coach.locator('.transcript-item');
  await items.nth(1).waitFor();
  assert.deepEqual(
    (await items.allInnerTexts()).map((text) => text.replace(/\n+/g, '\n')),
    ['Sam Client\n1:05\nI slept badly.', 'Orb\n1:11\nShall we breathe?'],
  );
  mock.received = [];
  await coach.reload();
  await mock.heard(({ type }) => type === 'join');
  await items.nth(1).waitFor();
  await mock.goodbye('coach-1'); // the page that went said so
  assert.deepEqual(mock.left, ['coach-1']);
});

test('the coach mutes the orb; the client has no such button', async () => {
  const coach = await enter('coach');
  const client = await enter('client');
  const button = coach.locator('#orb-mute');
  assert.ok(await button.isDisabled(), 'nothing to mute without an orb');
  mock.joinOrb();
  await button.click();
  await mock.heard(({ type, action }) => type === 'orb-control' && action === 'mute');
  await coach.locator('#orb-mute[aria-pressed=true]').waitFor();
  await button.click();
  await mock.heard(({ type, action }) => type === 'orb-control' && action === 'unmute');
  assert.equal(await client.locator('#orb-mute, tc-transcript').count(), 0);
});

test('both pages say whom the orb answers', async () => {
  const coach = await enter('coach');
  const answers = (page, words) => page.locator('.orb-answers', { hasText: words }).waitFor();
  orb = new MockOrb(mock);
  mock.joinOrb(orb);
  mock.setAiStatus('listening', false);
  await answers(coach, /^Answers you\.$/);
  const client = await enter('client');
  await answers(coach, 'Answers Sam. Say “orb, …” to ask it yourself.');
  await answers(client, 'Answers you, and Clara after “orb, …”.');
  mock.setAiStatus('listening', true);
  await answers(coach, 'Muted: answers nobody until you unmute it.');
  await answers(client, /^Muted: answers nobody\.$/);
});

test('everybody sees that the orb is muted, also after a reload', async () => {
  const [coach, client] = [await enter('coach'), await enter('client')];
  orb = new MockOrb(mock);
  mock.onControl = ({ action }) => mock.setAiStatus('listening', action === 'mute');
  mock.setOrbState('ready');
  mock.joinOrb(orb);
  mock.setAiStatus('listening', false);
  await shows(client, 'Orb · Listening');
  await coach.locator('#orb-mute').click();
  for (const page of [coach, client]) {
    await shows(page, 'Orb · Muted, listens');
  }
  await coach.reload();
  await coach.locator('#orb-mute[aria-pressed=true]').waitFor();
});

test('an orb that dies is not shown in its last moment, though its connection is not lost yet', async () => {
  const client = await enter('client');
  orb = new MockOrb(mock);
  mock.setOrbState('ready');
  mock.joinOrb(orb);
  await hasPicture(client, 'tc-orb');
  await playing(client, 'tc-orb');
  mock.setOrbState('unresponsive');
  await client.locator('tc-orb.has-picture.is-stale').waitFor();
  mock.setOrbState('restarting');
  await client.locator('tc-orb:not(.has-picture)[data-mood=coming]').waitFor();
  mock.setOrbState('failed');
  await client.locator('tc-orb:not(.has-picture)[data-mood=trouble]').waitFor();
});

test('why the orb is not there is said', async () => {
  const client = await enter('client');
  await shows(client, 'The orb is joining…');
  const words = {
    full: 'all places are taken',
    failed: 'had a problem',
    restarting: 'coming back',
    off: 'not part of',
  };
  for (const [state, text] of Object.entries(words)) {
    mock.setOrbState(state);
    await client.locator('.orb-words', { hasText: text }).waitFor();
  }
});

test('the coach calls an orb back that failed', async () => {
  const [coach, client] = [await enter('coach'), await enter('client')];
  mock.setOrbState('failed', 'ended by SIGKILL; restarted 3 times in 60 s');
  await shows(coach, 'The orb had a problem and could not come back by itself.');
  await shows(client, 'The orb had a problem and is not here. You can go on without it.');
  assert.equal(await client.getByRole('button', { name: 'Try again' }).count(), 0);
  assert.equal(await client.getByText('SIGKILL').count(), 0);
  await coach.getByRole('button', { name: 'Try again' }).click();
  await shows(client, 'The orb is joining…');
  await coach.getByText('could not come back by itself').waitFor({ state: 'detached' });
  assert.deepEqual(mock.orbAsked, [{ action: 'restart' }]);
});

test('a lost socket comes back by itself, with resume, and nobody else notices', async () => {
  const coach = await enter('coach');
  const client = await enter('client');
  await phase(coach, 'Live');
  // It may be over before anybody looks: the page notes by itself what it showed.
  await client.evaluate(() => {
    globalThis.shown = '';
    const note = () => (globalThis.shown += document.body.innerText);
    new globalThis.MutationObserver(note).observe(document.body, {
      subtree: true,
      childList: true,
      characterData: true,
      attributes: true,
    });
  });
  mock.cut('client-1');
  await mock.heard(({ type, resume, from }) => type === 'join' && resume === true && from === 'client-1');
  await phase(client, 'Live');
  const shown = await client.evaluate(() => globalThis.shown);
  assert.match(shown, /Reconnecting…/);
  assert.match(shown, /Connection lost\./);
  assert.equal(await coach.locator('.partner.has-picture').count(), 1);
});

test('after a reload the call goes on', async () => {
  const coach = await enter('coach');
  const client = await enter('client');
  await hasPicture(coach, '.partner');
  await coach.reload();
  await hasPicture(coach, '.partner');
  await playing(coach, '.partner');
  await hasPicture(client, '.partner');
  await playing(client, '.partner');
});

test('the other leaves', async () => {
  const coach = await enter('coach');
  const client = await enter('client');
  await phase(coach, 'Live');
  await client.getByRole('button', { name: 'Leave' }).click();
  await client.getByRole('heading', { name: 'You left the call' }).waitFor();
  assert.deepEqual(await axe(client), []);
  await shows(coach, 'Sam Client left the call.');
  await phase(coach, 'Waiting');
  await mock.goodbye('client-1');
  assert.deepEqual(mock.left, ['client-1']);
});

test('the coach is asked how to leave, and may stay', async () => {
  const coach = await enter('coach');
  await enter('client');
  mock.joinOrb();
  await phase(coach, 'Live');
  await coach.getByRole('button', { name: 'Leave' }).focus();
  await coach.keyboard.press('Enter');
  const dialog = coach.getByRole('dialog', { name: 'How do you want to go?' });
  await dialog.waitFor();
  await shows(coach, 'Sam Client and the orb go on without you.');
  assert.ok(await coach.evaluate(() => document.activeElement.matches('.leave-alone')));
  assert.deepEqual(await axe(coach), []);
  await coach.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  assert.ok(
    await coach.evaluate(() => document.activeElement.matches('.control-leave')),
    'back where it was',
  );
  await coach.keyboard.press('Enter');
  await dialog.getByRole('button', { name: 'Stay in the call' }).click();
  await phase(coach, 'Live');
  assert.deepEqual(mock.left, []);
});

test('the coach leaves and the client goes on', async () => {
  const coach = await enter('coach');
  const client = await enter('client');
  await phase(client, 'Live');
  await coach.getByRole('button', { name: 'Leave' }).click();
  await coach
    .getByRole('dialog')
    .getByRole('button', { name: /^Leave/ })
    .click();
  await coach.getByRole('heading', { name: 'You left the call' }).waitFor();
  await shows(client, 'Clara Coach left the call.');
  await phase(client, 'Waiting');
});

test('the coach ends the session for everybody, with the keyboard alone', async () => {
  const coach = await enter('coach');
  const client = await enter('client');
  await phase(client, 'Live');
  await client.getByRole('button', { name: 'Settings' }).click();
  await coach.getByRole('button', { name: 'Leave' }).focus();
  await coach.keyboard.press('Enter');
  await coach.getByRole('dialog').waitFor();
  await coach.keyboard.press('Tab');
  await coach.keyboard.press('Enter');
  for (const page of [coach, client]) {
    await page.getByRole('heading', { name: 'The session has ended' }).waitFor();
    await shows(page, 'Thank you for taking the time.');
    assert.equal(await page.locator('dialog[open]').count(), 0, 'nothing lies above it');
    assert.equal(await page.locator('#over button:visible').count(), 0, 'it is not joined again by mistake');
    assert.deepEqual(await axe(page), []);
  }
  assert.deepEqual(mock.left, [], 'nobody left what has ended');
});

test('a session that cannot be ended is said to go on', async () => {
  const coach = await enter('coach');
  await phase(coach, 'Waiting');
  mock.refuseEnd = 503;
  coach.expected = /status of 503/;
  await coach.getByRole('button', { name: 'Leave' }).click();
  const dialog = coach.getByRole('dialog');
  const end = dialog.getByRole('button', { name: 'End for everyone' });
  await end.click();
  await dialog.getByRole('alert').getByText('The session could not be ended.').waitFor();
  await phase(coach, 'Waiting');
  mock.refuseEnd = null;
  await end.click();
  await coach.getByRole('heading', { name: 'The session has ended' }).waitFor();
});

test('out of its time the room says when the appointment is, and can be entered', async () => {
  const noon = (days) => {
    const now = new Date();
    return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, 12).toISOString();
  };
  mock.info.starts = noon(1);
  const client = await enter('client', { size: { width: 390, height: 844 } });
  await client.locator('.timer-left', { hasText: 'Starts tomorrow at' }).waitFor();
  await phase(client, 'Waiting');
  mock.info.starts = noon(-1);
  const coach = await enter('coach');
  await coach.locator('.timer-left', { hasText: 'Was yesterday at' }).waitFor();
  await phase(coach, 'Live');
});

test('how to leave is asked within the screen of a phone', async () => {
  const coach = await enter('coach', { size: { width: 390, height: 844 } });
  await phase(coach, 'Waiting');
  await coach.locator('.control-leave').click();
  const box = await coach.getByRole('dialog').boundingBox();
  assert.ok(box.x >= 0 && box.x + box.width <= 390 && box.y + box.height <= 844, JSON.stringify(box));
  assert.deepEqual(await axe(coach), []);
});

for (const [code, title, words, button] of [
  [4409, 'The call goes on elsewhere', 'opened it in another window', 'Use it here instead'],
  [4403, 'You are no longer in the call', 'You cannot enter this room', null],
  [4400, 'The call is over', 'did not understand this page', 'Join again'],
]) {
  test(`closed with ${code}: ${words}`, async () => {
    const client = await enter('client');
    await phase(client, 'Waiting');
    mock.cut('client-1', code);
    await client.getByRole('heading', { name: title }).waitFor();
    await shows(client, words);
    assert.equal(await client.locator('#over button:visible').count(), button ? 1 : 0);
  });
}

test('the session ends for everybody, with the reason', async () => {
  const client = await enter('client');
  await phase(client, 'Waiting');
  mock.toHumans({ type: 'session-ended', reason: 'idle_timeout' });
  await shows(client, 'Nothing was said for a long time');
});

test('a refused room says so and stays calm', async () => {
  mock.refuseApi = 404;
  const page = await open('client');
  page.expected = /status of 404/;
  await page.goto(`${mock.url}/room/demo`);
  await page.getByText('There is no such appointment.').waitFor();
});

test('signed out during the call, it says so instead of trying for ever', async () => {
  const client = await enter('client');
  await phase(client, 'Waiting');
  mock.refuseApi = 401;
  mock.cut('client-1');
  await client.getByRole('heading', { name: 'You are no longer in the call' }).waitFor();
  await shows(client, 'You are signed out, or your invitation has run out.');
});

const withoutDevices = (name) => {
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', name));
};

for (const [name, words] of [
  ['NotAllowedError', 'Microphone and camera are blocked'],
  ['NotFoundError', 'No microphone and no camera were found'],
]) {
  test(`${name}: it is said, and one still sees the other`, async () => {
    const client = await open('client');
    await client.addInitScript(withoutDevices, name);
    await client.goto(`${mock.url}/room/demo`);
    await shows(client, words);
    const coach = await enter('coach');
    await hasPicture(client, '.partner');
    await playing(client, '.partner');
    await shows(coach, 'Camera is off');
    assert.deepEqual(await axe(client), []);
  });
}

test('allowed after all, sound and picture follow without joining again', async () => {
  const client = await open('client');
  await client.addInitScript(() => {
    const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    let asked = 0;
    // Both at once, then each alone: three refusals, then the user has changed their mind.
    navigator.mediaDevices.getUserMedia = (wish) =>
      ++asked <= 3 ? Promise.reject(new DOMException('no', 'NotAllowedError')) : real(wish);
  });
  await client.goto(`${mock.url}/room/demo`);
  const coach = await enter('coach');
  await phase(coach, 'Live');
  await client.getByRole('button', { name: 'Try again' }).click();
  await hasPicture(coach, '.partner');
  await playing(coach, '.partner');
  await client.locator('.self.has-picture').waitFor();
});

test('settings without permission say so, and how to give it', async () => {
  const client = await open('client');
  // As Chromium does while it is denied: devices without id and name.
  await client.addInitScript(() => {
    const { mediaDevices } = navigator;
    const ask = mediaDevices.getUserMedia.bind(mediaDevices);
    const list = mediaDevices.enumerateDevices.bind(mediaDevices);
    const denied = () => !globalThis.allowed;
    mediaDevices.getUserMedia = (wish) =>
      denied() ? Promise.reject(new DOMException('no', 'NotAllowedError')) : ask(wish);
    mediaDevices.enumerateDevices = async () =>
      denied() ? [{ kind: 'audioinput', deviceId: '', label: '' }] : list();
  });
  await client.goto(`${mock.url}/room/demo`);
  await shows(client, 'Microphone and camera are blocked');
  await client.getByRole('button', { name: 'Settings' }).click();
  await client.getByRole('dialog', { name: 'Settings' }).waitFor();
  await client
    .locator('#settings-audio option:only-child', { hasText: /^Not allowed$/ })
    .waitFor({ state: 'attached' });
  await shows(client, 'set the camera to “Allow”');
  assert.deepEqual(await axe(client), []);
  await client.click('#settings-done');
  // Allowed after all: the help goes, the devices come.
  await client.evaluate(() => (globalThis.allowed = true));
  await client.getByRole('button', { name: 'Try again' }).click();
  await client.locator('.self.has-picture').waitFor();
  await client.getByRole('button', { name: 'Settings' }).click();
  await client.locator('#settings-audio-help').waitFor({ state: 'hidden' });
  await client.locator('#settings-audio option').nth(1).waitFor({ state: 'attached' });
});

test('settings: devices, shortcuts and diagnostics', async () => {
  const client = await enter('client', {
    permissions: ['clipboard-read', 'clipboard-write', 'camera', 'microphone'],
  });
  mock.transcript('client-1', 'u1', 'a secret thing', true);
  await client.locator('.caption').waitFor();
  await client.getByRole('button', { name: 'Settings' }).click();
  await client.getByRole('dialog', { name: 'Settings' }).waitFor();
  await client.locator('#settings-audio option').nth(1).waitFor({ state: 'attached' });
  await client.selectOption('#settings-audio', { index: 1 });
  assert.deepEqual(await axe(client), []);
  await client.click('#settings-copy');
  await shows(client, 'Copied');
  const copied = await client.evaluate(() => navigator.clipboard.readText());
  assert.match(copied, /signaling: joining/);
  assert.doesNotMatch(copied, /secret/);
  await client.uncheck('#settings-keys');
  await client.click('#settings-done');
  await client.keyboard.press('m');
  await client.getByRole('button', { name: 'Mute', exact: true }).waitFor();
});

test('on a phone nothing is wider or taller than the screen, and the transcript opens over the call', async () => {
  const coach = await enter('coach', { size: { width: 390, height: 844 } });
  mock.transcript('client-1', 'u1', 'I slept badly.', true);
  await coach.locator('.caption').waitFor();
  assert.equal(await coach.locator('.transcript-text').isVisible(), false);
  await coach.getByRole('button', { name: 'Transcript' }).click();
  await coach.locator('.transcript-text').waitFor();
  assert.deepEqual(await axe(coach), []);
  await coach.getByRole('button', { name: 'Close transcript' }).click();
  const size = await coach.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.scrollHeight,
  ]);
  assert.deepEqual(size, [390, 844]);
  const leave = await coach.locator('.control-leave').boundingBox();
  assert.ok(leave.x + leave.width <= 390 && leave.y + leave.height <= 844 && leave.height >= 44);
});
