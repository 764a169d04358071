// What a user does on the page, each with a real service behind it. Every scenario fails with an Error that says what was missing.
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { check, checkAccessibility, open, PATIENCE, screenshot, until } from './browser.mjs';
import { proxyAt } from './proxy.mjs';

export { cluster } from './cluster.mjs';
export { ingress } from './ingress.mjs';
export { pastViews, threshold, tryout, why } from './past.mjs';

const row = question => `[data-camera="gate"] [data-question="${question}"]`;
const isKnown = selector => {
  const text = document.querySelector(selector)?.textContent;
  return text === 'yes' || text === 'no';
};
const pictureIsShown = () => {
  const image = document.querySelector('.picture img');
  return image?.complete && image.naturalWidth > 100;
};

/** The next change of one of some questions that the service sends, and when. */
async function nextState(address, questions) {
  const stream = await fetch(`${address}api/v1/events/stream`);
  let text = '';
  for await (const part of stream.body.pipeThrough(new TextDecoderStream())) {
    text += part;
    const blocks = text.split('\n\n');
    text = blocks.pop();
    for (const block of blocks) {
      if (!/^event: state$/m.test(block)) continue;
      const change = JSON.parse(/^data: (.*)$/m.exec(block)[1]);
      if (questions.includes(change.question)) return { ...change, at: Date.now() };
    }
  }
  throw new Error('The stream of events ended.');
}

/** The tile shows the picture, states and scores, and a state that changes is there within a second. */
export async function live(browser, { address }) {
  const opened = await open(browser, address);
  const { page } = opened;
  await until(page, pictureIsShown);
  await until(page, isKnown, `${row('person')} .pill`);
  await until(page, selector => /\d+ %/.test(document.querySelector(selector)?.textContent), `${row('person')} .score`);
  await until(page, selector => document.querySelector(selector)?.getAttribute('d')?.length > 8, `${row('person')} .line`);
  check(await page.locator(`${row('person')} .threshold line`).count() >= 1, 'There is no line for the threshold.');

  const first = await page.locator('.picture img').first().getAttribute('src');
  await until(page, src => document.querySelector('.picture img').src !== src, first);

  // Another client of the same stream tells when the service sent a state; the page tells when it showed it.
  await page.evaluate(() => {
    window.shown = [];
    new MutationObserver(changes => {
      for (const { target } of changes) {
        const pill = (target.nodeType === Node.TEXT_NODE ? target.parentElement : target).closest('.pill');
        if (pill) window.shown.push({ question: pill.closest('[data-question]').dataset.question, state: pill.textContent, at: Date.now() });
      }
    }).observe(document.querySelector('[data-camera]'), { childList: true, characterData: true, subtree: true });
  });
  const sent = await nextState(address, ['person', 'gate_open', 'dog', 'smoke']);
  await until(page, it => window.shown.some(shown => shown.question === it.question && shown.state === it.state), sent);
  const waited = Math.min(...(await page.evaluate(() => window.shown))
    .filter(shown => shown.question === sent.question && shown.state === sent.state).map(shown => shown.at - sent.at));
  check(waited < 1000, `A changed state was shown after ${waited} ms.`);

  const requests = [];
  page.on('request', request => requests.push(new URL(request.url()).pathname));
  await until(page, count => performance.now() > count, await page.evaluate(() => performance.now() + 3000));
  // A picture is also loaded from its blob, whose path is a whole address.
  const polls = requests.filter(it => it.startsWith('/') && !it.endsWith('snapshot.jpg')).length;
  check(polls <= 3, `The page polls: ${requests.join(', ')}`);
  await opened.close();
  return `a changed state was shown after ${waited.toFixed(0)} ms`;
}

