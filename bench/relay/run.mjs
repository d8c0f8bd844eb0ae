// What relaying costs: our server against the guide's design on Node, in turn, under the same load in the same run.
//   node bench/relay/run.mjs [--rounds 3] [--seconds 3] [--only closed,wide,open,fast,idle] [--limit] [--out FILE]
// Quote the ratios: the absolute figures move with whatever else the machine does. The targets are those of
// README.md; the exit code is 1 if a message was lost, misdirected or out of order, never for a slow machine.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { API_KEY, TRICALL, joinToken } from '../../tests/lib/server.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const { values: opt } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
    only: { type: 'string', default: 'closed,wide,open,fast,idle' },
    limit: { type: 'boolean', default: false },
    out: { type: 'string', default: '' },
  },
});

const CONNECTIONS = 3000;
const ROLES = ['coach', 'client', 'ai'];
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'tricall-relay-'));

const compile = (name) => {
  const program = path.join(work, name);
  const folder = path.join(here, name);
  const sources = fs.existsSync(folder)
    ? fs.readdirSync(folder).filter((file) => file.endsWith('.c')).map((file) => path.join(folder, file))
    : [`${folder}.c`];
  // As one unit, as if it were one file: the client must cost little beside the servers.
  execFileSync('cc', ['-O2', '-flto', '-std=gnu11', '-o', program, ...sources], { stdio: 'inherit' });
  return program;
};

/** One join token for each of ws-load's connections, in its numbering. */
const writeTokens = () => {
  const file = path.join(work, 'tokens');
  const lines = Array.from({ length: CONNECTIONS }, (unused, i) => {
    const user = `u${String(i).padStart(7, '0')}`;
    return joinToken({ sub: user, name: user, room: `load${String(Math.floor(i / 3)).padStart(5, '0')}`, role: ROLES[i % 3] });
  });
  fs.writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
};

/** The command that serves ours: limits out of the way, no orbs, nothing but signaling at work. */
const ours = () => {
  const script = path.join(work, 'ours.sh');
  const env = {
    API_KEYS: `${API_KEY.id}:${API_KEY.secret}`,
    ENABLE_AI_ORBS: 'false',
    LOG_LEVEL: 'error',
    SIGNAL_RATE: '1000000',
    SIGNAL_BURST: '1000000',
    DATA_DIR: path.join(work, 'data'),
  };
  const lines = Object.entries(env).map(([name, value]) => `export ${name}='${value}'\n`);
  fs.writeFileSync(script, `${lines.join('')}cd '${work}' && exec '${TRICALL}' serve --host 127.0.0.1 --port "$1"\n`);
  return `sh ${script} {port}`;
};

try {
  const servers = [`seed=env QUIET=1 node ${path.join(here, 'seed-signaling.mjs')}`, `ours=${ours()}`];
  const wsLoad = compile('ws-load');
  if (opt.limit) {
    servers.push(`limit=${compile('relay-limit')} {port}`);
  }
  const { status } = spawnSync(
    process.execPath,
    [
      path.join(here, 'relay-compare.mjs'),
      ...['--rounds', opt.rounds, '--seconds', opt.seconds, '--only', opt.only],
      ...['--load', `--token-file ${writeTokens()}`, '--ws-load', wsLoad],
      ...(opt.out ? ['--out', opt.out] : []),
      ...servers,
    ],
    { stdio: 'inherit' },
  );
  process.exitCode = status ?? 1;
} finally {
  fs.rmSync(work, { recursive: true, force: true });
}
