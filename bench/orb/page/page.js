// One person's page: connects to the orb of ?room= again and again, and measures what it sees and hears.
const ROOM = new URLSearchParams(location.search).get('room');
const bench = (window.bench = { tones: [], onsets: [] });

const context = new AudioContext({ sampleRate: 48000, latencyHint: 0 });
await context.audioWorklet.addModule('sound.js');
await context.resume();
const tone = new AudioWorkletNode(context, 'tone', { numberOfInputs: 0, outputChannelCount: [1] });
const onset = new AudioWorkletNode(context, 'onset', { numberOfOutputs: 0 });
tone.port.onmessage = ({ data }) => bench.tones.push(data.t);
onset.port.onmessage = ({ data }) => bench.onsets.push(data.t);
const microphone = new MediaStreamAudioDestinationNode(context, { channelCount: 1 });
tone.connect(microphone);
// Without the permission Chromium tells only .local names as its addresses; its own sound is not used.
await navigator.mediaDevices.getUserMedia({ audio: true });

const firstFrame = async (track) => {
  const reader = new MediaStreamTrackProcessor({ track: track.clone() }).readable.getReader();
  const { value } = await reader.read();
  const at = performance.now();
  value.close();
  await reader.cancel();
  return at;
};

function signal(id) {
  const socket = new WebSocket(`ws://${location.host}/ws-simple/${ROOM}`);
  const send = (message) => socket.send(JSON.stringify(message));
  socket.onopen = () =>
    send({
      type: 'join',
      roomId: ROOM,
      userId: id,
      userRole: 'client',
      userName: id,
      participantType: 'human',
    });
  return { socket, send };
}

/** Joins as `id` and connects. ms since the offer was sent: { answered, connected, frame }. */
bench.connect = (id) =>
  new Promise((resolve, reject) => {
    const { socket, send } = signal(id);
    const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    const times = {};
    let offered = 0;
    let orb = '';
    const note = (name, at) => {
      times[name] ??= at - offered;
      if ('connected' in times && 'frame' in times) {
        resolve(times);
      }
    };
    bench.leave = () => {
      send({ type: 'leave' });
      pc.close();
      socket.close();
    };
    bench.stats = async () => [...(await pc.getStats()).values()];
    setTimeout(() => reject(new Error(`${id}: ${pc.connectionState}, ${JSON.stringify(times)}`)), 15_000);
    pc.addTrack(microphone.stream.getAudioTracks()[0], microphone.stream);
    pc.addTransceiver('video', { direction: 'recvonly' });
    pc.onicecandidate = ({ candidate }) => candidate && send({ type: 'ice-candidate', candidate, toId: orb });
    pc.onconnectionstatechange = () =>
      pc.connectionState === 'connected' && note('connected', performance.now());
    pc.ontrack = async ({ track }) => {
      if (track.kind === 'video') {
        document.getElementById('video').srcObject = new MediaStream([track]);
        note('frame', await firstFrame(track));
      } else {
        // A remote stream reaches WebAudio only while an element plays it.
        document.getElementById('audio').srcObject = new MediaStream([track]);
        context.createMediaStreamSource(new MediaStream([track])).connect(onset);
      }
    };
    const early = [];
    socket.onmessage = async ({ data }) => {
      const message = JSON.parse(data);
      if (message.type === 'peer-discovery') {
        orb = message.peers.find((peer) => peer.participantType === 'ai').userId;
        const offer = await pc.createOffer();
        const local = pc.setLocalDescription(offer);
        offered = performance.now();
        send({ type: 'offer', offer: { type: 'offer', sdp: offer.sdp }, toId: orb });
        await local;
      } else if (message.type === 'answer') {
        note('answered', performance.now());
        await pc.setRemoteDescription(message.answer);
        early.splice(0).forEach((candidate) => pc.addIceCandidate(candidate));
      } else if (message.type === 'ice-candidate') {
        if (pc.remoteDescription) {
          await pc.addIceCandidate(message.candidate);
        } else {
          early.push(message.candidate);
        }
      }
    };
  });

bench.beep = (ms) => tone.port.postMessage(ms);
bench.take = () => ({ tones: bench.tones.splice(0), onsets: bench.onsets.splice(0) });
bench.ready = true;
