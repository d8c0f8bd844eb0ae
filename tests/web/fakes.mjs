// Fakes for the modules of web/lib: a clock moved by hand, a WebSocket and an RTCPeerConnection.

// Node 18 has no global CustomEvent.
globalThis.CustomEvent ??= class extends Event {
  constructor(type, init = {}) {
    super(type, init);
    this.detail = init.detail ?? null;
  }
};

export class FakeClock {
  #now = 1_000_000;
  #timers = new Map();
  #next = 1;

  now = () => this.#now;
  setTimeout = (fn, ms) => {
    this.#timers.set(this.#next, { at: this.#now + ms, fn });
    return this.#next++;
  };
  clearTimeout = (id) => this.#timers.delete(id);

  get pending() {
    return this.#timers.size;
  }

  advance(ms) {
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#timers]
        .filter(([, timer]) => timer.at <= end)
        .sort((a, b) => a[1].at - b[1].at)[0];
      if (!due) {
        break;
      }
      this.#timers.delete(due[0]);
      this.#now = due[1].at;
      due[1].fn();
    }
    this.#now = end;
  }
}

export class FakeSocket {
  static all = [];

  constructor(url) {
    this.url = url;
    this.sent = [];
    this.closedWith = null;
    this.readyState = 0;
    FakeSocket.all.push(this);
  }

  static get last() {
    return FakeSocket.all.at(-1);
  }

  send(text) {
    if (this.readyState !== 1) {
      throw new Error('sent into a socket that is not open');
    }
    this.sent.push(JSON.parse(text));
  }

  close(code = 1005) {
    this.readyState = 2;
    this.closedWith = code;
  }

  // What the network does:
  opens() {
    this.readyState = 1;
    this.onopen?.({});
  }

  says(message) {
    this.onmessage?.({ data: typeof message === 'string' ? message : JSON.stringify(message) });
  }

  /** The server's close frame came; the close event follows. */
  closing() {
    this.readyState = 2;
  }

  closes(code = 1006, reason = '') {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }

  types() {
    return this.sent.map((message) => message.type);
  }
}

export class FakeStream {
  #tracks = [];
  getTracks = () => [...this.#tracks];
  addTrack = (track) => this.#tracks.push(track);
  removeTrack = (track) => (this.#tracks = this.#tracks.filter((each) => each !== track));
}

export const track = (kind) => ({ kind, enabled: true, stop() {} });

/** Signaling states, rollback and negotiationneeded as in w3c/webrtc-pc; no media. */
export class FakeConnection {
  signalingState = 'stable';
  connectionState = 'new';
  localDescription = null;
  remoteDescription = null;
  currentRemoteDescription = null; // the last that both agreed on
  candidates = [];
  refuseCandidates = false;
  closed = false;
  ufrag = 1;
  #transceivers = [];
  #needed = false;
  #serial = 0;

  getTransceivers() {
    return [...this.#transceivers];
  }

  addTransceiver(trackOrKind, { direction }) {
    const real = typeof trackOrKind === 'string' ? null : trackOrKind;
    const made = this.#make(real?.kind ?? trackOrKind, direction, null, real);
    this.#need();
    return made;
  }

  restartIce() {
    this.ufrag += 1;
    this.#need();
  }

  async setLocalDescription() {
    await Promise.resolve();
    this.#assertOpen();
    const type = this.signalingState === 'have-remote-offer' ? 'answer' : 'offer';
    if (type === 'offer') {
      this.#transceivers.forEach((each, index) => (each.mid ??= String(index)));
      this.#needed = false;
    }
    const media = this.#transceivers.map(({ kind, direction }) => ({ kind, direction }));
    this.localDescription = {
      type,
      sdp: JSON.stringify({ serial: this.#serial++, ufrag: this.ufrag, media }),
    };
    this.#becomes(type === 'offer' ? 'have-local-offer' : 'stable');
  }

  async setRemoteDescription(description) {
    await Promise.resolve();
    this.#assertOpen();
    if (description.type === 'answer') {
      if (this.signalingState !== 'have-local-offer') {
        throw new Error(`answer in ${this.signalingState}`);
      }
      this.remoteDescription = this.currentRemoteDescription = description;
      this.#becomes('stable');
      return;
    }
    if (this.signalingState === 'have-local-offer') {
      this.#needed = true; // rolled back: what we wanted to change is still to be agreed
    }
    this.remoteDescription = description;
    JSON.parse(description.sdp).media.forEach(({ kind }, index) => {
      if (!this.#transceivers.some((each) => each.kind === kind)) {
        this.#make(kind, 'recvonly', String(index), null);
      }
    });
    this.signalingState = 'have-remote-offer';
  }

  async addIceCandidate(candidate) {
    if (this.refuseCandidates) {
      throw new Error('Unknown ufrag');
    }
    this.candidates.push(candidate);
  }

  close() {
    this.closed = true;
    this.signalingState = 'closed';
  }

  /** As the network would. */
  goes(connectionState) {
    this.connectionState = connectionState;
    this.onconnectionstatechange?.();
  }

  directions() {
    return Object.fromEntries(this.#transceivers.map(({ kind, direction }) => [kind, direction]));
  }

  #make(kind, direction, mid, sent) {
    const need = () => this.#need();
    const sender = { track: sent, replaceTrack: async (next) => void (sender.track = next) };
    const made = {
      kind,
      mid,
      sender,
      receiver: { track: { kind } },
      currentDirection: null,
      get direction() {
        return direction;
      },
      set direction(next) {
        direction = next;
        need();
      },
    };
    this.#transceivers.push(made);
    return made;
  }

  #need() {
    this.#needed = true;
    queueMicrotask(() => this.#maybeNegotiate());
  }

  #becomes(state) {
    this.signalingState = state;
    if (state === 'stable') {
      queueMicrotask(() => this.#maybeNegotiate());
    }
  }

  #maybeNegotiate() {
    if (this.#needed && this.signalingState === 'stable') {
      this.#needed = false;
      this.onnegotiationneeded?.();
    }
  }

  #assertOpen() {
    if (this.closed) {
      throw new Error('closed');
    }
  }
}

/** Lets everything that only waits for promises happen. */
export const settle = () => new Promise((resolve) => setImmediate(resolve));
