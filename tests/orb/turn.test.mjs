// SPDX-License-Identifier: Apache-2.0
// The orb behind a network that lets nothing but the TURN server through: it gets credentials of its own from the
// server, and a person sees and hears it by the relay alone. The TURN server is Debian's coturn.
import assert from 'node:assert/strict';
import { fork, spawn } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { enter } from '../lib/participant.mjs';
import { startServer } from '../lib/server.mjs';

const SELF = fileURLToPath(import.meta.url);
const SECRET = 'what coturn and tricall share';
const DEADLINE_MS = 60_000;

const address = () =>
  Object.values(os.networkInterfaces())
    .flat()
    .find((i) => i.family === 'IPv4' && !i.internal)?.address ?? '127.0.0.1';

async function freePort() {
  const socket = dgram.createSocket('udp4').bind(0);
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

async function startTurn(folder) {
  const [ip, port] = [address(), await freePort()];
  const child = spawn(
    'turnserver',
    ['-c', path.join(folder, 'none.conf'), '--listening-ip', ip, '--relay-ip', ip, '--listening-port', String(port),
      '--use-auth-secret', '--static-auth-secret', SECRET, '--realm', 'test', '--no-tls', '--no-dtls', '--no-cli',
      '--allow-loopback-peers', '--log-file', 'stdout', '--pidfile', path.join(folder, 'pid'),
      '--userdb', path.join(folder, 'db'), '-m', '1', '-v'],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let log = '';
  await new Promise((resolve, reject) => {
    const take = (chunk) => /UDP listener opened on/.test((log += chunk)) && resolve();
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('exit', () => reject(new Error(`turnserver ended:\n${log}`)));
    child.on('error', reject);
  });
  return { url: `turn:${ip}:${port}`, child, log: () => log };
}

/** A person in a process of its own, as @roamhq/wrtc now and then crashes on its way out. */
async function person(host, room) {
  const { default: wrtc } = await import('@roamhq/wrtc');
  const me = await enter({ ws: `ws://${host}` }, room, 'anna', 'client');
  const orb =
    me.discovery.peers.find((p) => p.participantType === 'ai')?.userId ??
    (await me.next((m) => m.type === 'user-joined' && m.participantType === 'ai')).userId;
  const pc = new wrtc.RTCPeerConnection();
  let frames = 0;
  pc.addTransceiver('audio', { direction: 'recvonly' });
  pc.addTransceiver('video', { direction: 'recvonly' });
  pc.ontrack = ({ track }) => {
    if (track.kind === 'video') {
      new wrtc.nonstandard.RTCVideoSink(track).onframe = () => {
        if (++frames === 5) {
          report();
        }
      };
    }
  };
  pc.onicecandidate = ({ candidate }) => candidate && me.send({ type: 'ice-candidate', toId: orb, candidate });
  const kinds = new Set();
  const note = (line) => kinds.add(/ typ (\w+)/.exec(line)?.[1]);
  async function report() {
    const stats = [...(await pc.getStats()).values()];
    const pair = stats.find((s) => s.type === 'candidate-pair' && s.nominated && s.state === 'succeeded');
    const remote = stats.find((s) => s.id === pair?.remoteCandidateId);
    process.send({ kinds: [...kinds], remote: remote?.candidateType, state: pc.connectionState });
  }
  await pc.setLocalDescription(await pc.createOffer());
  me.send({ type: 'offer', toId: orb, offer: { type: 'offer', sdp: pc.localDescription.sdp } });
  const { answer } = await me.next('answer');
  for (const line of answer.sdp.split('\r\n').filter((l) => l.startsWith('a=candidate:'))) {
    note(line);
  }
  await pc.setRemoteDescription(answer);
  for (;;) {
    const { candidate } = await me.next('ice-candidate');
    if (candidate.candidate) {
      note(candidate.candidate);
      await pc.addIceCandidate(candidate);
    }
  }
}

if (process.argv[2] === 'person') {
  await person(process.argv[3], process.argv[4]);
} else {
  test('a person sees the orb through the TURN server alone', { timeout: 2 * DEADLINE_MS }, async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tricall-turn-'));
    const turn = await startTurn(folder);
    const server = await startServer({
      env: {
        TURN_URLS: `turns:nowhere.invalid,${turn.url}?transport=udp`,
        TURN_SECRET: SECRET,
        ORB_RELAY_ONLY: 'true',
        ORB_RECOGNIZER: 'null',
        ORB_SYNTHESIZER: 'null',
      },
    });
    const who = fork(SELF, ['person', server.host, 'relayed'], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    try {
      const seen = await Promise.race([
        once(who, 'message'),
        new Promise((_, reject) => {
          setTimeout(() => reject(new Error(`no picture\n${server.log()}\n${turn.log()}`)), DEADLINE_MS).unref();
        }),
      ]);
      assert.deepEqual(seen[0].kinds, ['relay'], 'the orb told of no address of its own');
      assert.equal(seen[0].state, 'connected');
      // From the network's side the relay's address may be met first by its packets (RFC 8445 section 7.3.1.3).
      assert.ok(['relay', 'prflx'].includes(seen[0].remote), seen[0].remote);
      assert.match(turn.log(), /ALLOCATE processed, success/);
      assert.doesNotMatch(server.log(), new RegExp(SECRET));
    } finally {
      who.kill('SIGKILL');
      await server.stop();
      turn.child.kill('SIGKILL');
      fs.rmSync(folder, { recursive: true, force: true });
    }
  });
}
