// The npm package 'openai' against a running service.
import assert from 'node:assert/strict';
import test from 'node:test';
import OpenAI from 'openai';
import { address, dataUrl, description, filled, model, readToken, schema, token } from './setup.mjs';

const client = (apiKey = token) => new OpenAI({ baseURL: `${address}/v1`, apiKey, maxRetries: 0 });
const about = (text) => [{ role: 'user', content: [{ type: 'text', text }, { type: 'image_url', image_url: { url: dataUrl } }] }];

test('models are listed and found', async () => {
  const listed = (await client(readToken).models.list()).data;
  assert.deepEqual(listed.map((it) => it.id), [model]);
  assert.equal((await client(readToken).models.retrieve(model)).owned_by, 'mobilevlm');
});

test('a picture is described in one piece and as a stream', async () => {
  const messages = about('Describe the picture.');
  const whole = await client().chat.completions.create({ model, messages });
  assert.equal(whole.choices[0].message.content, description);
  assert.equal(whole.choices[0].finish_reason, 'stop');
  let streamed = '', pieces = 0, usage;
  for await (const chunk of await client().chat.completions.create({ model, messages, stream: true, stream_options: { include_usage: true } })) {
    const piece = chunk.choices[0]?.delta.content ?? '';
    streamed += piece;
    pieces += piece ? 1 : 0;
    usage = chunk.usage ?? usage;
  }
  assert.equal(streamed, description);
  assert.ok(pieces > 2, 'the text came in one piece');
  assert.deepEqual(usage, whole.usage);

  // The helper that collects a stream is stricter than the stream itself.
  assert.equal(await client().chat.completions.stream({ model, messages }).finalContent(), description);
});

test('a schema is filled, and a forced tool is called with the same values', async () => {
  const structured = await client().chat.completions.parse({
    model, messages: about('What is there?'), response_format: { type: 'json_schema', json_schema: { name: 'scene', schema, strict: true } },
  });
  assert.deepEqual(JSON.parse(structured.choices[0].message.content), filled);
  const forced = await client().chat.completions.create({
    model, messages: about('What is there?'),
    tools: [{ type: 'function', function: { name: 'scene', parameters: schema } }],
    tool_choice: { type: 'function', function: { name: 'scene' } },
  });
  assert.equal(forced.choices[0].finish_reason, 'tool_calls');
  assert.deepEqual(JSON.parse(forced.choices[0].message.tool_calls[0].function.arguments), filled);
});

test('a prompt of token ids is scored, and a text is continued', async () => {
  const scored = await client().completions.create({ model, prompt: [[1, 5, 6, 7], [1, 8]], max_tokens: 1, logprobs: 1, echo: true, temperature: 0 });
  assert.deepEqual(scored.choices.map((it) => [it.index, it.logprobs.token_logprobs.length, it.logprobs.top_logprobs.length]), [[0, 5, 5], [1, 3, 3]]);
  for (const { logprobs } of scored.choices) {
    assert.equal(logprobs.token_logprobs[0], null);
    const last = logprobs.token_logprobs.length - 1;
    assert.equal(logprobs.token_logprobs[last], Math.max(...Object.values(logprobs.top_logprobs[last])));
  }
  let text = '';
  for await (const chunk of await client().completions.create({ model, prompt: 'It is', max_tokens: 4, stream: true })) {
    text += chunk.choices[0]?.text ?? '';
  }
  assert.equal(text, (await client().completions.create({ model, prompt: 'It is', max_tokens: 4 })).choices[0].text);
});

test('log-probabilities of a chat are read', async () => {
  const answer = await client().chat.completions.create({ model, messages: about('Describe the picture.'), max_tokens: 3, logprobs: true, top_logprobs: 2 });
  assert.equal(answer.choices[0].finish_reason, 'length');
  assert.equal(answer.choices[0].logprobs.content.length, 3);
});

test('refusals are errors of their class, with the words of the service', async () => {
  const messages = [{ role: 'user', content: 'Hi' }];
  await assert.rejects(client('wrongtoken012345678').chat.completions.create({ model, messages }), (error) =>
    error instanceof OpenAI.AuthenticationError && /token/.test(error.message));
  await assert.rejects(client(readToken).chat.completions.create({ model, messages }), OpenAI.PermissionDeniedError);
  await assert.rejects(client().chat.completions.create({ model: 'gpt-4o', messages }), (error) =>
    error instanceof OpenAI.NotFoundError && error.message.includes(model) && error.type === 'invalid_request_error');
  await assert.rejects(client().responses.create({ model, input: 'Hi' }), /chat\/completions/);
});

test('a stream that its reader leaves does not hold the next question up', async () => {
  // So hot, the model writes words at random and hardly ever ends: the text is longer than what is read at once.
  const hot = { temperature: 100, seed: 1, max_tokens: 900 };
  const stream = await client().chat.completions.create({ model, messages: about('Describe the picture.'), stream: true, ...hot });
  for await (const chunk of stream) {
    assert.ok(chunk.id);
    break;
  }
  stream.controller.abort();
  const next = await client().chat.completions.create({ model, messages: about('Is there a person in the picture?') });
  assert.equal(next.choices[0].message.content, 'Yes');
});
