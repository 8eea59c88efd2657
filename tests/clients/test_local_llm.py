"""A real language model behind `./run_local.sh --local-llm`, started as a user would."""

import asyncio
import os
import socket

from conftest import ROOT, Process, clean_environment
from mcp import Client


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_real_model_answers_with_its_own_counts():
    # cargo needs its own variables to find what is built already.
    cargo = {name: value for name, value in os.environ.items() if name.startswith(("CARGO", "RUST"))}
    command = [ROOT / "run_local.sh", "--local-llm", "--debug", "--no-dotenv", "--port", str(free_port())]
    process = Process(
        command, r"listening address=([\d.]+:\d+)", env=clean_environment(**cargo), seconds=600
    )

    async def run():
        async with Client(f"http://{process.address}/mcp", read_timeout_seconds=120) as client:
            ask = {
                "prompt": "What is the capital of France? Answer in one short sentence.",
                "max_tokens": 24,
                "temperature": 0,
                "timeout_ms": 110_000,
            }
            return await client.call_tool("unified_completion", ask)

    try:
        result = asyncio.run(run())
    finally:
        code = process.stop(seconds=20)

    answer = result.structured_content
    assert not result.is_error, answer
    assert answer["provider"] == "local" and answer["model"] == "smollm2-135m"
    assert "paris" in answer["text"].lower()
    assert answer["tokens_used"]["source"] == "provider"
    assert 10 < answer["tokens_used"]["input"] + answer["tokens_used"]["cached_input"] < 80
    assert 0 < answer["tokens_used"]["output"] <= 24
    assert answer["cost"] == 0
    assert code == 0, process.output()
