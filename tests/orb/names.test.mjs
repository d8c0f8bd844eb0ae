// The real orb with its real recognizer listens for the names of those who come in: no dictionary has them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Participant, wsUrl } from '../lib/participant.mjs';
import { joinToken, startServer } from '../lib/server.mjs';
import { until } from '../e2e/browser.mjs';

/** All that were asked for were learnt, in as many turns as the recognizer took. */
function known(server) {
  const turns = [...server.log().matchAll(/(\d+) of (\d+) words of names are known/g)];
  turns.forEach(([line, learnt, asked]) => assert.equal(learnt, asked, line));
  return turns.reduce((sum, [, learnt]) => sum + Number(learnt), 0);
}

test('names are taught to the recognizer as people come, each word once', { timeout: 300_000 }, async () => {
  const server = await startServer({ env: { ORB_LOG_LEVEL: 'info,speech.hearing=debug', ORB_SYNTHESIZER: 'null' } });
  const join = async (userId, name, role) => {
    const person = new Participant(wsUrl(server, 'names', joinToken({ sub: userId, name, room: 'names', role })));
    await person.upgraded;
    person.send({ type: 'join', roomId: 'names', userId, userRole: role, userName: name });
    await person.next('peer-discovery');
    return person;
  };
  try {
    const client = await join('c1', 'Zbigniewa Brzęczyszczykiewicz', 'client'); // a letter beyond Latin-1: left out
    await until('the client\'s name to be known', () => known(server) === 1);
    const coach = await join('c2', 'Zbigniewa Quxworth-Zoë', 'coach');
    await until('both words of the coach\'s name to be known', () => known(server) === 3);
    assert.doesNotMatch(server.log(), /names?.* (zbigniewa|quxworth)/i, 'the log says how many, not which');
    await Promise.all([client.close(), coach.close()]);
  } finally {
    await server.stop();
  }
});
