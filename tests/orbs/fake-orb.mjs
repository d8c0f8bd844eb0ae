// SPDX-License-Identifier: Apache-2.0
// An orb that misbehaves as its first argument says: a program of ORB_COMMAND, a Node child as the guide's.
//   exit     ends at once, with 70           silent   never says orb_ready, and ignores SIGTERM
//   half     writes orb_ready in two halves  flood    is ready and never stops telling utterances
//   talks    is ready, tells one utterance a life, and hangs up nothing: for what becomes of its words
import fs from 'node:fs';

const [, , how] = process.argv;
const arg = (name) => process.argv.find((a) => a.startsWith(`--${name}=`))?.slice(name.length + 3);
const [roomId, sessionId, userId] = [arg('room'), arg('session'), arg('client') || 'client'];
const ready = { type: 'orb_ready', roomId, webrtcStatus: 'ready', participants: [] };
const utterance = (utteranceId, text) => ({ type: 'utterance', roomId, sessionId, utteranceId, userId, text, startMs: 10, endMs: 20 });

process.on('message', ({ type }) => {
  if (type === 'shutdown_graceful' && how !== 'silent') {
    process.exit(0); // without a summary
  }
});
process.on('disconnect', () => process.exit(0));

const behave = {
  exit: () => process.exit(70),
  silent: () => process.on('SIGTERM', () => {}),
  half() {
    const line = `${JSON.stringify(ready)}\n`;
    fs.writeSync(3, line.slice(0, 20));
    setImmediate(() => fs.writeSync(3, line.slice(20)));
  },
  flood() {
    process.send(ready);
    let count = 0;
    const more = () => process.send(utterance(`u${(count += 1)}`, 'and on'), () => setImmediate(more));
    more();
  },
  talks() {
    process.send(ready);
    process.send(utterance(`u${process.pid}`, `words of life ${process.pid}`));
  },
};
behave[how]();
