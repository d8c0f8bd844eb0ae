// What "copy diagnostics" copies: versions, the room without anything anyone said, selected
// statistics of each connection, the log.

import { dump } from './log.js';

const KEPT = {
  'candidate-pair': [
    'state',
    'nominated',
    'currentRoundTripTime',
    'availableOutgoingBitrate',
    'bytesSent',
    'bytesReceived',
  ],
  'inbound-rtp': [
    'kind',
    'packetsReceived',
    'packetsLost',
    'jitter',
    'framesDecoded',
    'framesDropped',
    'freezeCount',
    'concealedSamples',
    'totalSamplesReceived',
    'totalAudioEnergy',
    'jitterBufferDelay',
    'jitterBufferTargetDelay',
    'jitterBufferEmittedCount',
  ],
  'outbound-rtp': [
    'kind',
    'packetsSent',
    'retransmittedPacketsSent',
    'framesEncoded',
    'qualityLimitationReason',
    'nackCount',
    'pliCount',
  ],
  'remote-inbound-rtp': ['kind', 'packetsLost', 'roundTripTime', 'fractionLost'],
};

/**
 * @param {import('./call.js').Call} call
 * @returns {Promise<string>}
 */
export async function diagnose(call) {
  const { state } = call;
  const parts = [
    `tricall diagnostics ${new Date().toISOString()}`,
    navigator.userAgent,
    `role ${state.me.role}, socket ${state.link}, orb ${state.orb.state}/${state.orb.status}, mic ${state.devices.audio}, camera ${state.devices.video}`,
  ];
  for (const peer of call.peers) {
    parts.push(`\n== ${peer.id} (${peer.state}, ${peer.pc.iceConnectionState})`);
    parts.push(...(await statsOf(peer.pc)));
  }
  return [...parts, '\n== log', dump()].join('\n');
}

/** @param {RTCPeerConnection} pc */
async function statsOf(pc) {
  /** @type {string[]} */
  const lines = [];
  const report = await pc.getStats();
  report.forEach((/** @type {any} */ entry) => {
    const fields = KEPT[/** @type {keyof typeof KEPT} */ (entry.type)];
    const idlePair = entry.type === 'candidate-pair' && !entry.nominated;
    if (fields && !idlePair) {
      const values = fields.filter((name) => name in entry).map((name) => `${name}=${entry[name]}`);
      lines.push(`${entry.type} ${values.join(' ')}`);
    }
  });
  return lines;
}
