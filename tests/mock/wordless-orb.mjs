// An orb as one might write it after the guide: it joins and ends as told, and knows no `utterance` of the channel.
// What was said it tells as `transcript` (WORDS=transcript), only in its summary (summary), or every way (all). One that
// `stays` does not end when asked. BEATS: it tells figures that often, in ms.
import { WebSocket } from 'ws';

const arg = (name) => process.argv.find((a) => a.startsWith(`--${name}=`))?.slice(name.length + 3);
const [roomId, sessionId, host] = [arg('room'), arg('session'), arg('cpu-host')];
const userId = `ai-${roomId}`;
const words = process.env.WORDS;
const said = [
  { userId: arg('client'), text: 'I slept <badly> & woke up', startMs: 1000, endMs: 2500 },
  { userId, text: 'What woke you?', startMs: 3000, endMs: 4000 },
];

const ws = new WebSocket(`ws://${host}/ws-simple/${roomId}`);
const send = (message) => ws.send(JSON.stringify(message));

function tell() {
  said.forEach((line, index) => {
    const one = { ...line, utteranceId: `u${index}`, roomId };
    if (words === 'all') {
      process.send({ type: 'utterance', ...one, sessionId });
    }
    if (words !== 'summary' && words !== 'stays') {
      send({ type: 'transcript', ...one, text: line.text.slice(0, 6), final: false });
      send({ type: 'transcript', ...one, final: true });
    }
  });
  if (words === 'transcript') {
    send({ type: 'transcript', utteranceId: 'timeless', userId, text: 'Good bye.', final: true });
    send({ type: 'transcript', utteranceId: 'nothing', userId, text: '', final: true, startMs: 0, endMs: 0 });
  }
}

ws.on('open', () => send({ type: 'join', roomId, userId, userRole: 'ai', userName: 'Orb', participantType: 'ai' }));
ws.on('message', (raw) => {
  if (JSON.parse(raw).type === 'peer-discovery') {
    process.send({ type: 'orb_ready', roomId, webrtcStatus: 'connected', participants: [] });
    tell();
    if (process.env.BEATS) {
      setInterval(beat, Number(process.env.BEATS));
    }
  }
});
let beats = 0;
function beat() {
  beats += 1;
  const metrics = { cpu: 12 + (beats % 5), memory: 40 + beats / 10, latency: 40 + (beats % 7), chosen: 12, answers: beats };
  process.send({ type: 'orb_heartbeat', roomId, timestamp: Date.now(), metrics });
}
process.on('message', (message) => {
  if (message.type === 'shutdown_graceful' && words !== 'stays') {
    console.log(`asked to end: ${message.reason}`);
    const summary = { duration: 5000, keyTopics: ['sleep'], progress: 'Good', recommendations: 'Rest' };
    if (words !== 'transcript') {
      summary.transcript = said;
    }
    process.send({ type: 'session_summary', roomId, sessionId, clientId: arg('client'), summary }, () => process.exit(0));
  }
});
