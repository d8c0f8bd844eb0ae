// Eight rooms at once, each with an orb that speaks and a person who sees and hears it.
import { memory } from '../../tests/lib/processes.mjs';
import { microphone, SENTENCES } from '../../tests/e2e/sounds.mjs';
import { NULL_ENGINES, sleep, startOurs, startPerson, threadCpu } from './process.mjs';
import { openRooms } from './room.mjs';

const COUNT = 8;
const TEXT =
  'Breathe in slowly, and out again, and let your shoulders sink a little with each breath you take. '.repeat(
    15,
  );
const sum = (values) => values.reduce((total, value) => total + value, 0);
const used = (orbs) => sum(orbs.map((orb) => sum([...threadCpu(orb.pid).values()])));

/** talk: the people speak too, and the models hear and speak; else the orbs hum a tone without models. */
export async function eight(folder, { talk, seconds }) {
  const rooms = await openRooms();
  const name = (i) => `eight${i}`;
  const orbs = Array.from({ length: COUNT }, (unused, i) =>
    startOurs(rooms.host, name(i), talk ? {} : NULL_ENGINES),
  );
  await Promise.all(
    orbs.map((orb) =>
      orb.lines.until((line) => line.includes('speech engines ready'), 'the engines', {
        deadlineMs: 120_000,
      }),
    ),
  );
  const sound = talk
    ? [`--mic=${microphone(folder, 'eight', SENTENCES.disposed, { before: 3, after: 6 })}`]
    : [];
  const people = [];
  for (let i = 0; i < COUNT; i++) {
    const person = await startPerson(rooms.host, name(i), 'client1', 'client', [
      '--fps=0',
      '--watch',
      ...sound,
    ]);
    person.go();
    await person.since('first_video');
    people.push(person);
  }
  await sleep(3000);
  const speak = (i) => rooms.room(name(i)).status() !== 'speaking' && rooms.room(name(i)).say(TEXT);
  const again = setInterval(() => orbs.forEach((orb, i) => speak(i)), 2000);
  orbs.forEach((orb, i) => speak(i));
  const before = used(orbs);
  const from = performance.now();
  await sleep(seconds * 1000);
  const took = (performance.now() - from) / 1000;
  const cpu = ((used(orbs) - before) / took) * 100;
  const pss = sum(orbs.map((orb) => memory(orb.pid).pss));
  clearInterval(again);
  await Promise.all(people.map((person) => person.stop()));
  await Promise.all(orbs.map((orb) => orb.stop()));
  rooms.close();
  const ends = orbs.map((orb) =>
    /sound: (\d+) packets, (\d+) late, worst (\d+) us, (\d+) underruns/.exec(orb.lines.all.join('\n')),
  );
  const column = (k) => ends.map((end) => Number(end[k]));
  const lived = people.map(
    (p) => p.events.all.at(-1).t - p.events.all.find((e) => e.event === 'first_video').t,
  );
  const frames = people.map(
    (p, i) => (p.events.all.find((e) => e.event === 'received')?.frames ?? 0) / (lived[i] / 1000),
  );
  return {
    packets: sum(column(1)),
    late: sum(column(2)),
    worstMs: Math.max(...column(3)) / 1000,
    underruns: sum(column(4)),
    frames: (sum(frames) / COUNT).toFixed(1),
    cpu,
    pss,
  };
}
