"""FastMCP's client against a running gateway."""

import asyncio

import pytest
from fastmcp import Client


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_tools_are_listed_and_called(gateway, mode):
    async def run():
        async with Client(f"{gateway}/mcp", mode=mode) as client:
            tools = await client.list_tools()
            result = await client.call_tool("unified_completion", {"prompt": "say: hello"})
            return {tool.name for tool in tools}, result

    names, result = asyncio.run(run())

    assert names >= {"get_usage_metrics", "predict_cost", "submit_feedback", "unified_completion"}
    assert result.content[0].text == "hello"
    assert result.structured_content["tokens_used"]["source"] == "provider"


def test_an_error_is_a_result(gateway):
    async def run():
        async with Client(f"{gateway}/mcp") as client:
            return await client.call_tool(
                "unified_completion", {"prompt": "hi", "tempreture": 1}, raise_on_error=False
            )

    result = asyncio.run(run())

    assert result.is_error
    assert result.structured_content["error"]["type"] == "caller_invalid_request"
    assert "tempreture" in result.structured_content["error"]["message"]
