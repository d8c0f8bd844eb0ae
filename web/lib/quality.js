// What the browser measures of each connection (getStats), told to the server every 10 s, when it is
// known how an attempt ended, and at the end. No DOM. Only figures: no addresses, nothing anyone said.

import { wallClock } from './signaling.js';
import { logger } from './log.js';

/** @typedef {import('./peer.js').Peer} Peer */
/**
 * One connection as the server takes it (docs/openapi.yaml, Connection).
 * @typedef {{ id: string, peer: 'human' | 'orb', state: 'connecting' | 'connected' | 'failed' | 'closed', outcome?: 'connected' | 'failed', connectMs?: number, path?: string, rttMs?: number, jitterMs?: number, loss?: number, concealed?: number, freezes?: number }} Report
 */
/** @typedef {{ lost: number, received: number, concealed: number, samples: number, freezes: number }} Sums */
/** @typedef {{ path?: string, rttMs?: number, jitterMs?: number, loss?: number, concealed?: number, freezes?: number }} Figures */

const EVERY_MS = 10_000;
const SOON_MS = 500;
const PATHS = ['host', 'srflx', 'prflx', 'relay'];
const MOST = 4; // connections in one report
const log = logger('quality');

/**
 * The figures of a statistics report, those that add up as the difference to the last one.
 * @param {Iterable<any>} stats
 * @param {Sums | null} before
 * @returns {{ figures: Figures, sums: Sums }}
 */
export function measure(stats, before) {
  /** @type {Map<string, any>} */
  const byId = new Map();
  /** @type {Sums} */
  const sums = { lost: 0, received: 0, concealed: 0, samples: 0, freezes: 0 };
  /** @type {Figures} */
  const figures = {};
  for (const entry of stats) {
    byId.set(entry.id, entry);
    if (entry.type === 'inbound-rtp') {
      add(sums, entry);
      if (entry.kind === 'audio' && entry.jitter !== undefined) {
        figures.jitterMs = round(entry.jitter * 1000, 60_000);
      }
    }
  }
  const pair = chosenPair(byId);
  const path = byId.get(pair?.localCandidateId)?.candidateType;
  if (PATHS.includes(path)) {
    figures.path = path;
  }
  if (pair?.currentRoundTripTime !== undefined) {
    figures.rttMs = round(pair.currentRoundTripTime * 1000, 60_000);
  }
  const { lost, received, concealed, samples, freezes } = since(sums, before);
  if (lost + received > 0) {
    figures.loss = share(lost, lost + received);
  }
  if (samples > 0) {
    figures.concealed = share(concealed, samples);
  }
  if (before) {
    figures.freezes = Math.min(freezes, 1000);
  }
  return { figures, sums };
}

/**
 * @param {Sums} sums
 * @param {any} entry inbound-rtp
 */
function add(sums, entry) {
  sums.lost += entry.packetsLost ?? 0;
  sums.received += entry.packetsReceived ?? 0;
  sums.freezes += entry.freezeCount ?? 0;
  // What is made up while nobody sends (silence is not sent) is no loss of sound.
  sums.concealed += (entry.concealedSamples ?? 0) - (entry.silentConcealedSamples ?? 0);
  sums.samples += entry.totalSamplesReceived ?? 0;
}

/** @param {Map<string, any>} byId */
function chosenPair(byId) {
  const all = [...byId.values()];
  const transport = all.find(
    ({ type, selectedCandidatePairId }) => type === 'transport' && selectedCandidatePairId,
  );
  // Firefox has no transport in its statistics.
  return (
    byId.get(transport?.selectedCandidatePairId) ??
    all.find(({ type, selected }) => type === 'candidate-pair' && selected)
  );
}

/**
 * Counters may go back (a late packet was not lost after all; a restart begins anew).
 * @param {Sums} now
 * @param {Sums | null} before
 */
function since(now, before) {
  const names = /** @type {(keyof Sums)[]} */ (Object.keys(now));
  return /** @type {Sums} */ (
    Object.fromEntries(names.map((name) => [name, Math.max(0, now[name] - (before?.[name] ?? 0))]))
  );
}

/**
 * @param {number} part
 * @param {number} whole
 */
function share(part, whole) {
  return Math.min(1, Math.round((part / whole) * 10_000) / 10_000);
}

/**
 * @param {number} value
 * @param {number} most
 */
function round(value, most) {
  return Math.max(0, Math.min(most, Math.round(value * 10) / 10));
}

