// Thresholds and wordings are tried on the past, and a picture is explained.
import { check, checkAccessibility, open, PATIENCE, screenshot, until } from './browser.mjs';

/** A threshold in the timeline is dragged and moved by keys, and the text says what it would have done. */
export async function threshold(browser, { address }) {
  const opened = await open(browser, `${address}#/history/gate/person`);
  const { page } = opened;
  await until(page, () => /With its thresholds.*alarm/.test(document.querySelector('.whatif')?.textContent));
  const yes = page.getByRole('slider', { name: 'Yes from this score' });
  await yes.focus();
  await page.keyboard.press('PageUp');
  await page.keyboard.press('ArrowUp');
  await until(page, () => /With yes from 71 % and no up to 40 %: \d+ alarms?/.test(document.querySelector('.whatif')?.textContent));
  check(await yes.getAttribute('aria-valuenow') === '71', 'The keys did not move the threshold.');

  // The grip of the lower line is dragged to the bottom of the chart.
  const grip = await page.locator('.threshold-line .grip').first().boundingBox();
  await page.mouse.move(grip.x + grip.width / 2, grip.y + grip.height / 2);
  await page.mouse.down();
  await page.mouse.move(grip.x + grip.width / 2, grip.y + 20, { steps: 4 });
  await page.mouse.up();
  await until(page, () => /no up to (?:[12]?\d|3[0-8]) %/.test(document.querySelector('.whatif')?.textContent));
  await page.getByRole('button', { name: 'Back', exact: true }).click();
  await until(page, () => /With its thresholds/.test(document.querySelector('.whatif')?.textContent));
  await opened.close();
}

/** Two wordings are tried on stored frames; a threshold of the histogram changes the counts, and one is saved as a new question. */
export async function tryout(browser, { address }) {
  const opened = await open(browser, `${address}#/tryout/gate/person`);
  const { page } = opened;
  await page.locator('.wording').nth(1).getByLabel('Question').fill('Can you see a person?');
  await page.getByRole('button', { name: 'Start' }).click();
  await until(page, () => /of \d+ stored ones asked in/.test(document.getElementById('main').textContent));
  check(await page.locator('.find img').count() >= 1, 'No frame is shown.');
  const scores = await page.locator('.find strong').allInnerTexts();
  check(scores.every((it, i) => i === 0 || parseInt(it) <= parseInt(scores[i - 1])), `The frames are not sorted by score: ${scores}`);
  await page.getByRole('button', { name: 'Can you see a person?' }).click();
  await until(page, () => document.querySelector('[aria-pressed="true"]')?.textContent === 'Can you see a person?');
  await page.getByRole('slider', { name: 'Yes from this score' }).focus();
  await page.keyboard.press('End');
  await until(page, () => /changes? of the state and \d+ alarms? with yes from 100 %/.test(document.getElementById('main').textContent));
  await page.getByLabel('Save as').fill('somebody');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('somebody is asked like this from now on.').waitFor();
  const saved = (await (await fetch(`${address}api/v1/cameras/gate/questions`)).json()).find(it => it.id === 'somebody');
  check(saved?.Ask === 'Can you see a person?' && saved.YesAbove === 1, `What was saved: ${JSON.stringify(saved)}`);
  await fetch(`${address}api/v1/cameras/gate/questions/somebody`, { method: 'DELETE' });
  await opened.close();
}

/** The parts of the newest picture that carry an answer are painted over it. */
export async function why(browser, { address }) {
  const opened = await open(browser, `${address}#/why/gate/person`);
  const { page } = opened;
  const isPainted = () => page.evaluate(() => {
    const canvas = document.querySelector('canvas');
    return canvas.width > 0 && canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(it => it > 0);
  });

  // In an empty yard no part changes the answer, so the next picture is tried.
  let painted = false;
  for (const end = Date.now() + PATIENCE; !painted && Date.now() < end;) {
    await explain(page);
    painted = await isPainted();
  }

  check(painted, 'Nothing is painted over the picture.');
  await opened.close();
}

/** The views of the past in light and dark and at phone width. */
export async function pastViews(browser, { address, folder }) {
  const findings = [];
  for (const [name, size] of [['light', {}], ['dark', { scheme: 'dark' }], ['phone', { width: 360, height: 740 }]]) {
    const opened = await open(browser, `${address}#/history/gate/person`, size);
    const { page } = opened;
    await until(page, () => /alarm/.test(document.querySelector('.whatif')?.textContent));
    await look('whatif');
    await page.goto(`${address}#/tryout/gate/person`);
    await until(page, () => document.querySelectorAll('.find').length > 0);
    await look('tryout');
    await page.goto(`${address}#/why/gate/person`);
    await explain(page);
    await look('why');
    const gap = await page.evaluate(() => document.querySelector('main > .hint').nextElementSibling.getBoundingClientRect().top - document.querySelector('main > .hint').getBoundingClientRect().bottom);
    if (gap < 8) findings.push(`The hint is ${gap} px above the card.`);
    await page.goto(`${address}#/events`);
    await until(page, () => document.querySelectorAll('tbody tr').length > 0);

    // As rows of other days and of cameras with longer names are.
    const broken = await page.evaluate(() => {
      for (const it of document.querySelectorAll('td time')) it.textContent = '12/31/2026 11:59:59 PM';
      const names = [...document.querySelectorAll('td:nth-child(2) a')];
      for (const it of names) it.textContent = 'driveway-north';
      return names.filter(it => it.getClientRects().length > 1).length;
    });
    if (broken) findings.push(`${broken} names of cameras are broken (${name}).`);
    await look('events');
    await page.goto(`${address}#/history/gate/person/2026-01-01T10:00:00Z/2026-01-03T10:00:00Z`);
    await until(page, () => /\d [\d:]+.* to \S*3\S* [\d:]+/.test(document.querySelector('.stack > .hint')?.textContent));
    await opened.close();

    async function look(view) {
      const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
      await screenshot(page, folder, `${view}-${name}`);
      if (inner > outer) findings.push(`${view} is ${inner} px wide at ${outer} px.`);
      await checkAccessibility(page, `${view}, ${name}`).catch(error => findings.push(error.message));
    }
  }
  check(!findings.length, findings.join('\n'));
}

async function explain(page) {
  await page.getByRole('button', { name: 'Find out' }).click();
  await until(page, () => !/changes it by/.test(document.querySelector('form [role="status"]')?.textContent));
  await until(page, () => /changes it by/.test(document.querySelector('form [role="status"]')?.textContent));
}
