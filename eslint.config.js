// The pages and the tests: plain modules, nothing unused, nothing implicit.

const browser = Object.fromEntries(
  (
    'window document navigator location localStorage sessionStorage console fetch setTimeout clearTimeout ' +
    'setInterval clearInterval addEventListener matchMedia customElements HTMLElement HTMLMediaElement HTMLScriptElement HTMLLinkElement Event ' +
    'CustomEvent EventTarget AbortController URL URLSearchParams FormData MediaStream AudioContext AnalyserNode ' +
    'RTCPeerConnection WebSocket EventSource ResizeObserver getComputedStyle Option DOMException'
  )
    .split(' ')
    .map((name) => [name, 'readonly']),
);
const node = Object.fromEntries(
  'process queueMicrotask setImmediate structuredClone'.split(' ').map((name) => [name, 'readonly']),
);

const rules = {
  'no-undef': 'error',
  'no-unused-vars': 'error',
  'no-implicit-globals': 'error',
  'prefer-const': 'error',
  'no-var': 'error',
  eqeqeq: 'error',
  curly: 'error',
  'no-shadow': 'error',
  'no-else-return': 'error',
  'no-unreachable': 'error',
  'no-fallthrough': 'error',
  'no-dupe-keys': 'error',
  'no-self-assign': 'error',
  'no-promise-executor-return': 'off',
  'no-constant-condition': ['error', { checkLoops: false }],
  'no-restricted-syntax': [
    'error',
    { selector: 'ExportDefaultDeclaration', message: 'named exports only (house style)' },
  ],
  'max-lines': ['error', { max: 500 }],
};

const config = [
  { files: ['web/**/*.js'], languageOptions: { globals: browser }, rules },
  { files: ['tests/web/**/*.mjs'], languageOptions: { globals: { ...browser, ...node } }, rules },
];
export { config as default };
