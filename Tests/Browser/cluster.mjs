// The cluster on the page of a camera host without a model.
import { createInterface } from 'node:readline';
import { check, checkAccessibility, open, screenshot, until } from './browser.mjs';

const pillIs = text => document.querySelector('[aria-label="Cluster"] .hosts .pill')?.textContent === text;

/** The panel shows the other host with its work, and that it is unreachable once it is killed; in light, dark and on a phone. */
export async function cluster(browser, { address, folder, host }) {
  const findings = [];
  const views = [];
  for (const [name, width, scheme] of [['light', 1280, 'light'], ['dark', 1280, 'dark'], ['phone', 375, 'light']]) {
    views.push([name, await open(browser, `${address}#/device`, { width, scheme })]);
  }
  for (const [name, { page }] of views) {
    await until(page, pillIs, 'up');
    await until(page, () => /model mobilevlm-demo-gate, \d+ frames answered/.test(document.querySelector('[aria-label="Cluster"]')?.innerText));
    const text = await page.locator('[aria-label="Cluster"]').innerText();
    check(text.includes(host), `The panel shows:\n${text}`);
    check(await page.getByText('OpenAI API').isHidden(), 'A host without a model offers the OpenAI API.');
    await look(page, `cluster-${name}`);
  }
  console.log('KILL');
  await new Promise(resolve => createInterface({ input: process.stdin }).once('line', resolve));
  for (const [name, { page }] of views) {
    await until(page, pillIs, 'unreachable');
    await look(page, `cluster-killed-${name}`);
  }
  for (const [, opened] of views) await opened.close();
  check(!findings.length, findings.join('\n'));

  async function look(page, name) {
    const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    if (folder) await screenshot(page, folder, name);
    if (inner > outer) findings.push(`${name} is ${inner} px wide at ${outer} px.`);
    await checkAccessibility(page, name).catch(error => findings.push(error.message));
  }
}
