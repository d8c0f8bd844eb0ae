// The command line from outside: results, exit codes, one line of error (docs/protocol, section 6).
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

import WebSocket from 'ws';

import { AIORB, API_KEY, ROOT, TRICALL, joinToken, startServer } from '../lib/server.mjs';

let dir;
before(() => (dir = fs.mkdtempSync(path.join(os.tmpdir(), 'tricall-cli-'))));
after(() => fs.rmSync(dir, { recursive: true, force: true }));

/** Nothing of the developer's environment but the path. */
function run(args, { env = {}, input = '', cwd = dir } = {}) {
  const { status, signal, stdout, stderr } = spawnSync(TRICALL, args, {
    cwd,
    input,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, ...env },
    timeout: 60_000,
  });
  return { code: status, signal, out: stdout, err: stderr };
}

function refused(answer, code, pattern) {
  assert.equal(answer.code, code, answer.err);
  assert.match(answer.err, /^tricall: [^\n]+\n$/);
  assert.match(answer.err, pattern);
  assert.equal(answer.out, '');
}

const person = (email, role = 'client') => ['user', 'add', '--email', email, '--name', 'N', '--role', role, '--password-stdin'];
const pass = { input: 'correct horse\n' };

test('user add prints the id and nothing else', () => {
  const answer = run(person('a@example.org', 'coach'), pass);
  assert.equal(answer.code, 0, answer.err);
  assert.match(answer.out, /^[a-z2-7]{20}\n$/);
  assert.equal(answer.err, '');
  const made = run(['user', 'add', '--email=b@example.org', '--name=Bé', '--role=client', '--json']);
  const user = JSON.parse(made.out);
  assert.equal(user.name, 'Bé');
  assert.match(user.password, /^[a-z2-9]{4}(-[a-z2-9]{4}){3}$/);
  const shown = run(['user', 'add', '--email', 'c@example.org', '--name', 'C', '--role', 'admin']);
  assert.match(shown.out, /^[a-z2-7]{20}\n$/);
  assert.match(shown.err, /^password: \S+\n$/);
});

test('user add says what it expected', () => {
  refused(run(['user', 'add']), 64, /--email/);
  refused(run(person('no-address'), pass), 64, /no-address.*expected an address/);
  refused(run(['user', 'add', '--email', 'x@y.z', '--role', 'client']), 64, /--name/);
  refused(run(['user', 'add', '--email', 'x@y.z', '--name', 'X', '--role', 'king']), 64, /--role=king: expected coach, client or admin/);
  refused(run(['user', 'add', '--email', 'x@y.z', '--name', 'a\nb', '--role', 'client']), 64, /--name/);
  refused(run(person('x@y.z'), { input: '' }), 64, /--password-stdin/);
  refused(run(person('A@EXAMPLE.org'), pass), 1, /there is a user with this email/);
  refused(run([...person('x@y.z'), '--room', 'r']), 64, /takes no ROOM/);
  refused(run([...person('x@y.z'), '--bogus']), 64, /unexpected --bogus/);
  refused(run([...person('x@y.z'), 'extra']), 64, /unexpected extra/);
});

test('appointment add', () => {
  const add = (...more) => run(['appointment', 'add', '--coach', 'a@example.org', '--client', 'B@example.org', ...more]);
  assert.deepEqual(add('--room', 'r1'), { code: 0, signal: null, out: 'r1\n', err: '' });
  const full = JSON.parse(add('--room', 'r2', '--starts', '2026-11-23T19:00:00+01:00', '--minutes', '30', '--status', 'test', '--json').out);
  assert.equal(full.startsMs, Date.parse('2026-11-23T18:00:00Z'));
  assert.equal(full.minutes, 30);
  assert.equal(full.status, 'test');
  refused(add('--room', 'r1'), 1, /r1: it has an appointment/);
  refused(add('--room', 'a b'), 64, /--room=a b: expected 1 to 128/);
  refused(add(), 64, /--room/);
  refused(add('--room', 'r3', '--starts', 'tomorrow'), 64, /--starts=tomorrow/);
  refused(add('--room', 'r3', '--starts', '2026-02-30T10:00:00Z'), 64, /--starts/);
  refused(add('--room', 'r3', '--minutes', '0'), 64, /^tricall: --minutes=0: expected/);
  refused(add('--room', 'r3', '--status', 'maybe'), 64, /--status=maybe/);
  refused(run(['appointment', 'add', '--room', 'r3', '--coach', 'a@example.org', '--client', 'a@example.org']), 64, /somebody else/);
  refused(run(['appointment', 'add', '--room', 'r3', '--coach', 'zz@example.org', '--client', 'b@example.org']), 1, /zz@example.org: no user/);
});

