// A tone whose first sample's time is known, and the time of the first loud sample of what is heard.
// Date.now() is the only clock a worklet has; it has 1 ms steps. A render quantum is 2.7 ms.
class Tone extends AudioWorkletProcessor {
  constructor() {
    super();
    this.left = 0;
    this.phase = 0;
    this.port.onmessage = ({ data }) => (this.wanted = data);
  }

  process(inputs, [[out]]) {
    if (this.wanted) {
      this.left = (this.wanted * sampleRate) / 1000;
      this.wanted = 0;
      this.phase = 0;
      this.port.postMessage({ t: Date.now() });
    }
    for (let i = 0; i < out.length; i++) {
      this.phase += (2 * Math.PI * 1000) / sampleRate;
      out[i] = this.left-- > 0 ? 0.5 * Math.sin(this.phase) : 0;
    }
    return true;
  }
}

class Onset extends AudioWorkletProcessor {
  constructor() {
    super();
    this.quiet = sampleRate;
  }

  process([[x]]) {
    const at = x ? x.findIndex((sample) => Math.abs(sample) > 0.05) : -1;
    if (at < 0) {
      this.quiet += 128;
    } else {
      if (this.quiet > sampleRate * 0.15) {
        this.port.postMessage({ t: Date.now() + (at * 1000) / sampleRate });
      }
      this.quiet = 0;
    }
    return true;
  }
}

registerProcessor('tone', Tone);
registerProcessor('onset', Onset);
