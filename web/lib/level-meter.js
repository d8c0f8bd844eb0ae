// How loud our own microphone is. One AudioContext, resumed by whoever has a click to offer.

export class LevelMeter {
  /** @type {AudioContext | null} */ #context = null;
  /** @type {MediaStreamAudioSourceNode | null} */ #source = null;
  /** @type {AnalyserNode | null} */ #analyser = null;
  #samples = new Float32Array(512);

  /** @param {MediaStreamTrack | null} track */
  watch(track) {
    this.#source?.disconnect();
    this.#source = null;
    if (!track || !globalThis.AudioContext) {
      return;
    }
    this.#context ??= new AudioContext();
    this.#analyser ??= new AnalyserNode(this.#context, { fftSize: 512 });
    this.#source = this.#context.createMediaStreamSource(new MediaStream([track]));
    this.#source.connect(this.#analyser);
  }

  resume() {
    if (this.#context?.state === 'suspended') {
      this.#context.resume().catch(() => {});
    }
  }

  /** Root mean square of the last 10 ms, 0 to 1. */
  level() {
    if (!this.#source || !this.#analyser) {
      return 0;
    }
    this.#analyser.getFloatTimeDomainData(this.#samples);
    const sum = this.#samples.reduce((total, sample) => total + sample * sample, 0);
    return Math.sqrt(sum / this.#samples.length);
  }

  close() {
    this.#source?.disconnect();
    this.#context?.close().catch(() => {});
    this.#context = null;
    this.#source = null;
    this.#analyser = null;
  }
}
