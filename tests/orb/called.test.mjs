// SPDX-License-Identifier: Apache-2.0
// A coach calls the orb by its name while the client is there, spoken, through the real recognizer and voice: whatever is
// made of the words, the coach is answered. (In this voice PocketSphinx hears "orb them much time is left".)
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { spoken } from '../e2e/sounds.mjs';
import { person } from '../lib/person.mjs';
import { startServer } from '../lib/server.mjs';

const ANSWER = /no fixed end|minutes? left/i;
const PEOPLE = ['anna', 'carl'];
const people = [];
let folder, server;

before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tricall-called-'));
  server = await startServer();
});
after(async () => {
  await Promise.all(people.map((each) => each.leave()));
  await server?.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

const isOrbs = (message) => message.type === 'transcript' && message.final && !PEOPLE.includes(message.userId);

test('a coach who asks the orb by name is answered by voice with the client there', { timeout: 300_000 }, async () => {
  const microphone = spoken(folder, 'coach', 'orb, how much time is left?', { before: 1, after: 14 });
  const [client, coach] = await Promise.all([
    person(server, 'called', 'anna', 'client', 'Anna'),
    person(server, 'called', 'carl', 'coach', 'Carl', { microphone }),
  ]);
  people.push(client, coach);
  await Promise.all(people.map((each) => each.next('connected')));
  await coach.next((m) => isOrbs(m) && /Carl/.test(m.text)); // it has greeted

  coach.speak();
  await coach.next((m) => m.type === 'transcript' && m.final && m.userId === 'carl');
  await coach.next((m) => isOrbs(m) && ANSWER.test(m.text));
  await coach.next('heard');
  await client.next((m) => isOrbs(m) && ANSWER.test(m.text)); // said to both
});
