// Who is speaking, from levels: quick to light up, slow to go dark. Pure.

const ON_ABOVE = 0.02;
const HOLD_MS = 500;

/** @typedef {{ speaking: boolean, level: number, lastLoud: number }} Voice */

/** @returns {Voice} */
export function silentVoice() {
  return { speaking: false, level: 0, lastLoud: -Infinity };
}

/**
 * @param {Voice} voice
 * @param {number} level 0 to 1, linear
 * @param {number} now
 * @returns {Voice}
 */
export function hear(voice, level, now) {
  const loud = level > ON_ABOVE;
  const lastLoud = loud ? now : voice.lastLoud;
  // Falls gently, so that a ring breathes instead of flickering.
  const shown = Math.max(Math.min(1, Math.sqrt(level) * 1.6), voice.level * 0.8);
  return { speaking: now - lastLoud < HOLD_MS, level: shown < 0.01 ? 0 : shown, lastLoud };
}
