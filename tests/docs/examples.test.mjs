// The documents against the tree: each JSON example is its fixture, each link leads somewhere, each number of
// docs/protocol/limits.md that the code names is the code's.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../lib/server.mjs';

const read = (file) => fs.readFileSync(path.join(ROOT, file), 'utf8');
const PROTOCOL = 'docs/protocol';
const files = (folder, ending) =>
  fs.readdirSync(path.join(ROOT, folder)).filter((name) => name.endsWith(ending));
const documents = [
  ...files('.', '.md'),
  ...['docs', 'tests', 'bench'].flatMap((folder) =>
    fs
      .readdirSync(path.join(ROOT, folder), { recursive: true })
      .filter((name) => name.endsWith('.md'))
      .map((name) => path.join(folder, name)),
  ),
];

/** The examples of a document: a line that links to a fixture, then a json block. */
function examples(file) {
  const found = [];
  const pattern = /\]\((?:\.\.\/)+(tests\/data\/[^)]+\.json)\)[^\n]*\n+```json\n([^]*?)```/g;
  for (const [, fixture, block] of read(file).matchAll(pattern)) {
    found.push({ fixture, block });
  }
  return found;
}

for (const name of files(PROTOCOL, '.md')) {
  const file = `${PROTOCOL}/${name}`;
  test(`every example in ${file} is its fixture`, () => {
    const found = examples(file);
    for (const { fixture, block } of found) {
      // As text: the order of the fields counts, too.
      assert.equal(JSON.stringify(JSON.parse(block)), JSON.stringify(JSON.parse(read(fixture))), fixture);
    }
    const blocks = read(file).match(/^```json$/gm) ?? [];
    assert.equal(found.length, blocks.length, 'a json block without a link to its fixture above it');
  });
}

const shown = new Set(
  files(PROTOCOL, '.md').flatMap((name) => examples(`${PROTOCOL}/${name}`).map(({ fixture }) => fixture)),
);

test('every message type of the code has an example in docs/protocol', () => {
  const types = new Set([...shown].map((fixture) => JSON.parse(read(fixture)).type));
  const signals = [...read('src/proto/signal.h').matchAll(/X\([A-Z_]+, "([a-z_-]+)"\)/g)].map(
    ([, type]) => type,
  );
  const [, names] = /type_names\[\] = \{([^}]*)\}/.exec(read('src/proto/channel.c'));
  const lines = [...names.matchAll(/"([a-z_]+)"/g)]
    .map(([, type]) => type)
    .filter((type) => type !== 'other');
  assert.ok(signals.length >= 18 && lines.length >= 8, 'the tables of types were found');
  assert.deepEqual(
    [...signals, ...lines].filter((type) => !types.has(type)),
    [],
  );
});

test('every file of tests/data that peers, server, orb or manager write is shown or is a variant of one shown', () => {
  const folders = [
    'signal/to-server',
    'signal/from-server',
    'signal/to-orb',
    'channel/to-manager',
    'channel/to-orb',
  ];
  const typesShown = new Set([...shown].map((fixture) => JSON.parse(read(fixture)).type));
  for (const folder of folders) {
    for (const name of files(`tests/data/${folder}`, '.json')) {
      const { type } = JSON.parse(read(`tests/data/${folder}/${name}`));
      assert.ok(typesShown.has(type), `${folder}/${name}: nothing of type ${type} is shown`);
    }
  }
});

/** As GitHub names a heading. */
const anchor = (heading) =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
const anchors = (file) => [...read(file).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchor(heading));

for (const file of documents) {
  test(`every link of ${file} leads somewhere`, () => {
    const links = [...read(file).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link);
    const broken = links.filter((link) => {
      const [target, heading] = link.split('#');
      const to = target ? path.join(path.dirname(file), target) : file;
      if (/^[a-z]+:/.test(link)) {
        return false;
      }
      return !fs.existsSync(path.join(ROOT, to)) || (heading !== undefined && !anchors(to).includes(heading));
    });
    assert.deepEqual(broken, []);
  });
}

test('the close codes of limits.md are those of the code', () => {
  const named = [...read('src/proto/signal.h').matchAll(/#define TC_CLOSE_[A-Z_]+\s+(\d{4})/g)].map(
    ([, code]) => code,
  );
  const told = [...read(`${PROTOCOL}/limits.md`).matchAll(/^\| (\d{4}) \|/gm)].map(([, code]) => code);
  assert.ok(named.length >= 7);
  assert.deepEqual([...told].sort(), [...named].sort());
});

test('the error codes of signaling.md are those of the code', () => {
  const list = read('src/server/rooms.h').split('#define TC_REFUSALS(X)')[1].split('\n\n')[0];
  const sent = new Set([...list.matchAll(/X\([A-Z_]+, "([a-z-]+)"\)/g)].map(([, code]) => code));
  const section = read(`${PROTOCOL}/signaling.md`).split('\n## Errors\n')[1].split('\n## ')[0];
  const told = [...section.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, code]) => code);
  assert.ok(sent.size >= 6);
  assert.deepEqual([...told].sort(), [...sent].sort());
});

test('every route of the code is in http.md, and no other', () => {
  const routes = [...read('src/server/http_site.c').matchAll(/\{TC_HTTP_(GET|POST), "([^"]+)"/g)].map(
    ([, method, route]) => `${method} ${route.replace('sessions/:id', 'sessions/:sessionId').replace(':id', ':roomId')}`,
  );
  const told = [...read(`${PROTOCOL}/http.md`).matchAll(/^\| `((?:GET|POST) \/[^`?]*)/gm)].map(
    ([, route]) => route,
  );
  assert.ok(routes.length >= 15);
  assert.deepEqual([...new Set(told)].sort(), [...routes].sort());
});

test('every flag and variable of aiorb is in orb-process.md', () => {
  const text = read(`${PROTOCOL}/orb-process.md`);
  const args = read('src/orb/args.c');
  const names = (table) =>
    [...new RegExp(`${table}\\[\\] = \\{([^]*?)\\n\\};`).exec(args)[1].matchAll(/^\t\{"([A-Z_]+)"/gm)].map(
      ([, name]) => name,
    );
  const flags = names('flag_table').map((name) => `--${name.toLowerCase().replaceAll('_', '-')}`);
  const wanted = [...flags, ...names('env_table')];
  assert.ok(wanted.length >= 18);
  assert.deepEqual(
    wanted.filter((name) => !text.includes(`\`${name}`)),
    [],
  );
});
