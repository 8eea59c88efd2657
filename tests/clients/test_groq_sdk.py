"""The official Groq client against the simulator: what it cannot read is not Groq."""

import groq
import pytest

MODEL = "openai/gpt-oss-20b"
QWEN = "qwen/qwen3.8-27b"
HELLO = [{"role": "user", "content": "say: good morning"}]
ADD = {
    "type": "function",
    "function": {
        "name": "add",
        "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}},
    },
}
ORDER = {"role": "user", "content": 'call tool add {"a": 1}'}


@pytest.fixture
def client(simulator):
    with groq.Groq(base_url=f"{simulator}/groq", api_key="unused", max_retries=0) as client:
        yield client


def test_a_chat_is_answered(client):
    answer = client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "system", "content": "Be brief."}, *HELLO],
        max_completion_tokens=500,
        temperature=0.5,
        seed=7,
        reasoning_effort="low",
    )

    assert answer.model == MODEL
    assert answer.choices[0].message.content == "good morning"
    assert answer.choices[0].message.reasoning
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.usage.completion_tokens_details.reasoning_tokens > 0
    assert answer.x_groq.id.startswith("req_")


@pytest.mark.parametrize("form", ["parsed", "raw", "hidden"])
def test_thoughts_stand_where_they_are_wanted(client, form):
    answer = client.chat.completions.create(
        model=QWEN, messages=HELLO, reasoning_effort="high", reasoning_format=form
    )

    message = answer.choices[0].message
    assert message.content.endswith("good morning")
    assert message.content.startswith("<think>") == (form == "raw")
    assert bool(message.reasoning) == (form == "parsed")


def test_a_stream_adds_up_and_ends_with_its_usage(client):
    stream = client.chat.completions.create(model=MODEL, messages=HELLO, stream=True)
    chunks = list(stream)

    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text == "good morning"
    assert chunks[0].x_groq.id.startswith("req_")
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert chunks[-1].x_groq.usage.completion_tokens > 3


@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_is_called_and_its_result_is_taken(client, stream):
    ask = {"model": MODEL, "tools": [ADD]}
    first = client.chat.completions.create(messages=[ORDER], stream=stream, **ask)
    if stream:
        deltas = [chunk.choices[0].delta for chunk in first]
        [call] = [call for delta in deltas for call in delta.tool_calls or []]
    else:
        [call] = first.choices[0].message.tool_calls
    spoken = {
        "role": "assistant",
        "tool_calls": [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.function.name, "arguments": call.function.arguments},
            }
        ],
    }
    result = {"role": "tool", "tool_call_id": call.id, "content": "2"}
    second = client.chat.completions.create(messages=[ORDER, spoken, result], **ask)

    assert (call.function.name, call.function.arguments) == ("add", '{"a":1}')
    assert second.choices[0].finish_reason == "stop"


def test_models_are_listed(client):
    models = {model.id: model for model in client.models.list().data}

    assert models[MODEL].active and models[MODEL].context_window == 131_072
    assert client.models.retrieve(QWEN).id == QWEN


def test_limits_are_told_with_every_answer(client):
    raw = client.chat.completions.with_raw_response.create(model=MODEL, messages=HELLO)

    for bucket in ["requests", "tokens"]:
        assert int(raw.headers[f"x-ratelimit-remaining-{bucket}"]) > 0
    assert "retry-after" not in raw.headers


def test_errors_come_as_the_clients_own(client, simulator):
    ask = client.chat.completions.create

    with pytest.raises(groq.NotFoundError) as unknown:
        ask(model="gpt-oss-20b", messages=HELLO)
    with pytest.raises(groq.BadRequestError) as gone:
        ask(model="llama-3.1-8b-instant", messages=HELLO)
    with pytest.raises(groq.BadRequestError) as invalid:
        ask(model=MODEL, messages=HELLO, logprobs=True)
    with pytest.raises(groq.AuthenticationError):
        groq.Groq(base_url=f"{simulator}/groq", api_key="bad").models.list()

    assert unknown.value.body["error"]["code"] == "model_not_found"
    assert gone.value.body["error"]["code"] == "model_decommissioned"
    assert "logprobs" in invalid.value.message
