// Chromium for the page tests: two devices that always answer, and a page that reports any console
// error, page error or Content-Security-Policy violation.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  '--allow-loopback-in-peer-connection',
];

// A refused sign-in, a lost socket, and a server that ends are logged by the browser itself.
const UNAVOIDABLE =
  /status of 401|WebSocket connection|ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE|INCOMPLETE_CHUNKED_ENCODING|NETWORK_CHANGED)/;

export function launch({ autoplay = true } = {}) {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  const policy = autoplay ? 'no-user-gesture-required' : 'document-user-activation-required';
  return chromium.launch({
    executablePath,
    timeout: 120_000,
    args: [...FLAGS, `--autoplay-policy=${policy}`],
  });
}

/**
 * A page in a context of its own. `faults` collects what must stay empty; what a test provokes it
 * names in `expected` before it does, since the line may come later than its effect.
 * @param {string | null} who 'coach' or 'client', signed in
 */
export async function openPage(browser, mock, who, { size = { width: 1280, height: 800 }, ...more } = {}) {
  const context = await browser.newContext({ viewport: size, ...more });
  context.setDefaultTimeout(120_000);
  if (who) {
    await context.addCookies([{ name: 'sid', value: who, url: mock.url }]);
  }
  const page = await context.newPage();
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(`page error: ${error.message}`));
  page.on('console', (message) => {
    const text = message.text();
    const expected = UNAVOIDABLE.test(text) || page.expected?.test(text);
    if (message.type() === 'error' && !expected) {
      page.faults.push(`console: ${text}`);
    }
  });
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  return page;
}

/** Accessibility violations, as readable lines. */
export async function axe(page) {
  // Evaluated by the debugger, so that the page's own policy need not allow it.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run(document, { resultTypes: ['violations'] }),
  );
  return violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 120)).join(' | ')}`,
  );
}
