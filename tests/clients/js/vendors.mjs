// What the suites of both clients share.

// One model of each vendor, which needs no room to think for a short answer.
export const VENDORS = {
  openai: "gpt-6-luna",
  anthropic: "claude-haiku-5-5",
  google: "gemini-2.5-flash",
  mistral: "mistral-small-2603",
  groq: "qwen/qwen3.8-27b",
};
export const WORDS = "good morning to all of you";
export const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=";
export const ADD = {
  name: "add",
  schema: { type: "object", properties: { a: { type: "integer" } } },
};
export const CITY = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
