import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { explainClose, explainEnd, parse } from '../../web/lib/protocol.js';

const DATA = new URL('../data/signal/', import.meta.url);
const files = (folder) => readdirSync(new URL(`${folder}/`, DATA)).filter((name) => name.endsWith('.json'));
const read = (folder, name) => readFileSync(new URL(`${folder}/${name}`, DATA), 'utf8');

for (const name of files('from-server')) {
  test(`${name} is understood`, () => {
    const frame = read('from-server', name);
    assert.deepEqual(parse(frame), { message: JSON.parse(frame) });
  });
}

for (const name of files('refused')) {
  test(`${name} is refused with a reason`, () => {
    const { message, why } = parse(read('refused', name));
    assert.equal(message, null);
    assert.ok(why.length > 3);
  });
}

test('the reason names the wrong field, not what it held', () => {
  const { why } = parse('{"type":"user-left","userId":"secret words"}');
  assert.equal(why, 'user-left: bad "userId"');
});

test('a socket closed for good says why and is not tried again', () => {
  for (const code of [4000, 4400, 4403, 4409]) {
    assert.equal(explainClose(code).final, true, String(code));
  }
  assert.match(explainClose(4409).words, /another window/);
  assert.match(explainClose(4403, 'room-full').words, /full/);
});

test('any other close is a pause', () => {
  for (const code of [1000, 1001, 1006, 1009, 1011, 1012, 4408, 4429]) {
    assert.equal(explainClose(code).final, false, String(code));
    assert.ok(explainClose(code).words);
  }
});

test('an end with an unknown reason still has words', () => {
  assert.equal(explainEnd('whatever'), 'Thank you for taking the time.');
  assert.notEqual(explainEnd('idle_timeout'), explainEnd());
});
