// What the tests of both packages share. JavaScriptClientTests starts them and sets the variables.
import { readFileSync } from 'node:fs';

const { ADDRESS, MODEL, TOKEN, READ_TOKEN, PICTURE, DESCRIPTION, SCHEMA, FILLED } = process.env;
if (!ADDRESS) {
  console.error('Run by JavaScriptClientTests, which names the service in ADDRESS.');
  process.exit(2);
}

export const address = ADDRESS;
export const model = MODEL;
export const token = TOKEN;
export const readToken = READ_TOKEN;
export const picture = readFileSync(PICTURE);
export const dataUrl = `data:image/jpeg;base64,${picture.toString('base64')}`;
export const description = DESCRIPTION;
export const schema = JSON.parse(SCHEMA);
export const filled = JSON.parse(FILLED);
