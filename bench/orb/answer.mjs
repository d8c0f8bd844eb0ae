// Real speech, real models: how long the answer takes once the orb has decided that the turn is over.
import { SENTENCES, microphone } from '../../tests/e2e/sounds.mjs';
import { sleep, startOurs, startPerson } from './process.mjs';
import { openRooms } from './room.mjs';

/** One client alone with the orb, who says the same sentence every 9 s. ms, from the orb's own log. */
export async function answering(folder, count) {
  const rooms = await openRooms();
  const orb = startOurs(rooms.host, 'answer', { ORB_LOG_LEVEL: 'info,orb.mouth=debug' });
  const times = { turn: [], speak: [] };
  await rooms.room('answer').orbJoined();
  await orb.lines.until((line) => line.includes('speech engines ready'), 'the models');
  const sound = microphone(folder, 'client', SENTENCES.disposed, { before: 5, after: 1.5 });
  const client = await startPerson(rooms.host, 'answer', 'client1', 'client', [
    '--fps=0',
    '--watch',
    `--mic=${sound}`,
  ]);
  client.go();
  for (let waited = 0; times.turn.length < count && waited < count * 30; waited++) {
    await sleep(1000);
    const text = orb.lines.all.join('\n');
    times.turn = [...text.matchAll(/end of turn -> first packet ([\d.]+) ms/g)].map((hit) => Number(hit[1]));
    times.speak = [...text.matchAll(/packet [\d.]+ ms, ([\d.]+) of it since chosen/g)].map((hit) =>
      Number(hit[1]),
    );
  }
  await client.stop();
  await orb.stop();
  rooms.close();
  return times;
}
