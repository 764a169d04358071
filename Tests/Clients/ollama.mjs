// The npm package 'ollama' against a running service.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Ollama } from 'ollama';
import { address, dataUrl, description, filled, model, picture, readToken, schema, token } from './setup.mjs';

const client = (key = token) => new Ollama({ host: address, headers: { Authorization: `Bearer ${key}` } });

test('the model is listed, running, shown and pulled', async () => {
  const reader = client(readToken);
  assert.deepEqual((await reader.list()).models.map((it) => it.model), [model]);
  assert.deepEqual((await reader.ps()).models.map((it) => it.model), [model]);
  const shown = await reader.show({ model });
  assert.ok(shown.capabilities.includes('vision'));
  assert.ok(shown.model_info['llama.context_length'] > 0);
  assert.ok((await reader.version()).version);
  assert.equal((await client().pull({ model })).status, 'success');
});

test('a picture is described by chat and generate, in one piece and as a stream', async () => {
  const messages = [{ role: 'user', content: 'Describe the picture.', images: [picture] }];
  assert.equal((await client().chat({ model, messages })).message.content, description);
  let streamed = '', pieces = 0;
  for await (const line of await client().chat({ model, messages, stream: true })) {
    streamed += line.message.content;
    pieces += line.message.content ? 1 : 0;
  }
  assert.equal(streamed, description);
  assert.ok(pieces > 2, 'the text came in one piece');

  // A data URL is sent as it is.
  assert.equal((await client().generate({ model, prompt: 'Describe the picture.', images: [dataUrl] })).response, description);
});

test('a schema in format is filled', async () => {
  const answer = await client().chat({ model, format: schema, messages: [{ role: 'user', content: 'What is there?', images: [picture] }] });
  assert.deepEqual(JSON.parse(answer.message.content), filled);
});

test('refusals show the words of the service', async () => {
  const messages = [{ role: 'user', content: 'Hi' }];
  await assert.rejects(client('wrongtoken012345678').list(), (error) => error.status_code === 401 && /token/.test(error.message));
  await assert.rejects(client(readToken).chat({ model, messages }), (error) => error.status_code === 403);
  await assert.rejects(client().chat({ model: 'llava', messages }), (error) => error.status_code === 404 && error.message.includes(model));
  await assert.rejects(client().pull({ model: 'llava' }), /llava/);
  await assert.rejects(client().embed({ model, input: 'Hi' }), /embeddings/);
});

test('a stream that its reader aborts does not hold the next question up', async () => {
  const leaving = client();
  // So hot, the model writes words at random and hardly ever ends: the text is longer than what is read at once.
  const options = { temperature: 100, seed: 1, num_predict: 900 };
  const stream = await leaving.chat({ model, stream: true, options, messages: [{ role: 'user', content: 'Describe the picture.', images: [picture] }] });
  await assert.rejects(async () => {
    for await (const line of stream) {
      assert.ok(line.model);
      stream.abort();
    }
  }, { name: 'AbortError' });
  const next = await client().generate({ model, prompt: 'Is there a person in the picture?', images: [picture] });
  assert.equal(next.response, 'Yes');
});
