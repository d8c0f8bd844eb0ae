// Compares relays under the same load client, in turn (A B A B ...), and prints medians and ratios.
//   node relay-compare.mjs --rounds 5 --seconds 5 NAME=COMMAND [NAME=COMMAND ...]
// In each COMMAND, {port} is replaced by a free port, also set as PORT in the environment; the process must listen there on 127.0.0.1.
// --load 'extra ws-load options'   --only closed,open,idle   --out FILE (one JSON line per run)
import { spawn, spawnSync } from 'node:child_process';
import net from 'node:net';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const args = process.argv.slice(2);
const opt = {
  rounds: 5,
  seconds: 5,
  load: '',
  out: '',
  only: 'closed,wide,open,fast,idle',
  'ws-load': path.join(here, 'ws-load', 'ws-load'),
};
const servers = [];
for (let i = 0; i < args.length; i++) {
  if (args[i].startsWith('--')) opt[args[i].slice(2)] = args[++i];
  else {
    const at = args[i].indexOf('=');
    servers.push({ name: args[i].slice(0, at), command: args[i].slice(at + 1) });
  }
}
const seconds = String(opt.seconds);
const SHAPES = {
  closed: ['--rooms', '10', '--window', '2', '--seconds', seconds],                // 30 connections, 120 in flight
  wide: ['--rooms', '100', '--window', '1', '--seconds', seconds],                 // 300 connections, 600 in flight
  open: ['--rooms', '100', '--rate', '2000', '--seconds', seconds],                // 2000 messages/s, latency
  fast: ['--rooms', '100', '--rate', '10000', '--seconds', seconds],               // 10000 messages/s
  idle: ['--idle', '300,3000', '--settle', '2'],
};

const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
const reachable = (port) => new Promise((r) => {
  const s = net.connect(port, '127.0.0.1', () => { s.destroy(); r(true); });
  s.on('error', () => r(false));
});
const freePort = () => new Promise((r) => {
  const s = net.createServer().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => r(port)); });
});

async function once(server, shape) {
  const port = await freePort();
  const t0 = performance.now();
  const child = spawn('sh', ['-c', 'exec ' + server.command.replaceAll('{port}', port)], {
    env: { ...process.env, PORT: String(port) }, stdio: ['ignore', 'ignore', 'inherit'],
  });
  while (!(await reachable(port))) await sleep(2);
  const start = performance.now() - t0;
  await sleep(300);
  const extra = opt.load ? opt.load.split(' ') : [];
  const load = spawnSync(opt['ws-load'],
    ['--port', port, '--pid', child.pid, '--json', ...SHAPES[shape], ...extra], { encoding: 'utf8' });
  child.kill('SIGTERM');
  await new Promise((r) => child.on('exit', r));
  if (load.status > 1) throw new Error(`${server.name} ${shape}: ${load.stderr}`);
  const r = JSON.parse(load.stdout.trim().split('\n').pop());
  for (const s of r.idle ?? []) {
    r[`rss_per_conn_${s.n}`] = s.rss_bytes_per_conn;
    r[`rss_mib_${s.n}`] = s.rss_kb / 1024;
    r[`joins_per_s_${s.n}`] = s.joins_per_s;
  }
  r.base_rss_mib = r.base_rss_kb / 1024;
  return { server: server.name, shape, start_ms: start, failed: load.status, ...r };
}

const median = (v) => { const s = [...v].sort((a, b) => a - b); return s[(s.length - 1) >> 1]; };
const KEYS = {
  closed: ['msgs_per_s', 'server_cpu_us_per_msg', 'server_user_us', 'server_sys_us', 'p50_us', 'p99_us', 'p999_us', 'server_util', 'client_util', 'others_util'],
  open: ['server_cpu_us_per_msg', 'server_user_us', 'server_sys_us', 'p50_us', 'p99_us', 'p999_us', 'join_p50_us', 'join_p99_us', 'others_util'],
  idle: ['start_ms', 'base_rss_mib', 'rss_mib_300', 'rss_per_conn_300', 'rss_mib_3000', 'rss_per_conn_3000', 'joins_per_s_3000'],
};
KEYS.wide = KEYS.closed;
KEYS.fast = KEYS.open;

for (const shape of opt.only.split(',')) {
  const runs = servers.map(() => []);
  for (let round = 0; round < Number(opt.rounds); round++)
    for (let i = 0; i < servers.length; i++) {
      const r = await once(servers[i], shape);
      runs[i].push(r);
      if (opt.out) fs.appendFileSync(opt.out, JSON.stringify(r) + '\n');
    }
  console.log(`\n## ${shape}: ${SHAPES[shape].join(' ')} ${opt.load} (${opt.rounds} rounds: median [min..max]; ratio to ${servers[0].name}, pair by pair)`);
  for (const k of KEYS[shape]) {
    const cells = servers.map((s, i) => {
      const v = runs[i].map((r) => r[k]);
      const f = (x) => (Math.abs(x) >= 100 ? x.toFixed(0) : x.toPrecision(3));
      const ratio = median(runs[i].map((r, n) => r[k] / runs[0][n][k]));
      return `${s.name} ${f(median(v))} [${f(Math.min(...v))}..${f(Math.max(...v))}]` + (i ? ` x${ratio.toPrecision(3)}` : '');
    });
    console.log(`${k.padEnd(22)} ${cells.join(' | ')}`);
  }
  const failed = runs.flat().filter((r) => r.failed).length;
  if (failed) {
    console.log(`${failed} runs with failed checks`);
    process.exitCode = 1;
  }
}
