// The page behind a proxy that shows it below a path, as Home Assistant's ingress does; the proxy is not ours.
import { check, open, until } from './browser.mjs';

/** Pictures, live values, an asked question and the history, without a request outside the path. */
export async function ingress(browser, { address, folder }) {
  const opened = await open(browser, address);
  const { page } = opened;
  const { origin, pathname } = new URL(address);
  const outside = [];
  let requests = 0;
  page.on('request', request => {
    const url = request.url();
    if (!url.startsWith(origin)) return;
    requests++;
    if (!new URL(url).pathname.startsWith(pathname)) outside.push(url);
  });
  await page.reload();
  const person = '[data-camera="gate"] [data-question="person"] .pill';
  await until(page, () => document.querySelector('.picture img')?.complete && document.querySelector('.picture img').naturalWidth > 100);
  await until(page, selector => ['yes', 'no'].includes(document.querySelector(selector)?.textContent), person);
  if (folder) await page.screenshot({ path: `${folder}/ingress.png` });

  // Values change without a reload: they come over the stream of events.
  const score = '[data-camera="gate"] [data-question="person"] .score';
  const before = await page.locator(score).innerText();
  await until(page, ([selector, text]) => document.querySelector(selector)?.textContent !== text, [score, before]);

  await page.getByRole('link', { name: 'Ask' }).click();
  await page.getByLabel('Question').fill('Is it night?');
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
  await until(page, () => ['yes', 'no'].includes(document.querySelector('.answer .value')?.textContent));

  // Links are followed by clicks, so that a wrong one is found.
  await page.goto(`${address}#/events`);
  const event = page.locator('tbody a[href^="#/event/"]').last();
  await event.waitFor();
  await event.click();
  await until(page, () => location.hash.startsWith('#/event/'));
  await until(page, () => document.querySelector('img.still')?.complete && document.querySelector('img.still').naturalWidth > 100);
  await page.getByRole('link', { name: 'Timeline' }).click();
  await until(page, () => document.querySelector('.timeline .line')?.getAttribute('d').length > 8);
  const table = await page.evaluate(() => document.querySelector('a[href$="format=csv"]').href);
  check(table.startsWith(address), `The link to the table leaves the path: ${table}`);
  check(/^time,camera,question,/.test(await page.evaluate(async it => (await fetch(it)).text(), table)), 'The table is none.');
  check(outside.length === 0, `Requests left the path: ${outside.join(', ')}`);
  await opened.close();
  return `${requests} requests, all below ${pathname}`;
}
