// What a coach gets of a session beside the live words: what was said before, and what came of it.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { axe } from './browser.mjs';
import { summaryParts, withEarlier } from '../../web/lib/session.js';
import { enter, mock, phase, shows, stage } from './room-stage.mjs';

stage();

const line = (utteranceId, userId, text, startMs) => ({
  utteranceId,
  userId,
  text,
  startMs,
  endMs: startMs + 900,
});
const TRANSCRIPT = [
  line('u1', 'client-1', 'I slept badly.', 4_000),
  line('u2', 'ai-orb-s1', 'Shall we breathe?', 9_000),
];
const SUMMARY = {
  duration: 60,
  keyTopics: ['sleep', 'work'],
  progress: 'Some <b>calm</b>.',
  recommendations: ['Rest'],
};
const told = (summary = null, transcript = TRANSCRIPT) => ({ id: 's1', summary, transcript });

async function leave(coach, choice) {
  await coach.getByRole('button', { name: 'Leave' }).click();
  await coach.getByRole('dialog').getByRole('button', { name: choice }).click();
}

test('a second window begins with what was said before it came', async () => {
  mock.info.started = new Date(Date.now() - 60_000).toISOString();
  mock.session = told();
  const coach = await enter('coach');
  mock.transcript('client-1', 'u1', 'I slept badly.', true, 4_000);
  mock.transcript('client-1', 'u3', 'Yes.', true, 12_000);
  await coach.locator('.transcript-item').nth(2).waitFor();
  assert.deepEqual(await coach.locator('.transcript-text').allInnerTexts(), [
    'I slept badly.',
    'Shall we breathe?',
    'Yes.',
  ]);
  assert.equal(await coach.locator('.caption', { hasText: 'Shall we' }).count(), 0, 'not said now');
});

test('after the end the coach reads the summary when it is there, and saves the transcript', async () => {
  const coach = await enter('coach');
  const client = await enter('client');
  await phase(coach, 'Live');
  mock.session = told();
  await leave(coach, /^End/);
  await shows(coach, 'The summary is being written…');
  const link = coach.getByRole('link', { name: 'Transcript as text' });
  assert.equal(await link.getAttribute('href'), '/api/sessions/s1?format=md');
  const [file] = await Promise.all([coach.waitForEvent('download'), link.click()]);
  assert.equal(await file.failure(), null);
  mock.session = told(SUMMARY);
  await coach.locator('dd', { hasText: 'sleep' }).waitFor();
  assert.deepEqual(await coach.locator('.record-parts dd').allInnerTexts(), [
    'sleep',
    'work',
    'Some <b>calm</b>.',
    'Rest',
  ]);
  assert.equal(await coach.getByText('being written').count(), 0);
  assert.deepEqual(await axe(coach), []);
  await client.getByRole('heading', { name: 'The session has ended' }).waitFor();
  assert.equal(await client.locator('tc-record').count(), 0);
});

test('who only leaves gets the transcript so far, and is told that the session goes on', async () => {
  const coach = await enter('coach', { size: { width: 390, height: 844 } });
  await phase(coach, 'Waiting');
  mock.session = told();
  await leave(coach, /^Leave/);
  await shows(coach, 'The session goes on');
  await coach.getByRole('link', { name: 'Transcript as captions' }).waitFor();
  assert.equal(await coach.evaluate(() => document.documentElement.scrollWidth), 390);
  assert.deepEqual(await axe(coach), []);
});

test('a long summary can be scrolled to its end, and back to the heading', async () => {
  const coach = await enter('coach', { size: { width: 390, height: 600 } });
  await phase(coach, 'Waiting');
  mock.session = told({ ...SUMMARY, keyTopics: Array.from({ length: 40 }, (_, n) => `topic ${n}`) });
  await leave(coach, /^End/);
  await coach.locator('dd', { hasText: 'topic 39' }).waitFor();
  await coach.locator('#home').scrollIntoViewIfNeeded();
  await coach.locator('#over-title').scrollIntoViewIfNeeded();
  const box = await coach.locator('#over-title').boundingBox();
  assert.ok(box.y >= 0 && box.y + box.height <= 600, JSON.stringify(box));
});

test('what the page kept and what the server stored are one transcript', () => {
  const kept = [
    {
      id: 'client-1/u1',
      userId: 'client-1',
      text: 'I slept',
      final: true,
      startMs: 4_000,
      endMs: 5_000,
      at: 7,
    },
    {
      id: 'client-1/u0',
      userId: 'client-1',
      text: 'Hello.',
      final: true,
      startMs: 1_000,
      endMs: 1_500,
      at: 7,
    },
  ];
  assert.deepEqual(
    withEarlier(kept, told()).map(({ id, text }) => [id, text]),
    [
      ['client-1/u0', 'Hello.'],
      ['client-1/u1', 'I slept badly.'],
      ['ai-orb-s1/u2', 'Shall we breathe?'],
    ],
  );
  assert.equal(withEarlier(kept, null).length, 2);
});

test('a summary may be texts or lists, and parts of it may be missing', () => {
  assert.deepEqual(summaryParts(null), []);
  assert.deepEqual(summaryParts({ keyTopics: [], progress: ' ', recommendations: 7 }), []);
  assert.deepEqual(summaryParts({ keyTopics: 'sleep', recommendations: ['a', 3, 'b'] }), [
    { heading: 'What it was about', lines: ['sleep'] },
    { heading: 'Recommended', lines: ['a', 'b'] },
  ]);
});
