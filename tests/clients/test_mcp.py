"""The official Python MCP client against a running gateway, in both protocol eras."""

import asyncio
import json

import pytest
from conftest import every_vendor, start_gateway
from mcp import Client

TOOLS = {
    "get_provider_status",
    "get_usage_metrics",
    "health_check",
    "predict_cost",
    "submit_feedback",
    "unified_completion",
}
VENDORS = {"openai", "anthropic", "google", "mistral", "groq"}
ERAS = ["auto", "legacy", "2026-07-28"]


def with_client(gateway, era, use):
    async def run():
        async with Client(f"{gateway}/mcp", mode=era) as client:
            return await use(client)

    return asyncio.run(run())


@pytest.mark.parametrize("era", ERAS)
def test_the_tools_are_listed_within_what_hosts_bear(gateway, era):
    async def use(client):
        return (await client.list_tools()).tools

    tools = with_client(gateway, era, use)

    assert {tool.name for tool in tools} == TOOLS
    assert sum(len(tool.model_dump_json(exclude_none=True)) for tool in tools) < 12_000
    for tool in tools:
        assert tool.title and tool.description and tool.output_schema and tool.annotations


@pytest.mark.parametrize("era", ERAS)
def test_a_completion_is_answered(gateway, era):
    async def use(client):
        return await client.call_tool("unified_completion", {"prompt": "say: forty-two"})

    result = with_client(gateway, era, use)

    answer = result.structured_content
    assert not result.is_error
    assert result.content[0].text == answer["text"] == "forty-two"
    assert answer["provider"] in VENDORS
    assert answer["finish_reason"] == "stop"
    assert answer["tokens_used"]["source"] == "provider"
    assert answer["tokens_used"]["output"] > 0
    assert answer["cost"] > 0
    assert len(answer["routing"]["attempts"]) == 1


@pytest.mark.parametrize(
    "model",
    [
        "gpt-6-luna",
        "anthropic/claude-haiku-5-5",
        "claude-3-opus",
        "gemini-2.5-flash",
        "google/gemini-4-argon",
        "mistral-large-2512",
        "mixtral-8x7b",
        "groq/qwen/qwen3.8-27b",
    ],
)
def test_a_named_model_answers(gateway, model):
    async def use(client):
        return await client.call_tool("unified_completion", {"prompt": "hello", "model": model})

    answer = with_client(gateway, "auto", use).structured_content

    served = {
        "claude-3-opus": "claude-opus-5-5",
        "mixtral-8x7b": "openai/gpt-oss-20b",
        "groq/qwen/qwen3.8-27b": "qwen/qwen3.8-27b",
    }.get(model, model.split("/")[-1])
    assert answer["model"] == served


def test_a_mistake_is_explained(gateway):
    async def use(client):
        return await client.call_tool("unified_completion", {"prompt": "hi", "model": "gpt-6-lunar"})

    result = with_client(gateway, "auto", use)

    assert result.is_error
    error = result.structured_content["error"]
    assert error["type"] == "caller_invalid_request"
    assert "gpt-6-luna" in error["message"]
    assert error["retryable"] is False and error["request_id"].startswith("req_")


def test_status_health_and_prompt(gateway):
    async def use(client):
        status = await client.call_tool("get_provider_status", {})
        health = await client.call_tool("health_check", {})
        prompt = await client.get_prompt("ai_gateway_prompt")
        return status.structured_content, health.structured_content, prompt

    status, health, prompt = with_client(gateway, "auto", use)

    providers = {provider["name"]: provider for provider in status["providers"]}
    assert {name for name, row in providers.items() if row["available"]} == VENDORS
    assert providers["local"]["status"] == "unconfigured"
    assert health["status"] == "healthy"
    assert "unified_completion" in prompt.messages[0].content.text


def test_many_callers_at_once_get_their_own_answers(gateway):
    async def use(client):
        async def ask(number):
            arguments = {"prompt": f"say: number {number}"}
            result = await client.call_tool("unified_completion", arguments)
            return result.structured_content["text"]

        return await asyncio.gather(*(ask(number) for number in range(40)))

    texts = with_client(gateway, "auto", use)

    assert texts == [f"number {number}" for number in range(40)]


def test_the_answer_keeps_to_its_schema(gateway):
    async def use(client):
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        result = await client.call_tool("unified_completion", {"prompt": "hi", "explain": True})
        return tools["unified_completion"].output_schema, result.structured_content

    schema, answer = with_client(gateway, "auto", use)

    assert set(answer) <= set(schema["properties"])
    assert "uint" not in json.dumps(schema)


@pytest.mark.parametrize("era", ERAS)
def test_the_text_comes_as_progress_while_it_is_made(gateway, era):
    told = []

    async def on_progress(progress, total, message):
        told.append((progress, message or ""))

    async def use(client):
        arguments = {"prompt": "say: " + "word " * 50, "stream": True}
        return await client.call_tool(
            "unified_completion", arguments, progress_callback=on_progress
        )

    result = with_client(gateway, era, use)

    text = result.structured_content["text"]
    assert "".join(message for _, message in told) == text == "word " * 50
    steps = [progress for progress, _ in told]
    assert steps == sorted(set(steps))


def test_a_repeat_comes_out_of_the_cache(simulator):
    process = start_gateway(every_vendor(simulator) | {"GATEWAY__CACHE__ENABLED": "true"})
    asked = {"prompt": "How do birds sleep while they fly?", "model": "gpt-6-luna"}

    async def use(client):
        return [await client.call_tool("unified_completion", asked) for _ in range(2)]

    first, again = with_client(f"http://{process.address}", "legacy", use)
    assert process.stop() == 0, process.output()

    assert first.structured_content["cache"]["status"] == "miss"
    assert again.structured_content["cache"]["status"] == "exact"
    assert again.structured_content["cost"] == 0
    assert again.structured_content["text"] == first.structured_content["text"]
