// A session's record as the API tells it, in the shapes the room's pages show. Pure.

/** @typedef {import('./room-state.js').Utterance} Utterance */

/**
 * @typedef {object} SessionRecord
 * @property {string} id
 * @property {{ keyTopics?: unknown, progress?: unknown, recommendations?: unknown } | null} summary
 * @property {{ utteranceId: string, userId: string, text: string, startMs: number, endMs: number }[]} transcript
 */

/**
 * What was said before this page came, and what it kept itself over a reload.
 * @param {Utterance[]} kept
 * @param {SessionRecord | null} session
 * @returns {Utterance[]} oldest first
 */
export function withEarlier(kept, session) {
  const stored = (session?.transcript ?? []).map(({ utteranceId, userId, text, startMs, endMs }) => {
    return { id: `${userId}/${utteranceId}`, userId, text, final: true, startMs, endMs, at: 0 };
  });
  const known = new Set(stored.map(({ id }) => id));
  const more = kept.filter(({ id }) => !known.has(id));
  return [...stored, ...more].sort((a, b) => a.startMs - b.startMs);
}

const HEADINGS = /** @type {const} */ ([
  ['keyTopics', 'What it was about'],
  ['progress', 'Progress'],
  ['recommendations', 'Recommended'],
]);

/**
 * The parts of a summary that say something. Whoever wrote it may have written a text or a list.
 * @param {SessionRecord['summary']} summary
 * @returns {{ heading: string, lines: string[] }[]}
 */
export function summaryParts(summary) {
  return HEADINGS.map(([key, heading]) => ({ heading, lines: linesOf(summary?.[key]) })).filter(
    ({ lines }) => lines.length > 0,
  );
}

/** @param {unknown} value @returns {string[]} */
function linesOf(value) {
  const all = Array.isArray(value) ? value : [value];
  return all.filter((each) => typeof each === 'string' && each.trim() !== '');
}