test('what fails leaves no database behind', () => {
  const fresh = path.join(dir, 'fresh');
  const add = ['appointment', 'add', '--room', 'r', '--coach', 'a@example.org', '--client', 'b@example.org', '--data-dir', fresh];
  refused(run(add), 1, /fresh: No such file or directory; set DATA_DIR/);
  assert.equal(fs.existsSync(fresh), false);
  fs.mkdirSync(fresh);
  refused(run(add), 1, /fresh\/tricall\.db: No such file or directory; set DATA_DIR/);
  refused(run([...person('no-address'), '--data-dir', fresh], pass), 64, /expected an address/);
  assert.deepEqual(fs.readdirSync(fresh), []);
});

test('token create signs what the server takes', () => {
  const env = { API_KEYS: `${API_KEY.id}:${API_KEY.secret}` };
  const create = (...more) => run(['token', 'create', '--key', 'test', '--room', 'r', '--user', 'u', '--name', 'Zoë', '--role', 'coach', ...more], { env });
  const answer = create('--ttl', '15m');
  assert.equal(answer.code, 0, answer.err);
  const [head, body, mac] = answer.out.trim().split('.');
  assert.equal(mac, createHmac('sha256', API_KEY.secret).update(`${head}.${body}`).digest('base64url'));
  const claims = JSON.parse(Buffer.from(body, 'base64url'));
  assert.deepEqual([claims.iss, claims.sub, claims.name, claims.room, claims.role], ['test', 'u', 'Zoë', 'r', 'coach']);
  assert.ok(Math.abs(claims.exp - Date.now() / 1000 - 900) < 10);
  refused(create('--ttl', 'soon'), 64, /--ttl=soon/);
  refused(create('--ttl', '-1h'), 64, /--ttl/);
  refused(create('--role', 'king'), 64, /--role=king/);
  refused(run(['token', 'create', '--key', 'other', '--room', 'r', '--user', 'u', '--role', 'coach'], { env }), 64, /--key=other/);
  refused(run(['token', 'create', '--key', 'k', '--room', 'r', '--user', 'u', '--role', 'ai'], { env: { API_KEYS: 'k:short' } }), 64, /API_KEYS: key k: expected a secret of at least 32 bytes, not 5$/m);
});

