// Signs in without leaving the page on a wrong password. Without scripts the form does it alone.

import { explainRefusal, safeReturn } from '../lib/sign-in.js';

const form = /** @type {HTMLFormElement} */ (document.getElementById('sign-in'));
const message = /** @type {HTMLElement} */ (document.getElementById('wrong'));
const why = /** @type {HTMLElement} */ (document.getElementById('why'));
const button = /** @type {HTMLButtonElement} */ (form.querySelector('button'));
const email = /** @type {HTMLInputElement} */ (document.getElementById('email'));
const password = /** @type {HTMLInputElement} */ (document.getElementById('password'));

const query = new URLSearchParams(location.search);
const goTo = safeReturn(
  query.get('return') ?? (location.pathname.startsWith('/room/') ? location.pathname : null),
);
/** @type {HTMLInputElement} */ (form.elements.namedItem('return')).value = goTo;

// Whoever comes from a room may be a guest whose invitation has run out.
/** @type {HTMLElement} */ (document.getElementById('by-link')).hidden = !goTo.startsWith('/room/');

/** @param {string} words */
function refuse(words) {
  why.textContent = words;
  message.classList.add('shown');
  email.setAttribute('aria-invalid', 'true');
  password.setAttribute('aria-invalid', 'true');
  password.value = '';
  password.focus();
}

/** @param {URLSearchParams} body */
async function signIn(body) {
  try {
    const response = await fetch('/sign-in', {
      method: 'POST',
      body,
      headers: { Accept: 'application/json' },
      credentials: 'same-origin',
    });
    // A refusal may come as a status, or as the redirect that serves pages without scripts.
    const refused = new URL(response.url).searchParams.has('error') || response.url.endsWith('#wrong');
    return response.ok && refused ? 401 : response.status;
  } catch {
    return 0;
  }
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  button.disabled = true;
  button.textContent = 'Signing in…';
  const fields = /** @type {any} */ (new FormData(form));
  const status = await signIn(new URLSearchParams(fields));
  if (status >= 200 && status < 300) {
    location.assign(goTo);
    return;
  }
  button.disabled = false;
  button.textContent = 'Sign in';
  refuse(explainRefusal(status));
});

if (query.has('error')) {
  refuse(explainRefusal(query.get('error') === 'busy' ? 429 : 401));
}