/** All questions of a camera, their chart, latency and reasons; ages count up. */
export async function camera(browser, { address }) {
  const opened = await open(browser, `${address}#/camera/gate`);
  const { page } = opened;
  const card = '[data-question="person"]';
  await until(page, isKnown, `${card} .pill`);
  await until(page, selector => document.querySelector(selector)?.getAttribute('d')?.length > 8, `${card} .history .line`);
  check(await page.locator(`${card} .history line.limit`).count() === 2, 'The chart of a yes/no question needs two thresholds.');
  await until(page, selector => /Encode.*Prefill.*Decode/s.test(document.querySelector(selector)?.textContent), `${card} .legend`);
  check(await page.locator('[data-question]').count() >= 10, 'Questions are missing.');
  await opened.close();
}

/** A question about the camera and one about a picture file. */
export async function ask(browser, { address, picture }) {
  // The browser reports the refusal of the last file too.
  const opened = await open(browser, `${address}#/ask`, { expected: [/status of 400/] });
  const { page } = opened;
  await page.getByLabel('Question').fill('Is there a person?');
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
  await until(page, () => ['yes', 'no'].includes(document.querySelector('.answer .value')?.textContent));
  check(/Score \d+ %; frame \d+/.test(await page.locator('.answer').innerText()), 'The answer has no score or frame.');

  await page.getByLabel('About').selectOption('');
  await page.getByLabel('Picture').setInputFiles(picture);
  await page.getByLabel('Question').fill('Is it day or night?');
  await page.getByLabel('Answer').selectOption('Choice');
  await page.getByLabel('Choices').fill('It is day.\nIt is night.');
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
  await until(page, () => document.querySelector('.answer .value')?.textContent.startsWith('It is '));
  check(await page.locator('.answer .choices li').count() === 2, 'The scores of the choices are missing.');

  await page.getByLabel('Picture').setInputFiles({ name: 'x.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('no picture') });
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
  await page.getByRole('alert').filter({ hasText: 'picture cannot be used' }).waitFor();
  await opened.close();
}

/** A question is switched off, says so, and on again. */
export async function switchQuestion(browser, { address }) {
  const opened = await open(browser, `${address}#/camera/gate`);
  const { page } = opened;
  const control = page.locator('[data-question="cars"]').getByRole('switch');
  await control.click();
  await until(page, () => document.querySelector('[data-question="cars"] .pill').textContent === 'off');
  check(/switched off/.test(await page.locator('[data-question="cars"] .why:not(.drift)').innerText()), 'The reason is missing.');
  const cameras = await (await fetch(`${address}api/v1/cameras`)).json();
  check(cameras[0].questions.find(it => it.id === 'cars').enabled === false, 'The service still asks the question.');
  await control.focus();
  await page.keyboard.press('Space');
  await until(page, () => document.querySelector('[data-question="cars"] .pill').textContent !== 'off');
  await opened.close();
}

/** A new question is tried, gets a region and a mask by pointer and keyboard, and is saved; then it is changed and deleted. */
export async function edit(browser, { address, folder }) {
  const sent = [];
  const opened = await open(browser, `${address}#/camera/gate/new`);
  const { page } = opened;
  page.on('request', request => {
    if (['PUT', 'DELETE', 'POST'].includes(request.method())) sent.push({ method: request.method(), url: request.url(), body: request.postDataJSON() });
  });
  await page.getByLabel('Name').fill('helmet');
  await page.getByLabel('Question', { exact: true }).fill('Has the person left?');
  await until(page, () => document.querySelector('.caution')?.textContent.includes('neither time nor movement'));
  await screenshot(page, folder, 'editor-caution');
  await checkAccessibility(page, 'editor with a warning');
  await page.getByLabel('Question', { exact: true }).fill('Is there a person?');
  await until(page, () => !document.querySelector('.caution'));
  await page.getByLabel('Every (seconds)').fill('1.5');
  await page.getByLabel('Yes from').fill('0.8');

  const canvas = page.locator('.shapes');
  await until(page, () => document.querySelector('.canvas img')?.naturalWidth > 0);
  const area = await canvas.boundingBox();
  const to = (x, y) => [area.x + x * area.width, area.y + y * area.height];
  await page.mouse.move(...to(0.25, 0.2));
  await page.mouse.down();
  await page.mouse.move(...to(0.6, 0.6), { steps: 4 });
  await page.mouse.move(...to(0.75, 0.8), { steps: 4 });
  await page.mouse.up();
  const region = page.getByRole('textbox', { name: 'Region' });
  const drawn = (await region.inputValue()).split(' ').map(it => it.split(',').map(Number));
  check(drawn.length === 4 && Math.abs(drawn[0][0] - 0.25) < 0.02 && Math.abs(drawn[2][1] - 0.8) < 0.02, `The region is ${await region.inputValue()}.`);
  const before = await region.inputValue();
  await page.locator('.corner').first().focus();
  await page.keyboard.press('ArrowLeft');
  check(await region.inputValue() !== before, 'An arrow key did not move the corner.');
  await page.getByRole('button', { name: 'Add a mask' }).click();
  await page.getByRole('textbox', { name: 'Mask 1' }).fill('0,0 0.2,0 0.2,0.2 0,0.2');
  check(await page.locator('.shapes polygon.mask').count() === 1, 'The mask is not drawn.');

  await page.getByRole('button', { name: 'Try it on the current frame' }).click();
  await until(page, () => ['yes', 'no'].includes(document.querySelector('.answer .value')?.textContent));
  const tried = sent.find(it => it.url.endsWith('/ask')).body.questions[0];
  check(tried.region === await region.inputValue() && tried.mask.length === 1, 'The preview was asked without region or mask.');
  await screenshot(page, folder, 'editor-light');
  await checkAccessibility(page, 'editor');

  await page.getByRole('button', { name: 'Create' }).click();
  await until(page, () => location.hash === '#/camera/gate');
  const put = sent.find(it => it.method === 'PUT');
  check(put.url.endsWith('/questions/helmet') && put.body.Ask === 'Is there a person?' && put.body.Every === '00:00:01.500' && put.body.YesAbove === 0.8
    && put.body.Region && put.body.Mask.length === 1, `What was sent: ${JSON.stringify(put)}`);
  await until(page, isKnown, '[data-question="helmet"] .pill');

  await page.goto(`${address}#/camera/gate/edit/helmet`);
  await page.getByLabel('No up to').fill('0.3');
  await page.getByRole('button', { name: 'Save' }).click();
  await until(page, () => location.hash === '#/camera/gate');
  check(sent.filter(it => it.method === 'PUT').at(-1).body.NoBelow === 0.3, 'The change was not sent.');
  await page.goto(`${address}#/camera/gate/edit/helmet`);
  page.on('dialog', dialog => dialog.accept());
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await until(page, () => location.hash === '#/camera/gate');
  check(sent.at(-1).method === 'DELETE', 'The deletion was not sent.');
  await until(page, () => !document.querySelector('[data-question="helmet"]'));
  await opened.close();
}

/** The mode is changed, which skips a question, and changed back; events are snoozed. */
export async function mode(browser, { address }) {
  const read = async path => (await fetch(`${address}api/v1/${path}`)).json();
  const person = async () => (await read('cameras'))[0].questions.find(it => it.id === 'person');
  const opened = await open(browser, address);
  const { page } = opened;
  check(await page.getByLabel('Mode').inputValue() === 'home', 'The mode is not the initial one.');
  await page.getByLabel('Mode').selectOption('away');
  await page.getByText('The mode is now away.').waitFor();
  check((await read('modes')).current === 'away', 'The mode of the service has not changed.');
  await page.locator(row('dog')).getByText('The current mode does not ask it.').waitFor();
  await page.getByLabel('Mode').selectOption('home');
  await page.getByText('The mode is now home.').waitFor();
  await until(page, isKnown, `${row('dog')} .pill`);

  await page.goto(`${address}#/camera/gate`);
  await page.getByLabel('Hold back the events of person').selectOption('2');
  await page.getByText('Events are held back until').waitFor();
  const hours = (new Date((await person()).snoozedUntil) - Date.now()) / 3600000;
  check(hours > 1.9 && hours < 2.1, `The snooze ends in ${hours} hours.`);
  await page.getByLabel('Hold back the events of person').selectOption('0');
  await until(page, () => !document.body.innerText.includes('Events are held back until'));
  check((await person()).snoozedUntil === null, 'The snooze has not ended.');
  await opened.close();
}

/** Events come in by themselves, and the device shows model, machine and log. */
export async function device(browser, { address }) {
  const opened = await open(browser, `${address}#/device`);
  const { page } = opened;
  await until(page, () => /CPU; |CPU$/m.test(document.querySelector('[aria-label="Model"]')?.innerText));
  await until(page, () => /processors/.test(document.querySelector('[aria-label="Machine"]')?.innerText));
  await until(page, () => document.querySelector('.log').innerText.includes('watches 1 camera(s)'));
  await page.goto(`${address}#/events`);
  await until(page, () => document.querySelectorAll('tbody tr').length > 0);
  await opened.close();
}

/** An event leads to its picture and is kept and deleted; the timeline shows scores, thresholds and states, and a time in it its picture. */
export async function history(browser, { address }) {
  const opened = await open(browser, `${address}#/events`);
  const { page } = opened;
  const link = 'tbody a[href^="#/event/"]';
  const stillIsShown = () => document.querySelector('img.still')?.complete && document.querySelector('img.still').naturalWidth > 100;
  await page.locator(link).last().waitFor();
  const stored = await (await until(page, async () =>
    (await (await fetch('api/v1/events?question=person')).json()).events.findLast(it => it.snapshot))).jsonValue();
  await page.goto(`${address}#/event/${stored.historyId}`);
  await until(page, stillIsShown);
  await page.getByLabel('Keep').check();
  await until(page, () => /is kept/.test(document.getElementById('toasts').textContent));
  check((await (await fetch(`${address}api/v1/events/${stored.historyId}`)).json()).keep, 'The event is not kept.');

  await page.getByRole('link', { name: 'Timeline' }).click();
  await until(page, () => document.querySelector('.timeline .line')?.getAttribute('d').length > 8);
  check(await page.locator('.timeline .limit').count() >= 2, 'The timeline has no thresholds.');
  check(await page.locator('.timeline .state').count() >= 1, 'The timeline has no states.');
  await page.locator('.timeline').click();
  await until(page, stillIsShown);
  await page.getByRole('link', { name: '1 h', exact: true }).click();
  await until(page, () => document.querySelector('.timeline .line')?.getAttribute('d').length > 8);
  const table = await (await fetch(await page.evaluate(() => document.querySelector('a[href$="format=csv"]').href))).text();
  check(/^time,camera,question,value,score,/.test(table) && table.split('\r\n').length > 5, `The CSV file is ${table.slice(0, 200)}`);

  const archive = await fetch(await page.evaluate(() => document.querySelector('a[href*="export.zip"]').href));
  const start = new Uint8Array(await archive.arrayBuffer()).slice(0, 2);
  check(archive.ok && String.fromCharCode(...start) === 'PK', 'The ZIP file is none.');

  await page.goto(`${address}#/event/${stored.historyId}`);
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByRole('button', { name: 'Delete for good' }).click();
  await until(page, () => location.hash === '#/events');
  check((await fetch(`${address}api/v1/events/${stored.historyId}`)).status === 404, 'The event is still there.');

  // What is chosen is in the address, and the address chooses it.
  await page.getByLabel('Camera').selectOption('gate');
  await page.getByLabel('Question').selectOption('person');
  await until(page, () => location.hash === '#/events/gate/person');
  await page.goto(`${address}#/device`);
  await page.goto(`${address}#/events/gate/person`);
  await until(page, () => document.querySelector('#event-question')?.value === 'person' && document.querySelector('#event-camera').value === 'gate');
  await until(page, () => [...document.querySelectorAll('tbody tr')].length > 0);
  await opened.close();
}

const SIZES = [
  ['light', { width: 1280, height: 900 }],
  ['dark', { width: 1280, height: 900, scheme: 'dark' }],
  ['phone', { width: 360, height: 740 }],
  ['phone-dark', { width: 360, height: 740, scheme: 'dark' }],
];

/** The clip of an event is shown at each size, plays to its end and can be searched; deleting the event deletes it. */
export async function clip(browser, { address, event, folder }) {
  for (const [name, size] of SIZES) {
    const opened = await open(browser, `${address}#/event/${event}`, size);
    await until(opened.page, () => document.querySelector('video.still')?.readyState > 0);
    const [inner, outer] = await opened.page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    check(inner <= outer, `The event is ${inner} px wide at ${outer} px.`);
    await screenshot(opened.page, folder, `clip-${name}`);
    await checkAccessibility(opened.page, `event with a clip, ${name}`);
    await opened.close();
  }
  const opened = await open(browser, `${address}#/event/${event}`);
  const { page } = opened;
  const video = page.locator('video.still');
  await video.waitFor();
  await video.evaluate(it => it.play());
  await until(page, () => document.querySelector('video.still').currentTime > 0.2);
  const duration = await video.evaluate(it => it.duration);
  check(duration > 0.5 && duration < 3.5, `The clip takes ${duration} s.`);
  await video.evaluate(it => { it.currentTime = 0; });
  await until(page, () => document.querySelector('video.still').currentTime < 1 || document.querySelector('video.still').ended);
  await video.evaluate(it => { it.currentTime = it.duration - 0.3; return it.play(); });
  await until(page, () => document.querySelector('video.still').ended);
  check(await video.evaluate(it => it.videoWidth > 100 && !it.error), 'The clip shows nothing.');
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByRole('button', { name: 'Delete for good' }).click();
  await until(page, () => location.hash === '#/events');
  await opened.close();
}

/** Frames are labelled with keys and by an event, a label is changed and removed, and the counter follows. */
export async function labels(browser, { address }) {
  const route = `${address}api/v1/cameras/gate/questions/person`;
  const counts = async () => (await (await fetch(`${route}/labels`)).json()).counts;
  const total = async () => Object.values(await counts()).reduce((sum, it) => sum + it, 0);
  const opened = await open(browser, `${address}#/labels/gate/person`);
  const { page } = opened;
  await until(page, () => document.querySelector('img.still')?.naturalWidth > 100 && !document.querySelector('[data-key="y"]').disabled);
  const before = await total();
  await page.keyboard.press('y');
  await until(page, count => document.querySelectorAll('.labelled').length === count, before + 1);
  check(await total() === before + 1, 'The key Y set no label.');
  check(/\d+ yes, \d+ no/.test(await page.locator('.counts').textContent()), 'The labels are not counted.');
  check(await page.getByRole('button', { name: 'Teach' }).isDisabled(), 'Teach is offered with too few labels.');

  const select = page.locator('.labelled select').first();
  await select.selectOption('no');
  await until(page, () => /^0 yes, 1 no$/.test(document.querySelector('.counts').textContent));
  await select.selectOption('clear');
  await until(page, count => document.querySelectorAll('.labelled').length === count, before);

  const stored = await (await until(page, async () =>
    (await (await fetch('api/v1/events?question=person')).json()).events.findLast(it => it.snapshot))).jsonValue();
  await page.goto(`${address}#/event/${stored.historyId}`);
  await page.getByRole('button', { name: 'Wrong' }).click();
  await until(page, () => document.querySelector('.verdict[aria-pressed="true"]')?.textContent === 'Wrong');
  check((await counts())[stored.to === 'yes' ? 'no' : 'yes'] === 1, `A wrong event is not labelled the other way: ${JSON.stringify(await counts())}`);
  await opened.close();
}

/** The whole page below a path of a reverse proxy that does not pass the host name on. */
export async function prefix(browser, { address }) {
  const proxy = await proxyAt('/devices/gate-1', address);
  try {
    const opened = await open(browser, proxy.address);
    const { page } = opened;
    await until(page, pictureIsShown);
    await until(page, isKnown, `${row('person')} .pill`);
    await page.getByRole('link', { name: 'Ask' }).click();
    await page.getByLabel('Question').fill('Is it night?');
    await page.getByRole('button', { name: 'Ask', exact: true }).click();
    await until(page, () => ['yes', 'no'].includes(document.querySelector('.answer .value')?.textContent));
    await opened.close();
    check(proxy.outside.length === 0, `Requests left the path: ${proxy.outside.join(', ')}`);
  } finally {
    proxy.close();
  }
}

/** A tab that nobody sees holds no stream of events, also when the stream is lost while it is hidden; it opens one when it is seen. */
export async function hidden(browser, { address }) {
  const proxy = await proxyAt('/vlm', address);
  try {
    const opened = await open(browser, proxy.address, { expected: [/ERR_|Failed to load resource/] });
    const { page } = opened;
    await until(page, pictureIsShown);
    const show = isHidden => page.evaluate(value => {
      Object.defineProperty(document, 'hidden', { value, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, isHidden);
    const streams = async count => {
      const began = Date.now();
      while (proxy.streams() !== count) {
        check(Date.now() - began < PATIENCE, `There are ${proxy.streams()} streams instead of ${count}.`);
        await page.waitForTimeout(50);
      }
    };
    await streams(1);
    await show(true);
    proxy.drop();
    await streams(0);
    // Longer than the time between two attempts.
    await page.waitForTimeout(7000);
    check(proxy.streams() === 0, 'A hidden tab opened a stream.');
    await show(false);
    await streams(1);
    await page.locator('#notice').waitFor({ state: 'hidden' });
    await opened.close();
  } finally {
    proxy.close();
  }
}

/** A token opens the page, below a path too; a wrong one does not; a restart of the service keeps the log-in and is shown. */
export async function login(browser, { address, token, readToken, folder }) {
  const proxy = await proxyAt('/vlm', address);
  try {
    const opened = await open(browser, proxy.address, { expected: [/status of 401/, /ERR_|Failed to load resource/] });
    const { page, context } = opened;
    await page.getByLabel('Token').fill('not-the-right-token');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('alert').filter({ hasText: 'not in the token file' }).waitFor();
    await screenshot(page, folder, 'login-light');
    await checkAccessibility(page, 'log-in');
    await page.getByLabel('Token').fill(token);
    await page.keyboard.press('Enter');
    await until(page, pictureIsShown);
    await until(page, isKnown, `${row('person')} .pill`);
    check(await page.getByLabel('Mode').count() === 0, 'There is a control for modes although this service has none.');
    const [cookie] = await context.cookies();
    check(cookie.httpOnly && cookie.sameSite === 'Strict' && cookie.path === '/vlm' && !cookie.value.includes(token), `The cookie is ${JSON.stringify(cookie)}.`);
    const seen = await page.evaluate(() => `${document.cookie} ${JSON.stringify({ ...localStorage })} ${JSON.stringify({ ...sessionStorage })}`);
    check(seen === ' {} {}', `Scripts can read ${seen}.`);

    await page.getByRole('link', { name: 'Ask' }).click();
    await page.getByLabel('Question').fill('Is it night?');
    await page.getByRole('button', { name: 'Ask', exact: true }).click();
    await until(page, () => ['yes', 'no'].includes(document.querySelector('.answer .value')?.textContent));
    await page.getByRole('link', { name: 'Live', exact: true }).click();
    await until(page, pictureIsShown);

    // The test stops the service and starts it again at the same address.
    const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
    console.log('STOP');
    await lines.next();
    await page.locator('#notice').filter({ hasText: 'Trying again' }).waitFor();
    console.log('START');
    await page.locator('#notice').waitFor({ state: 'hidden' });
    await until(page, isKnown, `${row('person')} .pill`);
    const image = await page.locator('.picture img').first().getAttribute('src');
    await until(page, src => document.querySelector('.picture img').src !== src, image);

    // A log-in that ends while the stream of events is down.
    proxy.drop();
    await context.clearCookies();
    await page.getByLabel('Token').fill(token);
    await page.keyboard.press('Enter');
    await until(page, pictureIsShown);
    await page.locator('#notice').waitFor({ state: 'hidden' });

    // A log-out that fails.
    await page.route('**/logout', route => route.abort());
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByText('You are still logged in.').waitFor();
    await page.unroute('**/logout');

    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('Token').fill(readToken);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.goto(`${proxy.address}#/camera/gate`);
    await page.getByText('This log-in may see, but not ask or change.').waitFor();
    check(await page.locator('[data-question="person"]').getByRole('switch').isDisabled(), 'A token that may read can switch.');
    check(await page.getByRole('button', { name: 'Ask', exact: true }).isDisabled(), 'A token that may read can ask.');
    await opened.close();
  } finally {
    proxy.close();
  }
}

/** Each view in light and dark and at phone width: no serious finding of axe-core, nothing wider than the screen, and a picture of it. */
export async function views(browser, { address, folder, picture }) {
  const findings = [];
  for (const [name, size] of SIZES) {
    const opened = await open(browser, address, size);
    const { page } = opened;
    await until(page, pictureIsShown);
    await until(page, isKnown, `${row('person')} .pill`);
    await until(page, selector => document.querySelector(selector)?.textContent, `${row('scene')} .written`);
    await look('live');
    await page.goto(`${address}#/camera/gate`);
    await until(page, () => document.querySelector('[data-question="person"] .history .line')?.getAttribute('d').length > 20);
    await look('camera');
    await page.goto(`${address}#/ask`);
    await page.getByLabel('About').selectOption('');
    await page.getByLabel('Picture').setInputFiles({ name: 'gate.jpg', mimeType: 'image/jpeg', buffer: await readFile(picture) });
    await page.getByLabel('Question').fill('Is there a person?');
    await page.getByRole('button', { name: 'Ask', exact: true }).click();
    await page.locator('.answer').waitFor();
    await look('ask');
    await page.goto(`${address}#/events`);
    await until(page, () => document.querySelectorAll('tbody tr').length > 0);
    await look('events');
    await page.goto(`${address}#/history/gate/person`);
    await until(page, () => document.querySelector('.timeline .line')?.getAttribute('d').length > 8);
    await page.getByRole('link', { name: '1 h', exact: true }).click();
    await until(page, () => document.querySelectorAll('tbody tr').length > 0 && document.querySelector('.timeline .line')?.getAttribute('d').length > 8);
    await page.locator('.timeline').click();
    await until(page, () => document.querySelector('img.still')?.naturalWidth > 100);
    await look('history');
    await page.locator('tbody a').last().click();
    await until(page, () => document.querySelector('h1').textContent === 'Event' && document.querySelector('dl.facts'));
    await look('event');
    await page.goto(`${address}#/labels/gate/person`);

    // After a short time all stored frames may have labels.
    await until(page, () => /No frame is proposed/.test(document.querySelector('main').textContent)
      || document.querySelector('img.still')?.naturalWidth > 100 && !document.querySelector('[data-key="y"]').disabled);
    await look('labels');
    await page.goto(`${address}#/device`);
    await until(page, () => document.querySelectorAll('.log li').length > 1 && document.querySelector('[aria-label="Model"] dd'));
    await look('device');
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
