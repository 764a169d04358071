// Runs scenarios of the live page, one after the other, in one browser.
//   npm ci --ignore-scripts
//   node run.mjs '{"browser":"/usr/bin/chromium","address":"http://127.0.0.1:8080/","folder":"/tmp","picture":"a.jpg"}' live ask ...
// Prints a line for each; exits 1 when one failed.
import { withBrowser } from './browser.mjs';
import * as scenarios from './scenarios.mjs';

const [json, ...names] = process.argv.slice(2);
const options = JSON.parse(json);
const failed = await withBrowser(options.browser, async browser => {
  let count = 0;
  for (const name of names) {
    const began = Date.now();
    try {
      const note = await scenarios[name](browser, options);
      console.log(`passed ${name} in ${((Date.now() - began) / 1000).toFixed(1)} s${note ? `: ${note}` : ''}`);
    } catch (error) {
      count++;
      console.log(`FAILED ${name}: ${error.stack}`);
    }
    for (const context of browser.contexts()) await context.close();
  }
  return count;
});
process.exit(failed ? 1 : 0);
