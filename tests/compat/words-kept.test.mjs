// What an orb tells of a call is kept, whichever way it tells it, once, and comes out in every format.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { enter } from '../lib/participant.mjs';
import { ROOT, startServer, tricall } from '../lib/server.mjs';

const ORB = path.join(ROOT, 'tests/mock/wordless-orb.mjs');
let folder;
before(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tricall-words-'))));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

/** One call with such an orb; resolves with what `tricall session` says of it afterwards. */
async function callWith(words) {
  const dataDir = path.join(folder, words);
  fs.mkdirSync(dataDir);
  const server = await startServer({
    dataDir,
    env: { ORB_COMMAND: `"${process.execPath}" "${ORB}"`, WORDS: words },
  });
  const client = await enter(server, words, 'anna', 'client');
  if (words === 'summary') {
    await client.next((m) => m.type === 'orb-state' && m.state === 'ready');
  } else {
    await client.next((m) => m.type === 'transcript' && m.final && m.text === 'What woke you?');
  }
  if (words === 'transcript') {
    await client.next((m) => m.type === 'transcript' && m.utteranceId === 'nothing');
  }
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  const { code } = await server.stop(); // asks the orb for its summary
  assert.equal(code, 0);
  const session = (...args) => tricall(['session', ...args, '--data-dir', dataDir]);
  const [{ id }] = JSON.parse(session('list', '--json'));
  return { id, session, metrics, log: server.log(), json: JSON.parse(session('export', id, '--format', 'json')) };
}

const LINES = [
  { userId: 'anna', userName: 'anna', text: 'I slept <badly> & woke up', startMs: 1000, endMs: 2500 },
  { text: 'What woke you?', startMs: 3000, endMs: 4000 },
];

function holdsLines(transcript) {
  LINES.forEach((line, index) => {
    for (const [field, value] of Object.entries(line)) {
      assert.equal(transcript[index][field], value);
    }
  });
}

test('final transcripts alone are stored; partials, empty ones and ones without a time are not', async () => {
  const { json, log } = await callWith('transcript');
  assert.deepEqual(json.transcript.map((line) => line.utteranceId), ['u0', 'u1']);
  holdsLines(json.transcript);
  assert.equal(json.summary.progress, 'Good');
  assert.doesNotMatch(log, /not stored/);
});

test('what came on the channel and as a transcript is stored once', async () => {
  const { json, metrics } = await callWith('all');
  assert.deepEqual(json.transcript.map((line) => line.utteranceId), ['u0', 'u1']);
  holdsLines(json.transcript);
  // The call's beginning and two utterances: nothing went to the disk twice.
  const told = /^tricall_journal_written_total (\d+)$/m.exec(metrics)[1];
  const waiting = /^tricall_journal_waiting (\d+)$/m.exec(metrics)[1];
  assert.equal(Number(told) + Number(waiting), 3);
});

test('the words of a summary are shown where there are no others', async () => {
  const { id, session, json } = await callWith('summary');
  holdsLines(json.transcript);
  assert.equal(json.utterances, 2);
  assert.match(session('list'), new RegExp(`^${id} .* summary$`));
  const shown = session('show', id);
  assert.match(shown, /- room: summary\n/);
  assert.match(shown, /- utterances: 2\n/);
  assert.match(shown, /- keyTopics:\n {2}- sleep\n- progress: Good\n- recommendations: Rest/);
  const md = session('export', id, '--format', 'md');
  assert.match(md, /\*\*00:01 anna:\*\* I slept <badly> & woke up\n- \*\*00:03 \S+:\*\* What woke you\?/);
  const vtt = session('export', id, '--format', 'vtt');
  assert.match(vtt, /^WEBVTT\n\n00:00:01\.000 --> 00:00:02\.500\n<v anna>I slept &lt;badly&gt; &amp; woke up\n\n00:00:03\.000 -->/);
});
