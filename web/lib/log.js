// Named loggers into one ring buffer, which "copy diagnostics" turns into text. Levels as in the C
// code: error = given up on something the user notices, warn = odd but handled, info = one line a
// lifecycle step, debug = messages and candidates. Never tokens, never what people said.

/** @typedef {'error' | 'warn' | 'info' | 'debug'} Level */
/** @typedef {{ at: number, level: Level, name: string, text: string }} Line */

const CAPACITY = 500;
/** @type {Line[]} */
const lines = [];
let echo = false;

/** Also print to the console from now on (`?debug`). */
export function echoToConsole() {
  echo = true;
}

/**
 * @param {string} name
 * @param {Level} level
 * @param {string} text
 */
function write(name, level, text) {
  const line = { at: Date.now(), level, name, text };
  if (lines.push(line) > CAPACITY) {
    lines.shift();
  }
  if (echo) {
    console[level](format(line));
  }
}

/** @param {Line} line */
function format({ at, level, name, text }) {
  return `${new Date(at).toISOString().slice(11, 23)} ${level.padEnd(5)} ${name}: ${text}`;
}

/**
 * @param {string} name for example "peer coach-1"
 */
export function logger(name) {
  return {
    /** @param {string} text */ error: (text) => write(name, 'error', text),
    /** @param {string} text */ warn: (text) => write(name, 'warn', text),
    /** @param {string} text */ info: (text) => write(name, 'info', text),
    /** @param {string} text */ debug: (text) => write(name, 'debug', text),
  };
}

/** @typedef {ReturnType<typeof logger>} Logger */

/** Everything still remembered, oldest first. */
export function dump() {
  return lines.map(format).join('\n');
}
