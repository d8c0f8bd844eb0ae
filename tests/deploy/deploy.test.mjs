// The examples in deploy/ against the program: each setting exists and is taken, an installation works where it
// lies, and an image has the libraries the programs ask for.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import yaml from 'js-yaml';
import { ROOT, startServer } from '../lib/server.mjs';

const read = (file) => fs.readFileSync(path.join(ROOT, file), 'utf8');
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'tricall-deploy-'));
after(() => fs.rmSync(scratch, { recursive: true }));

const run = (command, args, options = {}) => {
  const done = spawnSync(command, args, { encoding: 'utf8', cwd: ROOT, ...options });
  assert.equal(done.error, undefined, `${command} runs`);
  return done;
};

/** NAME=value lines, those that are commented out included: they are there to be used. */
const settings = (text) =>
  [...text.matchAll(/^#?([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(([, name, value]) => [name, value]);

test('every setting of tricall.env is one of ours, and its value is taken', () => {
  const listed = new Set([...read('docs/configuration.md').matchAll(/^\| `([A-Z_]+)`/gm)].map(([, name]) => name));
  const named = settings(read('deploy/systemd/tricall.env'));
  assert.ok(named.length > 10);
  const env = { PATH: process.env.PATH, DATA_DIR: scratch };
  for (const [name, value] of named) {
    assert.ok(listed.has(name), `${name} is a setting`);
    env[name] = value;
  }
  const { status, stderr } = run('build/tricall', ['config'], { env: { ...env, TURN_SECRET: 'x'.repeat(32), API_KEYS: `site:${'x'.repeat(32)}` } });
  assert.equal(status, 0, stderr);
});

test('the unit waits longer for a stop than the server does for sessions', () => {
  const unit = read('deploy/systemd/tricall.service');
  const drain = Number(/^DRAIN_TIMEOUT=(\d+)$/m.exec(read('deploy/systemd/tricall.env'))[1]);
  assert.ok(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)[1]) * 1000 >= drain + 20_000);
});

test('systemd takes the unit', { skip: !fs.existsSync('/usr/bin/systemd-analyze') && 'no systemd here' }, () => {
  const unit = path.join(scratch, 'tricall.service');
  // What it starts is not installed here.
  fs.writeFileSync(unit, read('deploy/systemd/tricall.service').replaceAll('/usr/local/bin/tricall', '/bin/true'));
  const { stdout, stderr } = run('systemd-analyze', ['verify', '--man=no', unit]);
  const complaints = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('tricall.service'));
  assert.deepEqual(complaints, []);
});

test('an installation finds its pages, its data and its orb where it lies', { timeout: 400_000 }, async () => {
  const { status, stderr } = run('meson', ['install', '-C', 'build', '--no-rebuild', '--quiet', '--destdir', scratch]);
  assert.equal(status, 0, stderr);
  const program = path.join(scratch, 'usr/local/bin/tricall');
  const server = await startServer({ program, env: { LOG_LEVEL: 'warn' } });
  try {
    const page = await fetch(`${server.url}/`);
    assert.equal(page.status, 200);
    assert.match(await page.text(), /<title>/);
  } finally {
    await server.stop();
  }
  const doctor = run(program, ['doctor', '--json', '--data-dir', path.join(scratch, 'data')]);
  const report = JSON.parse(doctor.stdout);
  assert.doesNotMatch(JSON.stringify(report), /no program aiorb|no web folder/);
});

test('the image has what the programs ask for', () => {
  const text = read('deploy/container/Containerfile').replace(/\\\n/g, ' ');
  const packages = new Set(/--no-install-recommends\s+([^&]*)/.exec(text)[1].trim().split(/\s+/));
  for (const program of ['build/tricall', 'build/aiorb']) {
    const needed = run('objdump', ['-p', program]).stdout.matchAll(/NEEDED\s+(\S+)/g);
    for (const [, library] of needed) {
      const owners = run('dpkg-query', ['-S', `*/${library}`]).stdout.split('\n').map((line) => line.split(':')[0]);
      const there = owners.some((owner) => owner === 'libc6' || packages.has(owner));
      assert.ok(there, `${library} of ${program} is in one of ${owners}`);
    }
  }
});

test('alerts and dashboard ask for metrics that there are, with labels that they have', async () => {
  const server = await startServer({ env: { LOG_LEVEL: 'warn' } });
  let text;
  try {
    text = await (await fetch(`${server.url}/metrics`)).text();
  } finally {
    await server.stop();
  }
  const known = new Set([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name, type]) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name],
  ));
  const groups = yaml.load(read('deploy/prometheus/alerts.yml')).groups;
  const panels = JSON.parse(read('deploy/grafana/tricall.json')).panels;
  const expressions = [
    ...groups.flatMap(({ rules }) => rules.map(({ expr }) => expr)),
    ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
  ];
  assert.ok(expressions.length > 30);
  for (const expr of expressions) {
    const names = [...expr.matchAll(/\b(?:tricall|process)_[a-z_]+/g)].map(([name]) => name);
    assert.ok(names.length || expr.startsWith('up{'), expr);
    for (const name of names) {
      assert.ok(known.has(name), `${name} of ${expr}`);
    }
    for (const [, name, label] of expr.matchAll(/\b(tricall_[a-z_]+)\{job="[^"]*",([a-z]+)=/g)) {
      // A family without a sample yet shows no labels; what it documents is held by tests/server/metrics.test.mjs.
      const sample = new RegExp(`^${name}\\{([^}]*)\\}`, 'm').exec(text)?.[1];
      assert.ok(sample === undefined || sample.includes(`${label}=`), `${label} of ${name}`);
    }
  }
  for (const { rules } of groups) {
    for (const { alert, annotations, labels } of rules) {
      assert.ok(annotations.summary && ['page', 'ticket'].includes(labels.severity), alert);
    }
  }
});