class Link {
  /** @type {Report['outcome']} */ outcome;
  /** @type {number | undefined} */ connectMs;
  outcomeTold = false;
  failed = false;
  /** @type {Sums | null} */ sums = null;

  /**
   * @param {Peer} peer
   * @param {number} now
   */
  constructor(peer, now) {
    this.peer = peer;
    this.began = now;
  }

  /** @returns {Report['state']} */
  get state() {
    if (this.peer.state === 'closed') {
      return 'closed';
    }
    if (this.failed) {
      return 'failed';
    }
    return this.peer.state === 'connected' ? 'connected' : 'connecting';
  }

  /** @param {number} now */
  settle(now) {
    if (this.peer.state === 'connected') {
      this.failed = false;
      this.connectMs ??= Math.min(now - this.began, 600_000);
      this.outcome ??= 'connected';
    }
  }

  fail() {
    this.failed = true;
    this.outcome ??= 'failed';
  }

  /**
   * @param {Figures} figures
   * @returns {Report}
   */
  report(figures) {
    /** @type {Report} */
    const report = {
      id: this.peer.session,
      peer: this.peer.ai ? 'orb' : 'human',
      state: this.state,
      ...figures,
    };
    if (this.outcome && !this.outcomeTold) {
      report.outcome = this.outcome;
      if (this.connectMs !== undefined) {
        report.connectMs = this.connectMs;
      }
    }
    return report;
  }
}

export class Quality {
  /** @type {Set<Link>} */ #links = new Set();
  /** @type {any} */ #timer;
  #at = 0;
  #ended = false;

  /**
   * @param {object} options
   * @param {EventTarget} options.call emits `peer` (detail: Peer) for each new connection
   * @param {(connections: Report[], last: boolean) => Promise<unknown>} options.send
   * @param {import('./signaling.js').Clock} [options.clock]
   */
  constructor({ call, send, clock = wallClock }) {
    this.send = send;
    this.clock = clock;
    this.onPeer = (/** @type {Event} */ event) => this.#watch(/** @type {CustomEvent} */ (event).detail);
    this.call = call;
    call.addEventListener('peer', this.onPeer);
    this.#later(EVERY_MS);
  }

  /** What is known goes out once more; idempotent. */
  end() {
    if (this.#ended) {
      return;
    }
    this.#ended = true;
    this.clock.clearTimeout(this.#timer);
    this.call.removeEventListener('peer', this.onPeer);
    const links = [...this.#links];
    this.#links.clear();
    this.#send(
      links.map((link) => ({ ...link.report({}), state: 'closed' })),
      links,
      true,
    );
  }

  /** @param {Peer} peer */
  #watch(peer) {
    const link = new Link(peer, this.clock.now());
    this.#links.add(link);
    peer.addEventListener('state', () => {
      const known = link.outcome;
      link.settle(this.clock.now());
      if (link.outcome !== known) {
        this.#later(SOON_MS);
      }
    });
    peer.addEventListener('failed', () => {
      link.fail();
      this.#later(SOON_MS);
    });
  }

  /** @param {number} ms */
  #later(ms) {
    const at = this.clock.now() + ms;
    if (this.#ended || (this.#timer !== undefined && this.#at <= at)) {
      return;
    }
    this.clock.clearTimeout(this.#timer);
    this.#at = at;
    this.#timer = this.clock.setTimeout(() => {
      this.#timer = undefined;
      this.#later(EVERY_MS);
      this.#tell().catch((error) => log.debug(`${error}`));
    }, ms);
  }

  async #tell() {
    const links = [...this.#links].slice(0, MOST);
    const reports = await Promise.all(links.map((link) => this.#measure(link)));
    links.filter(({ state }) => state === 'closed').forEach((link) => this.#links.delete(link));
    await this.#send(reports, links, false);
  }

  /** @param {Link} link */
  async #measure(link) {
    if (link.state !== 'connected') {
      return link.report({});
    }
    const stats = await link.peer.pc.getStats();
    const { figures, sums } = measure(stats.values(), link.sums);
    link.sums = sums;
    return link.report(figures);
  }

  /**
   * @param {Report[]} reports
   * @param {Link[]} links
   * @param {boolean} last
   */
  async #send(reports, links, last) {
    if (reports.length === 0) {
      return;
    }
    try {
      await this.send(reports.slice(0, MOST), last);
      reports.forEach((report, index) => (links[index].outcomeTold ||= report.outcome !== undefined));
    } catch (error) {
      log.debug(`a report was not taken: ${error}`);
    }
  }
}
