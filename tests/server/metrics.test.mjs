// What /metrics says is what happened: names with units, labels of fixed sets, never an id.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { until } from '../e2e/browser.mjs';
import { connect, enter, Participant, wsUrl } from '../lib/participant.mjs';
import { joinToken, ROOT, startServer } from '../lib/server.mjs';

let server;
before(async () => {
  server = await startServer({
    env: { ORB_COMMAND: `"${process.execPath}" "${ROOT}/tests/mock/wordless-orb.mjs"`, WORDS: 'summary', ORB_CLEANUP_GRACE_PERIOD: '50' },
  });
});
after(() => server.stop());

/** Values by name and labels: { 'tricall_orbs{state="ready"}': 1, ... } */
async function metrics() {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Object.fromEntries(
    text.split('\n').filter((line) => line && !line.startsWith('#')).map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').pop())]),
  );
}
const refused = (code) => `tricall_signaling_messages_refused_total{code="${code}"}`;
const people = (role) => `tricall_participants{role="${role}"}`;
const upgrades = (status) => `tricall_upgrades_refused_total{status="${status}"}`;

test('participants are counted by role, messages and bytes as they are passed on', async () => {
  const coach = await enter(server, 'm-people', 'secret-coach-id', 'coach');
  const client = await enter(server, 'm-people', 'secret-client-id', 'client');
  await coach.next((m) => m.type === 'orb-state' && m.state === 'ready');
  const first = await metrics();
  assert.deepEqual([first[people('coach')], first[people('client')], first[people('ai')], first[people('admin')]], [1, 1, 1, 0]);
  assert.equal(first['tricall_orbs{state="ready"}'], 1);
  assert.equal(first.tricall_orb_spawns_total, 1);
  const text = 'x'.repeat(10_000);
  coach.send({ type: 'offer', toId: 'secret-client-id', offer: { type: 'offer', sdp: text } });
  await client.next('offer');
  const then = await metrics();
  assert.equal(then.tricall_signaling_messages_relayed_total - first.tricall_signaling_messages_relayed_total, 1);
  const bytes = then.tricall_signaling_relayed_bytes_total - first.tricall_signaling_relayed_bytes_total;
  assert.ok(bytes > 10_000 && bytes < 10_200, `${bytes} bytes`);

  coach.send({ type: 'leave' });
  client.send({ type: 'leave' });
  await until('the orb to be gone', async (seen) => {
    const now = seen(await metrics());
    return now['tricall_orb_exits_total{reason="asked"}'] === 1 && now[people('ai')] === 0;
  });
  const last = await metrics();
  assert.deepEqual([last[people('coach')], last[people('client')]], [0, 0]);
  assert.equal(last['tricall_orbs{state="ready"}'], 0);
  await Promise.all([coach.close(), client.close()]);
});

test('each refusal is counted under its code', async () => {
  const before = await metrics();
  const one = await enter(server, 'm-refused', 'u1', 'client');
  const provoke = {
    'bad-message': 'this is no JSON',
    'unknown-peer': { type: 'offer', toId: 'nobody', offer: {} },
    forbidden: { type: 'orb-control', action: 'stop' },
  };
  for (const [code, message] of Object.entries(provoke)) {
    one.send(message);
    assert.equal((await one.next('error')).code, code);
  }
  const early = await connect(server, 'm-refused', 'u2', 'client');
  early.send({ type: 'offer', offer: {} });
  assert.equal((await early.next('error')).code, 'not-joined');
  early.send({ type: 'join', userId: 'somebody-else' });
  assert.equal((await early.next('error')).code, 'identity-mismatch');
  const now = await metrics();
  for (const code of [...Object.keys(provoke), 'not-joined', 'identity-mismatch']) {
    assert.equal(now[refused(code)] - before[refused(code)], 1, code);
  }
  assert.equal(now[refused('room-full')], before[refused('room-full')]);
  await one.close();
});

test('upgrades that are refused are counted by status', async () => {
  const before = await metrics();
  const other = joinToken({ sub: 'u', name: 'U', room: 'another', role: 'client' });
  assert.equal((await new Participant(wsUrl(server, 'm-upgrade')).upgraded).status, 401);
  assert.equal((await new Participant(wsUrl(server, 'm-upgrade', other)).upgraded).status, 403);
  const now = await metrics();
  assert.equal(now[upgrades(401)] - before[upgrades(401)], 1);
  assert.equal(now[upgrades(403)] - before[upgrades(403)], 1);
  assert.equal(now[upgrades(404)], before[upgrades(404)]);
});

test('each family has its help and type, names end as their type wants, and no id is told', async () => {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const types = Object.fromEntries([...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => [name, type]));
  const helps = new Set([...text.matchAll(/^# HELP (\w+) \S.*\.$/gm)].map(([, name]) => name));
  assert.deepEqual(new Set(Object.keys(types)), helps);
  for (const [name, type] of Object.entries(types)) {
    assert.match(name, type === 'counter' ? /_total$/ : /^(tricall|process)_[a-z_]*[a-z]$/, name);
  }
  const documented = fs.readFileSync(`${ROOT}/docs/operations.md`, 'utf8');
  Object.keys(types).forEach((name) => assert.ok(documented.includes(`\`${name}`), `${name} is in operations.md`));
  const labels = { role: /^(coach|client|ai|admin)$/, state: /^[a-z]+$/, code: /^[a-z-]+$/, status: /^\d{3}$/, reason: /^[a-z_]+$/, class: /^([1-5]xx|gone)$/, version: /^\d/, peer: /^(human|orb)$/, result: /^[a-z]+$/, path: /^(host|srflx|prflx|relay)$/, stage: /^[a-z]+$/, part: /^[a-z]+$/, le: /^([\d.]+|\+Inf)$/ };
  for (const line of text.trim().split('\n').filter((l) => !l.startsWith('#'))) {
    const [, name, list] = /^(\w+)(?:\{([^}]*)\})? [\d.]+$/.exec(line) ?? assert.fail(line);
    const family = types[name] ? name : name.replace(/_(bucket|sum|count)$/, '');
    assert.ok(types[family], `${name} has a type`);
    assert.equal(family.endsWith('_total'), types[family] === 'counter', name);
    assert.equal(family !== name, types[family] === 'histogram', name);
    for (const [, label, value] of (list ?? '').matchAll(/(\w+)="([^"]*)"/g)) {
      assert.match(value, labels[label] ?? assert.fail(`the label ${label} is bounded?`));
    }
  }
  assert.doesNotMatch(text, /secret|m-people|u1/);
});