test('config knows where each value came from', () => {
  const cwd = fs.mkdtempSync(path.join(dir, 'config-'));
  fs.writeFileSync(path.join(cwd, '.env'), 'PORT=4000\nHOST=127.0.0.2\nNODE_ENV=production\nORB_LOG_LEVEL="debug"\n');
  const values = JSON.parse(run(['config', '--json', '--max-concurrent-orbs', '3'], { cwd, env: { PORT: '5000', TURN_SECRET: 'hush' } }).out);
  assert.deepEqual(values.PORT, { value: '5000', source: 'environment' });
  assert.deepEqual(values.HOST, { value: '127.0.0.2', source: 'file' });
  assert.deepEqual(values.ORB_LOG_LEVEL, { value: 'debug', source: 'file' });
  assert.deepEqual(values.MAX_CONCURRENT_ORBS, { value: '3', source: 'flag' });
  assert.deepEqual(values.TURN_SECRET, { value: '***', source: 'environment' });
  const defaults = {
    PORT: '3000', HOST: '127.0.0.1', DATA_DIR: './data', ENABLE_AI_ORBS: 'true', MAX_CONCURRENT_ORBS: '8', ORB_LOG_LEVEL: 'info',
    ORB_HEALTH_CHECK_INTERVAL: '30000', ORB_CLEANUP_GRACE_PERIOD: '60000', ORB_MAX_LIFETIME: '7200000', ORB_IDLE_TIMEOUT: '300000',
    ORB_TEST_TIMEOUT: '30000', ORB_ACTIVE_CLEANUP: '1800000', ORB_UNRESPONSIVE_AFTER: '60000', ORB_KILL_AFTER: '120000',
    ORB_KILL_GRACE: '10000', ORB_MAX_MEMORY_MB: '2048', ORB_MAX_CPU_PERCENT: '50', SIGNAL_RATE: '100', SIGNAL_BURST: '300',
  };
  const plain = JSON.parse(run(['config', '--json']).out);
  for (const [name, value] of Object.entries(defaults)) {
    assert.deepEqual(plain[name], { value, source: 'default' }, name);
  }
  assert.match(run(['config', '--port=7']).out, /^PORT=7 {2}# flag$/m);
});

test('a setting that does not parse stops with name, value and what was expected', () => {
  refused(run(['serve', '--port', 'abc']), 64, /^tricall: --port=abc: expected a whole number from 0 to 65535/);
  refused(run(['serve', '--port=70000'], { env: { PORT: '1' } }), 64, /^tricall: --port=70000: expected/);
  refused(run(['serve'], { env: { PORT: 'abc' } }), 64, /^tricall: PORT=abc: expected/);
  refused(run(['serve', '--log-level', 'loud']), 64, /^tricall: --log-level=loud: expected/);
  refused(run(['serve', '--stun-urls', 'x']), 64, /^tricall: --stun-urls=x: expected/);
  refused(run(['config'], { env: { ENABLE_AI_ORBS: 'maybe' } }), 64, /ENABLE_AI_ORBS=maybe: expected true or false/);
  refused(run(['config'], { env: { MAX_CONCURRENT_ORBS: '-1' } }), 64, /MAX_CONCURRENT_ORBS=-1/);
  refused(run(['config'], { env: { LOG_LEVEL: 'loud' } }), 64, /LOG_LEVEL=loud/);
  refused(run(['config'], { env: { LOG_FORMAT: 'xml' } }), 64, /LOG_FORMAT=xml: expected text\|json/);
  refused(run(['config'], { env: { PUBLIC_URL: 'call.example.org' } }), 64, /PUBLIC_URL/);
  for (const urls of ['stun:a:1,b', 'stun:', 'stun:a:', 'stun:a:0', 'stun:a:70000', 'stun:a:1x', 'stun://a', 'stun:a b', 'stun:a,', ',stun:a',
    'stun:a?transport=udp', 'stun:[::1', 'stun:::1', 'turn:a', 'STUN', 'stun:u@a']) {
    refused(run(['config'], { env: { STUN_URLS: urls } }), 64, /STUN_URLS=.*: expected stun:host\[:port\]/);
  }
  for (const urls of ['turn:a?transport=sctp', 'turn:a?transport=', 'turn:?transport=udp', 'turn:a?x', 'stun:a', 'turn:a:1,turn:b:x']) {
    refused(run(['config'], { env: { TURN_URLS: urls, TURN_SECRET: 's' } }), 64, /TURN_URLS=.*: expected turn:host\[:port\]\[\?transport=udp\|tcp\]/);
  }
  const fine = { STUN_URLS: 'stun:stun.example.org,stuns:10.0.0.1:5349,stun:[2001:db8::1]:3478', TURN_SECRET: 's',
    TURN_URLS: 'turn:turn.example.org:3478?transport=udp,turns:turn.example.org?transport=tcp,turn:[::1]' };
  assert.equal(run(['config'], { env: fine }).code, 0);
  refused(run(['config'], { env: { ORB_UNRESPONSIVE_AFTER: '8000', ORB_HEALTH_CHECK_INTERVAL: '8000' } }), 64,
    /ORB_UNRESPONSIVE_AFTER=8000: expected more than ORB_HEALTH_CHECK_INTERVAL/);
  refused(run(['serve'], { env: { ORB_HEALTH_CHECK_INTERVAL: '90000' } }), 64, /ORB_UNRESPONSIVE_AFTER=60000: expected more than/);
  refused(run(['config'], { env: { ORB_UNRESPONSIVE_AFTER: '8000', ORB_KILL_AFTER: '7000' } }), 64,
    /ORB_KILL_AFTER=7000: expected no less than ORB_UNRESPONSIVE_AFTER/);
  // The default follows: who only shortens the patience gets heartbeats to match.
  assert.match(run(['config'], { env: { ORB_UNRESPONSIVE_AFTER: '8000' } }).out, /^ORB_HEALTH_CHECK_INTERVAL=4000 /m);
  refused(run(['config'], { env: { TURN_URLS: 'turn:a:1' } }), 64, /TURN_SECRET/);
  refused(run(['config'], { env: { TLS_CERT: 'x' } }), 64, /TLS_KEY/);
  refused(run(['serve', '--port']), 64, /port: expected a value/);
  refused(run(['serve', '--nonsense']), 64, /unexpected --nonsense/);
});

test('docs/configuration.md is what the program says', () => {
  assert.equal(run(['config', '--markdown']).out, fs.readFileSync(path.join(ROOT, 'docs/configuration.md'), 'utf8'));
});

test('every command has --help', () => {
  const all = run(['--help']);
  for (const words of [[], ['serve'], ['session']]) {
    const [short, long] = ['-h', '--help'].map((flag) => run([...words, flag]));
    assert.equal(short.code, 0, short.err);
    assert.equal(short.out, long.out);
  }
  assert.equal(all.code, 0);
  const commands = [...all.out.matchAll(/^ {2}(\w+(?: \w+)?) {2,}/gm)].map((match) => match[1]);
  for (const command of commands.length >= 10 ? commands : assert.fail(all.out)) {
    const help = run([...command.split(' '), '--help']);
    assert.equal(help.code, 0, command);
    assert.ok(help.out.startsWith(`usage: tricall ${command}`), help.out);
    assert.match(help.out, command === 'probe' ? /--url/ : /--data-dir/); // a probe goes by the network alone
  }
  assert.match(run(['serve', '--help']).out, /^ {2}--max-concurrent-orbs +orbs at one time; default 8$/m);
  assert.match(run(['serve', '--help']).out, /^ {2}--orb-kill-grace .*\(ms\); default 10000$/m);
  assert.match(run(['token', 'create', '--help']).out, /^ {2}--help +this text$/m);
  assert.match(run(['token', 'create', '--help']).out, /^ {2}--role +coach, client or admin; of a token also ai$/m);
  assert.match(run(['version']).out, /^tricall \d+\.\d+\.\d+\n$/);
  refused(run([]), 64, /expected a command/);
  refused(run(['dance']), 64, /dance: no such command/);
  refused(run(['user', 'remove']), 64, /user remove: no such command; expected tricall user add$/m);
});

test('half a command says which there are', () => {
  refused(run(['session']), 64, /^tricall: session: expected one of list, show, export; see tricall session --help$/m);
  refused(run(['user', '--json']), 64, /user: expected one of add;/);
  const help = run(['session', '--help']);
  assert.equal(help.code, 0, help.err);
  assert.deepEqual([...help.out.matchAll(/^ {2}session (\w+)/gm)].map((match) => match[1]), ['list', 'show', 'export']);
  assert.doesNotMatch(help.out, /^ {2}user/m);
});

test('doctor tells, and its exit code with it', () => {
  const checks = JSON.parse(run(['doctor', '--json', '--port', '0']).out);
  const names = checks.map(({ check }) => check);
  for (const name of ['libraries', 'speech', 'pages', 'orb', 'database', 'disk', 'port', 'turn']) {
    assert.ok(names.includes(name), name);
  }
  assert.equal(run(['doctor', '--web-dir', dir, '--port', '0']).code, 1);
});

const doctor = (env) => {
  const { code, out } = run(['doctor', '--json', '--port', '0'], { env });
  return { code, of: (name) => JSON.parse(out).find(({ check }) => check === name) };
};

test('without the plugin of libwebsockets one line names the package, and doctor fails', () => {
  const places = fs.readdirSync('/usr/lib').map((each) => `/usr/lib/${each}/libwebsockets-evlib_uv.so`);
  const plugin = places.find((each) => fs.existsSync(each));
  const hidden = (...args) => {
    const script = 'mount --bind /dev/null "$0" && exec "$@"';
    const options = { cwd: dir, encoding: 'utf8', env: { PATH: process.env.PATH }, timeout: 60_000 };
    return spawnSync('unshare', [process.getuid() === 0 ? '-m' : '-rm', 'sh', '-c', script, plugin, TRICALL, ...args], options);
  };
  const serve = hidden('serve', '--port', '0', '--enable-ai-orbs=false', '--log-level', 'error', '--data-dir', path.join(dir, 'no-plugin'));
  assert.equal(serve.status, 1);
  assert.equal(serve.stderr, 'tricall: libwebsockets has no libuv support: install libwebsockets-evlib-uv\n');
  const told = hidden('doctor', '--port', '0');
  assert.equal(told.status, 1);
  assert.match(told.stdout, /^fail +libraries .*libwebsockets-evlib-uv$/m);
});

test('doctor knows a missing model, a missing program, and what is not used', () => {
  const noModel = doctor({ ORB_MODEL_DIR: dir });
  assert.equal(noModel.code, 1);
  assert.equal(noModel.of('speech').verdict, 'fail');
  assert.match(noModel.of('speech').detail, /no speech model: .*mdef: No such file.*pocketsphinx-en-us/);
  // A copy that broke off.
  const half = path.join(dir, 'half');
  fs.mkdirSync(path.join(half, 'en-us'), { recursive: true });
  fs.writeFileSync(path.join(half, 'en-us/mdef'), '');
  assert.match(doctor({ ORB_MODEL_DIR: half }).of('speech').detail, /^no speech model: .*\/mdef: it is empty; install/);
  // One that is something else.
  fs.writeFileSync(path.join(half, 'en-us/mdef'), '<!doctype html>\n');
  assert.match(doctor({ ORB_MODEL_DIR: half }).of('speech').detail, /^no speech model: .*\/mdef: it is not what its name says; install/);
  // Engines elsewhere are a setting without a use: they make nothing fine.
  const elsewhere = doctor({ ORB_MODEL_DIR: dir, STT_URL: 'http://a', TTS_URL: 'http://b', LLM_MODEL: 'm' });
  assert.equal(elsewhere.of('speech').verdict, 'fail');
  assert.deepEqual(elsewhere.of('settings'), { check: 'settings', verdict: 'warn', detail: 'set, but not used yet: LLM_MODEL, STT_URL, TTS_URL' });
  const noProgram = doctor({ ORB_COMMAND: "'no such' program" });
  assert.equal(noProgram.of('orb').verdict, 'fail');
  assert.match(noProgram.of('orb').detail, /ORB_COMMAND='no such' program: no such: No such file/);
  assert.equal(doctor({ ORB_COMMAND: 'node orb.js', ORB_MODEL_DIR: dir }).of('speech').verdict, 'warn');
  assert.match(doctor({ ORB_COMMAND: 'node orb.js' }).of('orb').detail, /^\/.*\/node$/);
  assert.equal(doctor({ ORB_COMMAND: './orb.js', GPU_SERVER_PATH: dir }).of('orb').verdict, 'fail');
  fs.writeFileSync(path.join(dir, 'orb.js'), '', { mode: 0o755 });
  assert.equal(doctor({ ORB_COMMAND: './orb.js', GPU_SERVER_PATH: dir }).of('orb').verdict, 'ok');
});

test('serve warns at its start, a line each, of what keeps orbs away', async () => {
  const warnings = async (env) => {
    const server = await startServer({ env });
    await server.stop();
    return server.log().split('\n').filter((line) => / (warn|error) /.test(line));
  };
  assert.deepEqual(await warnings({ ENABLE_AI_ORBS: 'false', ORB_MODEL_DIR: dir }), []);
  assert.deepEqual(await warnings({}), []);
  const [model, ...none] = await warnings({ ORB_MODEL_DIR: dir });
  assert.match(model, /no orb will come: no speech model: .*; install Debian's pocketsphinx-en-us, or set ORB_MODEL_DIR$/);
  assert.deepEqual(none, []);
  const [program, unused, ...more] = await warnings({ ORB_COMMAND: 'no-such-program --x', LLM_URL: 'http://a' });
  assert.match(program, /no orb will come: ORB_COMMAND=no-such-program --x: no-such-program: No such file/);
  assert.match(unused, /set, but not used yet: LLM_URL$/);
  assert.deepEqual(more, []);
});

test('aiorb --help tells of a default only where there is one', () => {
  const { status, stdout } = spawnSync(AIORB, ['--help'], { encoding: 'utf8', timeout: 60_000 });
  assert.equal(status, 0);
  assert.match(stdout, /^ {2}--coach +the coach's user id$/m);
  assert.match(stdout, /^ {2}--idle-timeout .*; default 300000$/m);
  assert.doesNotMatch(stdout, /default *$/m);
});

test('a boolean setting takes its value as others do', () => {
  const of = (...flags) => JSON.parse(run(['config', '--json', ...flags]).out).ORB_NEST;
  assert.deepEqual(of('--orb-nest', 'false'), { value: 'false', source: 'flag' });
  assert.deepEqual(of('--orb-nest=no'), of('--orb-nest', 'false'));
  assert.deepEqual(of('--no-orb-nest'), of('--orb-nest', 'false'));
  assert.deepEqual(of('--orb-nest'), { value: 'true', source: 'flag' });
  refused(run(['config', '--orb-nest', 'maybe']), 64, /unexpected maybe/);
});

test('aiorb without its model: one line, and exit 70', () => {
  const { status, stderr } = spawnSync(AIORB, ['--room', 'r', '--session', 's', '--cpu-host', '127.0.0.1:9'], {
    encoding: 'utf8', env: { ORB_MODEL_DIR: dir }, timeout: 60_000,
  });
  assert.equal(status, 70);
  assert.match(stderr, /^\S+ error orb\.main: no speech model: [^\n]+; install Debian's pocketsphinx-en-us, or set ORB_MODEL_DIR\n$/);
});

test('serve: a busy port is one line, and nothing was made', async () => {
  const blocker = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => blocker.once('listening', resolve));
  const data = path.join(dir, 'never');
  refused(run(['serve', '--port', String(blocker.address().port), '--data-dir', data]), 1, /Address already in use|busy/);
  assert.ok(!fs.existsSync(data));
  blocker.close();
});

test('serve: TLS files that do not fit end the start with a line, not a crash', () => {
  const key = (name) => {
    const files = { cert: path.join(dir, `${name}.pem`), key: path.join(dir, `${name}.key`) };
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${name}`,
      '-keyout', files.key, '-out', files.cert], { stdio: 'ignore' });
    return files;
  };
  const one = key('one');
  const two = key('two');
  const text = path.join(dir, 'text.pem');
  fs.writeFileSync(text, 'no certificate');
  for (const [cert, secret] of [[one.cert, two.key], [text, one.key]]) {
    const { code, err } = run(['serve', '--port', '0', '--data-dir', path.join(dir, 'tls'), '--tls-cert', cert, '--tls-key', secret]);
    assert.equal(code, 1);
    assert.match(err.trimEnd().split('\n').at(-1), /^tricall: TLS does not start/);
  }
});

test('serve: a damaged, unreadable or missing place is one line', () => {
  const data = path.join(dir, 'bad');
  fs.mkdirSync(data);
  fs.writeFileSync(path.join(data, 'tricall.db'), 'x'.repeat(5000));
  const serve = (...more) => run(['serve', '--port', '0', ...more]);
  refused(serve('--data-dir', data), 1, /tricall\.db: .*damaged \(file is not a database\); put a backup/);
  assert.equal(fs.readFileSync(path.join(data, 'tricall.db'), 'utf8'), 'x'.repeat(5000));
  refused(serve('--data-dir', '/proc/x'), 1, /data folder \/proc\/x: /);
  refused(serve('--data-dir', path.join(dir, 'no/such/place')), 1, /data folder .*No such file.*; set DATA_DIR/);
  refused(serve('--data-dir', path.join(data, 'tricall.db')), 1, /Not a directory/);
  refused(serve('--web-dir', dir), 1, /WEB_DIR/);
  refused(serve('--host', 'not-an-address'), 1, /HOST/);
  refused(serve('--tls-cert', '/none', '--tls-key', '/none'), 1, /\/none/);
  refused(run(['session', 'list', '--data-dir', path.join(dir, 'empty')]), 1, /No such file/);
});

test('a page of garbage in the database: what is wrong with it, not the heading above', () => {
  const data = path.join(dir, 'page');
  fs.mkdirSync(data);
  const file = path.join(data, 'tricall.db');
  assert.equal(run([...person('a@example.org'), '--data-dir', data], pass).code, 0);
  const bytes = fs.readFileSync(file);
  bytes.fill(0x41, 2 * 4096);
  fs.writeFileSync(file, bytes);
  const serve = run(['serve', '--port', '0', '--data-dir', data]);
  refused(serve, 1, /tricall\.db: the database is damaged \([^*]*page[^*]*\); put a backup in its place, or move it away/i);
  refused(run(['session', 'list', '--data-dir', data]), 1, /damaged/);
});

test('session list without a session says so to people, and [] to programs', () => {
  const data = path.join(dir, 'quiet');
  fs.mkdirSync(data);
  assert.equal(run([...person('a@example.org'), '--data-dir', data], pass).code, 0);
  const list = (...more) => run(['session', 'list', '--data-dir', data, ...more]);
  assert.deepEqual(list(), { code: 0, signal: null, out: '', err: 'no sessions yet\n' });
  assert.deepEqual(list('--room', 'r1'), { code: 0, signal: null, out: '', err: 'no sessions in room r1 yet\n' });
  assert.deepEqual(list('--json'), { code: 0, signal: null, out: '[]\n', err: '' });
});

test('serve --demo makes two people and a room once', async () => {
  const data = path.join(dir, 'demo');
  const options = { env: { ENABLE_AI_ORBS: 'false' }, args: ['--demo'], dataDir: data };
  fs.mkdirSync(data);
  const first = await startServer(options);
  const [, email, password] = /coach +(\S+) +password +(\S+)/.exec(first.log());
  assert.match(first.log(), new RegExp(`${first.url}/room/demo`));
  const answer = await fetch(`${first.url}/sign-in`, { method: 'POST', body: new URLSearchParams({ email, password }), redirect: 'manual' });
  assert.equal(answer.status, 303);
  assert.equal((await first.stop()).code, 0);
  const second = await startServer(options);
  assert.doesNotMatch(second.log(), /password {2}/);
  assert.match(second.log(), /\/room\/demo/);
  await second.stop();
});

test('serve: a second signal ends at once, whatever the orb does', async () => {
  const server = await startServer({ env: { ORB_COMMAND: "/bin/sh -c 'exec sleep 300'" } });
  const ws = new WebSocket(`${server.ws}/ws-simple/r?token=${joinToken({ sub: 'ann', room: 'r', role: 'coach' })}`);
  ws.on('error', () => {});
  await new Promise((resolve) => ws.once('open', resolve));
  ws.send(JSON.stringify({ type: 'join', roomId: 'r', userId: 'ann', userRole: 'coach', userName: 'Ann' }));
  const [, pid] = await server.logged(/orb process (\d+) started/);
  server.child.kill('SIGTERM');
  await server.logged(/draining/);
  assert.equal((await fetch(`${server.url}/readyz`)).status, 503);
  server.child.kill('SIGTERM');
  assert.deepEqual(await server.exited, { code: 1, signal: null });
  await until(() => fs.existsSync(`/proc/${pid}/exe`), (there) => !there);
  assert.ok(!fs.existsSync(`/proc/${pid}/exe`));
  await server.stop();
});

test('sessions are listed, shown and exported beside the server', async () => {
  const server = await startServer({ env: { ENABLE_AI_ORBS: 'false', ORB_CLEANUP_GRACE_PERIOD: '1' } });
  try {
    const cli = (...args) => run([...args, '--data-dir', server.dataDir]);
    const ws = new WebSocket(`${server.ws}/ws-simple/talk?token=${joinToken({ sub: 'ann', name: 'Ann', room: 'talk', role: 'coach' })}`);
    await new Promise((resolve, reject) => ws.once('open', resolve).once('error', reject));
    ws.send(JSON.stringify({ type: 'join', roomId: 'talk', userId: 'ann', userRole: 'coach', userName: 'Ann' }));
    const [, id] = await server.logged(/talk: call (\w+) begins/);
    ws.send(JSON.stringify({ type: 'leave' }));
    await server.logged(/talk: call \w+ ends/);
    // Another call: everything the first one queued has been written before it.
    ws.close();
    const list = await until(() => JSON.parse(cli('session', 'list', '--json').out), (all) => all[0]?.endedMs);
    assert.deepEqual([list[0].id, list[0].room, list[0].coach], [id, 'talk', 'ann']);
    assert.match(cli('session', 'list').out, new RegExp(`^${id} .* talk$`, 'm'));
    assert.equal(JSON.parse(cli('session', 'show', id, '--json').out).utterances, 0);
    assert.match(cli('session', 'show', id).out, /^- room: talk$/m);
    assert.deepEqual(JSON.parse(cli('session', 'export', id, '--format', 'json').out).transcript, []);
    assert.equal(cli('session', 'export', id, '--format', 'vtt').out, 'WEBVTT\n');
    assert.match(cli('session', 'export', id).out, /^## Transcript$/m);
    refused(cli('session', 'show', 'nobody'), 1, /session nobody: there is none/);
    refused(cli('session', 'show'), 64, /expected ID/);
    refused(cli('session', 'export', id, '--format', 'pdf'), 64, /--format=pdf/);
  } finally {
    await server.stop();
  }
});

/** Asks again until the answer is right: the server writes off its loop. */
async function until(question, right) {
  for (let i = 0; ; i++) {
    const answer = question();
    if (right(answer) || i === 100) {
      return answer;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
