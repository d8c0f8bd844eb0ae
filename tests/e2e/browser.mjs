// A real Chromium with a microphone made of a file, and what a test may ask a page about its call.
import { chromium } from 'playwright-core';

const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
  '--use-fake-device-for-media-stream=fps=15',
  '--use-fake-ui-for-media-stream',
  '--allow-loopback-in-peer-connection',
];

/** One browser: the capture file is a setting of the process, so each person has their own. */
export function browser(microphone, flags = []) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    timeout: 120_000,
    args: [...FLAGS, ...(microphone ? [`--use-file-for-fake-audio-capture=${microphone}`] : []), ...flags],
  });
}

/** Before any page script: remembers every RTCPeerConnection, for getStats. The pages have no hooks of their own. */
export async function watchConnections(context) {
  await context.addInitScript(() => {
    const Real = window.RTCPeerConnection;
    window.testConnections = [];
    window.RTCPeerConnection = class extends Real {
      constructor(...args) {
        super(...args);
        window.testConnections.push(this);
      }
    };
  });
}

/**
 * What each live connection of the page receives: frames decoded, audio energy, and how it is.
 * One row a connection, in the order they were made; `id` is the same as long as it lives.
 */
export function received(page) {
  return page.evaluate(async () => {
    const rows = [];
    for (const [id, pc] of (window.testConnections ?? []).entries()) {
      if (pc.connectionState === 'closed') {
        continue;
      }
      const row = { id, state: pc.connectionState, frames: 0, energy: 0, width: 0, packets: 0, mids: '' };
      for (const report of (await pc.getStats()).values()) {
        if (report.type === 'inbound-rtp' && report.kind === 'video') {
          row.frames += report.framesDecoded ?? 0;
          row.width = report.frameWidth ?? row.width;
        }
        if (report.type === 'inbound-rtp' && report.kind === 'audio') {
          row.energy += report.totalAudioEnergy ?? 0;
          row.packets += report.packetsReceived ?? 0;
        }
      }
      // The orb's pictures are square; a camera's are not.
      row.orb = /a=msid(?:-semantic)?:.*\borb/.test(pc.remoteDescription?.sdp ?? '');
      rows.push(row);
    }
    return rows;
  });
}

/**
 * Asks `probe` until it returns something truthy. What the probe hands to its argument is told when it never does.
 */
export async function until(what, probe, deadlineMs = 120_000) {
  const end = Date.now() + deadlineMs;
  let last;
  const seen = (value) => (last = value);
  for (;;) {
    const result = await probe(seen);
    if (result) {
      return result;
    }
    if (Date.now() > end) {
      const saw = last === undefined ? '' : `\nlast seen: ${JSON.stringify(last)}`;
      throw new Error(`not within ${deadlineMs} ms: ${what}${saw}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
