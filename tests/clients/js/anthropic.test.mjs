// The official Anthropic client for JavaScript against the gateway's `/v1/messages`.

import assert from "node:assert/strict";
import { test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { ADD, CITY, PIXEL, VENDORS, WORDS } from "./vendors.mjs";

const client = new Anthropic({ baseURL: process.env.GATEWAY_URL, apiKey: "unused", maxRetries: 0 });
const user = (content) => [{ role: "user", content }];
const tools = [{ name: ADD.name, input_schema: ADD.schema }];

for (const [vendor, model] of Object.entries(VENDORS)) {
  const common = { model, max_tokens: 1000 };

  test(`${vendor}: a message is answered`, async () => {
    const answer = await client.messages.create({ ...common, messages: user("say: good morning") });

    assert.equal(answer.content[0].text, "good morning");
    assert.equal(answer.stop_reason, "end_turn");
    assert.ok(answer.usage.input_tokens > 0 && answer.usage.output_tokens > 0);
  });

  test(`${vendor}: a stream adds up`, async () => {
    const pieces = [];
    const stream = client.messages.stream({ ...common, messages: user(`say: ${WORDS}`) });
    stream.on("text", (text) => pieces.push(text));
    const message = await stream.finalMessage();

    assert.equal(pieces.join(""), WORDS);
    assert.equal(message.content[0].text, WORDS);
    assert.ok(pieces.length > 1);
    assert.ok(message.usage.output_tokens > 0);
  });

  test(`${vendor}: a tool is called and its result is taken`, async () => {
    const messages = user('call tool add {"a": 1}');
    const first = await client.messages.stream({ ...common, messages, tools }).finalMessage();
    const call = first.content.find((block) => block.type === "tool_use");
    const result = { type: "tool_result", tool_use_id: call.id, content: "2" };

    const second = await client.messages.create({
      ...common,
      tools,
      messages: [
        ...messages,
        { role: "assistant", content: first.content },
        { role: "user", content: [result, { type: "text", text: "say: two" }] },
      ],
    });

    assert.equal(first.stop_reason, "tool_use");
    assert.deepEqual(call.input, { a: 1 });
    assert.equal(second.content[0].text, "two");
  });

  test(`${vendor}: a picture is seen`, async () => {
    const source = { type: "base64", media_type: "image/png", data: PIXEL };
    const answer = await client.messages.create({
      ...common,
      messages: user([{ type: "image", source }, { type: "text", text: "say: a pixel" }]),
    });

    assert.equal(answer.content[0].text, "a pixel");
  });

  test(`${vendor}: an answer keeps to its schema`, async () => {
    const answer = await client.messages.create({
      ...common,
      messages: user("Where? Answer in JSON."),
      output_config: { format: { type: "json_schema", schema: CITY } },
    });

    assert.deepEqual(Object.keys(JSON.parse(answer.content[0].text)), ["city"]);
  });

  test(`${vendor}: a stream that is left is no harm`, async () => {
    const stream = client.messages.stream({ ...common, messages: user("say: " + "word ".repeat(500)) });
    await new Promise((resolve) => stream.once("text", resolve));
    stream.abort();
    await assert.rejects(stream.done(), Anthropic.APIUserAbortError);

    const after = await client.messages.create({ ...common, messages: user("say: still here") });
    assert.equal(after.content[0].text, "still here");
  });
}

test("errors come as the client's own", async () => {
  const ask = (more) =>
    client.messages.create({ model: "auto", max_tokens: 10, messages: user("hi"), ...more });

  await assert.rejects(ask({ model: "claude-nothing-9" }), Anthropic.NotFoundError);
  await assert.rejects(ask({ temperature: 9 }), Anthropic.BadRequestError);
});
