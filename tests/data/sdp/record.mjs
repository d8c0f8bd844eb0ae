// SPDX-License-Identifier: Apache-2.0
// Records real offers of a Chromium as test vectors: node record.mjs [chromium-binary].
// They change with each browser version; run it again to see what a new one says.
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const here = dirname(fileURLToPath(import.meta.url));

// Runs in the page. Each makes what one kind of page would offer.
const cases = {
  'chromium-mic-cam': async () => {
    const pc = new RTCPeerConnection();
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
    for (const track of stream.getTracks()) pc.addTrack(track, stream);
    const done = new Promise((resolve) => (pc.onicecandidate = (e) => e.candidate || resolve()));
    await pc.setLocalDescription(await pc.createOffer());
    await done;
    return pc.localDescription.sdp;
  },
  'chromium-mic-only': async () => {
    const pc = new RTCPeerConnection();
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    for (const track of stream.getTracks()) pc.addTrack(track, stream);
    return (await pc.createOffer()).sdp;
  },
  'chromium-recvonly': async () => {
    const pc = new RTCPeerConnection();
    pc.addTransceiver('audio', { direction: 'recvonly' });
    pc.addTransceiver('video', { direction: 'recvonly' });
    return (await pc.createOffer()).sdp;
  },
  'chromium-offer-to-receive': async () => {
    const pc = new RTCPeerConnection();
    return (await pc.createOffer({ offerToReceiveAudio: true, offerToReceiveVideo: true })).sdp;
  },
  // The guide's class with neither microphone nor camera: no media section at all.
  'chromium-nothing': async () => (await new RTCPeerConnection().createOffer()).sdp,
  'chromium-data-first': async () => {
    const pc = new RTCPeerConnection();
    pc.createDataChannel('chat');
    await pc.setLocalDescription();
    pc.addTransceiver('audio');
    pc.addTransceiver('video', { direction: 'recvonly' });
    return (await pc.createOffer()).sdp;
  },
  'chromium-data-only': async () => {
    const pc = new RTCPeerConnection();
    pc.createDataChannel('chat');
    return (await pc.createOffer()).sdp;
  },
  'chromium-two-videos': async () => {
    const pc = new RTCPeerConnection();
    pc.addTransceiver('audio');
    pc.addTransceiver('video', { direction: 'sendonly' });
    pc.addTransceiver('video', { direction: 'recvonly' });
    return (await pc.createOffer()).sdp;
  },
  'chromium-video-first': async () => {
    const pc = new RTCPeerConnection();
    pc.addTransceiver('video');
    pc.addTransceiver('audio');
    return (await pc.createOffer()).sdp;
  },
  'chromium-max-bundle': async () => {
    const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    pc.addTransceiver('audio');
    pc.addTransceiver('video', { direction: 'recvonly' });
    return (await pc.createOffer()).sdp;
  },
  // Two pages' worth of negotiation, so that what follows is a true renegotiation.
  'chromium-restart': async () => {
    const [a, b] = [new RTCPeerConnection(), new RTCPeerConnection()];
    a.addTransceiver('audio');
    a.addTransceiver('video', { direction: 'recvonly' });
    await a.setLocalDescription();
    await b.setRemoteDescription(a.localDescription);
    await b.setLocalDescription();
    await a.setRemoteDescription(b.localDescription);
    const first = a.localDescription.sdp;
    const again = (await a.createOffer({ iceRestart: true })).sdp;
    a.addTransceiver('video', { direction: 'sendonly' });
    a.getTransceivers()[1].stop();
    return { '1-first': first, '2-ice': again, '3-stopped-added': (await a.createOffer()).sdp };
  },
  'chromium-answer': async () => {
    const [a, b] = [new RTCPeerConnection(), new RTCPeerConnection()];
    a.addTransceiver('audio');
    a.addTransceiver('video');
    await a.setLocalDescription();
    await b.setRemoteDescription(a.localDescription);
    return (await b.createAnswer()).sdp;
  },
};

const server = createServer((req, res) => {
  res.setHeader('content-type', 'text/html');
  res.end('<!doctype html>');
}).listen(0, '127.0.0.1');
await new Promise((done) => server.once('listening', done));
const browser = await chromium.launch({
  executablePath: process.argv[2] ?? '/usr/bin/chromium',
  args: ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
    '--allow-loopback-in-peer-connection'],
});
const page = await browser.newPage();
await page.goto(`http://127.0.0.1:${server.address().port}/`);
for (const [name, make] of Object.entries(cases)) {
  const got = await page.evaluate(make);
  const all = typeof got === 'string' ? { '': got } : got;
  for (const [step, sdp] of Object.entries(all)) {
    const file = `${name}${step && `-${step}`}.sdp`;
    // Addresses of the machine it was recorded on are nobody's business.
    writeFileSync(join(here, file), sdp.replace(/^(a=candidate:\S+ \d \w+ \d+) \S+/gm, '$1 192.0.2.7')
      .replace(/^c=IN IP4 \S+/gm, 'c=IN IP4 192.0.2.7').replace(/(raddr) \S+/g, '$1 192.0.2.7'));
    console.log(file, sdp.length);
  }
}
await browser.close();
server.close();
