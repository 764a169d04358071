// Opens the page in headless Chromium and watches what a page must never do: break its own content policy, ask another host,
// or fail.
import { chromium } from 'playwright-core';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Longer than anything takes on a loaded machine. */
export const PATIENCE = 60_000;

export async function withBrowser(executable, action) {
  const browser = await chromium.launch({
    executablePath: executable,
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
  });
  try {
    return await action(browser);
  } finally {
    await browser.close();
  }
}

/** Opens an address in a new context. "expected" are errors of the console that the scenario causes on purpose; "prepare" is called
 *  before anything is loaded. */
export async function open(browser, address, { width = 1280, height = 900, scheme = 'light', expected = [], prepare } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, reducedMotion: 'reduce' });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const found = [];
  const host = new URL(address).host;
  page.on('request', request => {
    const target = new URL(request.url());
    if (!['blob:', 'data:'].includes(target.protocol) && target.host !== host) found.push(`a request to ${request.url()}`);
  });
  page.on('pageerror', error => found.push(`an exception: ${error.stack ?? error}`));
  page.on('console', message => {
    const text = message.text();
    if (/Content Security Policy|TrustedHTML|TrustedScript/i.test(text) || (message.type() === 'error' && !expected.some(it => it.test(text)))) {
      found.push(`the console: ${text} ${message.location().url}`);
    }
  });
  await page.exposeFunction('reportViolation', text => found.push(`a violation of the content policy: ${text}`));
  await page.addInitScript(() => document.addEventListener('securitypolicyviolation', event =>
    window.reportViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`)));
  await prepare?.(page);
  await page.goto(address);
  return {
    page,
    context,
    /** Fails if the page did what it must not do. */
    async close() {
      await context.close();
      if (found.length) throw new Error(`The page did what it must not:\n${found.join('\n')}`);
    },
  };
}

/** Fails with the serious findings of axe about what is shown now. */
export async function checkAccessibility(page, where) {
  // In a world of its own: the page's policy forbids the markup that axe writes while it measures.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  const serious = violations.filter(it => it.impact === 'serious' || it.impact === 'critical');
  if (serious.length) {
    throw new Error(`axe-core, ${where}:\n${serious.map(it => `${it.id} (${it.impact}): ${it.help}\n${it.nodes.slice(0, 4).map(node => `  ${node.html}\n  ${node.failureSummary}`).join('\n')}`).join('\n')}`);
  }
}

export function check(condition, what) {
  if (!condition) throw new Error(what);
}

/** Waits until a condition of the page is true, with its argument. */
export const until = (page, condition, argument) => page.waitForFunction(condition, argument, { timeout: PATIENCE, polling: 50 });

/** A file of the folder for screenshots, whole page. */
export async function screenshot(page, folder, name) {
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
}
