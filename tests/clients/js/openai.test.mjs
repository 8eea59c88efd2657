// The official OpenAI client for JavaScript against the gateway's `/v1`.

import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";
import { ADD, CITY, PIXEL, VENDORS, WORDS } from "./vendors.mjs";

const gateway = process.env.GATEWAY_URL;
const client = new OpenAI({ baseURL: `${gateway}/v1`, apiKey: "unused", maxRetries: 0 });
const user = (content) => [{ role: "user", content }];
const tool = {
  type: "function",
  function: { name: ADD.name, parameters: ADD.schema },
};

for (const [vendor, model] of Object.entries(VENDORS)) {
  test(`${vendor}: a chat is answered`, async () => {
    const answer = await client.chat.completions.create({ model, messages: user("say: good morning") });

    assert.equal(answer.choices[0].message.content, "good morning");
    assert.equal(answer.choices[0].finish_reason, "stop");
    assert.ok(answer.usage.total_tokens > 0);
  });

  test(`${vendor}: a stream adds up`, async () => {
    const stream = await client.chat.completions.create({
      model,
      messages: user(`say: ${WORDS}`),
      stream: true,
      stream_options: { include_usage: true },
    });
    const pieces = [];
    let usage;
    for await (const chunk of stream) {
      pieces.push(chunk.choices[0]?.delta.content ?? "");
      usage = chunk.usage ?? usage;
    }

    assert.equal(pieces.join(""), WORDS);
    assert.ok(pieces.filter(Boolean).length > 1);
    assert.ok(usage.total_tokens > 0);
  });

  test(`${vendor}: a tool is called and its result is taken`, async () => {
    const messages = user('call tool add {"a": 1}');
    const first = await client.chat.completions
      .stream({ model, messages, tools: [tool] })
      .finalChatCompletion();
    const said = first.choices[0].message;
    const [call] = said.tool_calls;
    const result = { role: "tool", tool_call_id: call.id, content: "2" };

    const second = await client.chat.completions.create({
      model,
      messages: [...messages, { role: "assistant", tool_calls: said.tool_calls }, result],
      tools: [tool],
    });

    assert.deepEqual(JSON.parse(call.function.arguments), { a: 1 });
    assert.equal(second.choices[0].finish_reason, "stop");
  });

  test(`${vendor}: a picture is seen`, async () => {
    const answer = await client.chat.completions.create({
      model,
      messages: user([
        { type: "text", text: "say: a pixel" },
        { type: "image_url", image_url: { url: `data:image/png;base64,${PIXEL}` } },
      ]),
    });

    assert.equal(answer.choices[0].message.content, "a pixel");
  });

  test(`${vendor}: an answer keeps to its schema`, async () => {
    const answer = await client.chat.completions.create({
      model,
      messages: user("Where? Answer in JSON."),
      response_format: {
        type: "json_schema",
        json_schema: { name: "place", schema: CITY, strict: true },
      },
    });

    assert.deepEqual(Object.keys(JSON.parse(answer.choices[0].message.content)), ["city"]);
  });

  test(`${vendor}: a stream that is left is no harm`, async () => {
    const leaving = new AbortController();
    const stream = await client.chat.completions.create(
      { model, messages: user("say: " + "word ".repeat(500)), stream: true },
      { signal: leaving.signal },
    );
    for await (const _ of stream) {
      leaving.abort();
      break;
    }

    const after = await client.chat.completions.create({ model, messages: user("say: still here") });
    assert.equal(after.choices[0].message.content, "still here");
  });
}

test("errors come as the client's own", async () => {
  const ask = (more) => client.chat.completions.create({ model: "auto", messages: user("hi"), ...more });

  await assert.rejects(ask({ model: "gpt-6-lunar" }), (error) => {
    assert.ok(error instanceof OpenAI.NotFoundError);
    assert.equal(error.code, "model_not_found");
    return true;
  });
  await assert.rejects(ask({ temperature: 9 }), OpenAI.BadRequestError);
});

test("models are listed", async () => {
  const names = [];
  for await (const model of client.models.list()) names.push(model.id);

  assert.ok(names.includes("auto") && names.includes("claude-opus-5-5"));
});
