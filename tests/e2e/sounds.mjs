// Microphones made of recorded human speech: WAV files for Chromium's fake capture device.
// The recordings come from Debian packages (pocketsphinx-testdata); nothing of them is in the tree.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const DATA = '/usr/share/pocketsphinx/test/data';

export const SENTENCES = {
  disposed: {
    file: `${DATA}/librivox/sense_and_sensibility_01_austen_64kb-0880.wav`,
    text: 'he was not an ill disposed young man',
  },
  leisure: {
    file: `${DATA}/librivox/sense_and_sensibility_01_austen_64kb-0870.wav`,
    text: 'and mister john dashwood had then leisure to consider how much there might be prudently in his power to do for them',
  },
  cards: { file: `${DATA}/cards/001.wav`, text: 'ten of clubs' },
};

function sox(...args) {
  execFileSync('sox', args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

/**
 * `before` seconds of a quiet room, the sentence, `after` seconds of quiet. Chromium plays it round and round, so a
 * slow machine misses nothing. Digital silence would be a trap for recognizers: the room has a noise floor.
 */
export function microphone(folder, name, sentence, { before = 3, after = 7 } = {}) {
  const file = path.join(folder, `${name}.wav`);
  const clean = path.join(folder, `${name}-clean.wav`);
  sox(sentence.file, '-r', '48000', '-c', '1', '-b', '16', clean, 'gain', '-n', '-6', 'pad', String(before), String(after));
  const seconds = execFileSync('soxi', ['-D', clean], { encoding: 'utf8' }).trim();
  const noise = path.join(folder, `${name}-noise.wav`);
  sox('-n', '-r', '48000', '-c', '1', '-b', '16', noise, 'synth', seconds, 'pinknoise', 'vol', '0.002');
  sox('-m', '-v', '1', clean, '-v', '1', noise, file);
  fs.rmSync(clean);
  fs.rmSync(noise);
  return file;
}

/** A person who says nothing: a quiet room. */
export function quiet(folder, name, seconds = 10) {
  const file = path.join(folder, `${name}.wav`);
  sox('-n', '-r', '48000', '-c', '1', '-b', '16', file, 'synth', String(seconds), 'pinknoise', 'vol', '0.002');
  return file;
}

/** A sentence by a synthetic voice: what no recording says. */
export function spoken(folder, name, text, options) {
  const file = path.join(folder, `${name}-flite.wav`);
  execFileSync('flite', ['-voice', 'rms', '-t', text, '-o', file]);
  return microphone(folder, name, { file, text }, options);
}

/** How many of the words of `said` are found in `heard`, 0..1, each counted once. */
export function wordsFound(said, heard) {
  const left = heard.toLowerCase().match(/[a-z']+/g) ?? [];
  const words = said.toLowerCase().match(/[a-z']+/g) ?? [];
  let found = 0;
  for (const word of words) {
    const at = left.indexOf(word);
    if (at >= 0) {
      left.splice(at, 1);
      found++;
    }
  }
  return words.length ? found / words.length : 0;
}
