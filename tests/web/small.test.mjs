// The small pure modules, and devices with a fake MediaDevices.

import './fakes.mjs';
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { badge, initials, listOf, whenText } from '../../web/lib/appointments.js';
import { Devices, reasonOf } from '../../web/lib/devices.js';
import { deviceListWords } from '../../web/lib/room-words.js';
import { dump, logger } from '../../web/lib/log.js';
import { explainRefusal, safeReturn } from '../../web/lib/sign-in.js';
import { hear, silentVoice } from '../../web/lib/speaking.js';

const NOW = Date.parse('2026-05-04T10:00:00Z');
const MINUTE = 60_000;
const at = (minutes, more = {}) => ({
  starts: new Date(NOW + minutes * MINUTE).toISOString(),
  minutes: 50,
  status: 'scheduled',
  ...more,
});

test('after signing in one goes to a page of ours only', () => {
  assert.equal(safeReturn('/room/demo?x=1'), '/room/demo?x=1');
  for (const wish of [null, '', 'https://evil', '//evil', '/\\evil', '/a\\b', '/a\nb', 'room']) {
    assert.equal(safeReturn(wish), '/', String(wish));
  }
});

test('each refusal of a sign-in has its own words', () => {
  const words = [0, 401, 429, 500].map(explainRefusal);
  assert.equal(new Set(words).size, 4);
});

test('an appointment moves from later to now to past', () => {
  assert.equal(listOf(at(16), NOW), 'later');
  assert.equal(listOf(at(15), NOW), 'now');
  assert.equal(listOf(at(-50), NOW), 'now');
  assert.equal(listOf(at(-51), NOW), 'past');
  assert.equal(listOf(at(0, { status: 'cancelled' }), NOW), 'past');
  assert.equal(listOf({ ...at(0), starts: null }, NOW), 'now');
});

test('its badge says how soon', () => {
  assert.equal(badge(at(12), NOW).words, 'In 12 min');
  assert.equal(badge(at(-5), NOW).words, 'Now');
  assert.equal(badge(at(300), NOW).words, '');
  assert.equal(badge(at(0, { status: 'test' }), NOW).words, 'Test');
  assert.match(whenText(at(24 * 60), NOW), /^Tomorrow, .* · 50\smin$/);
  assert.equal(whenText({ ...at(0), starts: null }, NOW), 'Any time · 50\u00a0min');
});

test('two appointments with one person are told apart by day, time and length', () => {
  const words = [at(60), at(120), at(60, { minutes: 30 }), at(60 + 7 * 24 * 60), at(60 + 365 * 24 * 60)].map(
    (each) => whenText(each, NOW),
  );
  assert.equal(new Set(words).size, words.length, words.join('\n'));
  assert.match(words[0], /^Today, .*\d\d.*–.*\d\d.* · 50\smin$/);
  assert.match(words[4], /2027/);
  assert.doesNotMatch(words[3], /2026/);
});

test('an empty list of devices says why, and what to do', () => {
  const words = ['denied', 'pending', 'insecure', 'missing'].map((state) => deviceListWords('audio', state));
  assert.equal(new Set(words.map(({ empty }) => empty)).size, 4);
  assert.match(words[0].help, /site settings .* set the microphone to “Allow”/);
  assert.equal(deviceListWords('video', 'denied').empty, 'Not allowed');
});

test('initials of all kinds of names', () => {
  assert.deepEqual(['Clara Coach', 'sam', 'A B C', '', 'Žofie 山田'].map(initials), [
    'CC',
    'S',
    'AC',
    '?',
    'Ž山',
  ]);
});

test('a voice lights up at once and goes dark after half a second', () => {
  let voice = hear(silentVoice(), 0.2, NOW);
  assert.ok(voice.speaking && voice.level > 0.5);
  voice = hear(voice, 0, NOW + 400);
  assert.ok(voice.speaking);
  voice = hear(voice, 0, NOW + 600);
  assert.ok(!voice.speaking);
});

test('the log keeps the newest 500 lines', () => {
  for (let n = 0; n < 600; n++) {
    logger('test').debug(`line ${n}.`);
  }
  assert.equal(dump().split('\n').length, 500);
  assert.ok(dump().includes('line 599.') && !dump().includes('line 99.'));
});

const named = (name) => Object.assign(new Error(name), { name });

/** @param {Record<string, Error | null>} refuse what each kind is refused with */
function fakeMedia(refuse) {
  const media = { asked: [], refuse, addEventListener() {}, removeEventListener() {} };
  media.getUserMedia = async (wish) => {
    const kinds = Object.keys(wish).filter((kind) => wish[kind]);
    media.asked.push(kinds.join('+'));
    const bad = kinds.find((kind) => media.refuse[kind]);
    if (bad) {
      throw media.refuse[bad];
    }
    const tracks = kinds.map((kind) => ({
      kind,
      enabled: true,
      stopped: false,
      stop() {
        this.stopped = true;
      },
    }));
    return {
      getTracks: () => tracks,
      getAudioTracks: () => tracks.filter(({ kind }) => kind === 'audio'),
      getVideoTracks: () => tracks.filter(({ kind }) => kind === 'video'),
    };
  };
  return media;
}

test('refusals are told apart', () => {
  const names = {
    NotAllowedError: 'denied',
    NotFoundError: 'missing',
    NotReadableError: 'busy',
    TypeError: 'failed',
  };
  for (const [name, state] of Object.entries(names)) {
    assert.equal(reasonOf(named(name)), state);
  }
});

test('both devices are asked for at once; without a camera the microphone still works', async () => {
  const media = fakeMedia({ video: named('NotFoundError') });
  const devices = new Devices({ mediaDevices: media });
  await devices.start();
  assert.deepEqual(media.asked, ['audio+video', 'audio', 'video']);
  assert.equal(devices.state('audio'), 'on');
  assert.equal(devices.state('video'), 'missing');
});

test('a page without HTTPS has no devices and says why', async () => {
  const devices = new Devices({ mediaDevices: undefined });
  await devices.start();
  assert.equal(devices.state('audio'), 'insecure');
});

test('muting keeps the microphone, stopping the video gives the camera back', async () => {
  const devices = new Devices({ mediaDevices: fakeMedia({}) });
  await devices.start();
  const [microphone, camera] = [devices.track('audio'), devices.track('video')];
  await devices.setOn('audio', false);
  await devices.setOn('video', false);
  assert.equal(devices.track('audio'), microphone);
  assert.equal(microphone.enabled, false);
  assert.equal(camera.stopped, true);
  assert.equal(devices.track('video'), null);
  await devices.setOn('video', true);
  assert.equal(devices.state('video'), 'on');
});

test('a device that is unplugged is replaced by another, or named missing', async () => {
  const media = fakeMedia({});
  const devices = new Devices({ mediaDevices: media });
  await devices.start();
  media.refuse = { audio: named('NotFoundError') };
  devices.track('audio').onended();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(devices.state('audio'), 'missing');
  assert.equal(devices.track('audio'), null);
});

test('what was off before a reload stays off', async () => {
  const media = fakeMedia({});
  const devices = new Devices({ mediaDevices: media, wanted: { audio: false, video: false } });
  await devices.start();
  assert.deepEqual(media.asked, ['audio']);
  assert.equal(devices.track('audio').enabled, false);
  assert.equal(devices.state('video'), 'off');
});
