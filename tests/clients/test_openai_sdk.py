"""The official OpenAI client against the simulator: what it cannot read is not OpenAI."""

import openai
import pytest

MODEL = "gpt-6-luna"
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
    with openai.OpenAI(
        base_url=f"{simulator}/openai/v1", api_key="unused", max_retries=0
    ) as client:
        yield client


def test_a_chat_is_answered(client):
    answer = client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "developer", "content": "Be brief."}, *HELLO],
        max_completion_tokens=500,
        reasoning_effort="low",
        seed=7,
    )

    assert answer.choices[0].message.content == "good morning"
    assert answer.choices[0].finish_reason == "stop"
    usage = answer.usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert usage.completion_tokens_details.reasoning_tokens > 0
    assert usage.prompt_tokens_details.cached_tokens > 0
    assert answer._request_id.startswith("req_")


def test_a_stream_adds_up_and_ends_with_the_usage_that_was_asked_for(client):
    stream = client.chat.completions.create(
        model=MODEL, messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)

    deltas = [choice.delta.content or "" for chunk in chunks for choice in chunk.choices]
    assert "".join(deltas) == "good morning"
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens > 0


def test_a_tool_is_called_and_its_result_is_taken(client):
    ask = {"model": MODEL, "tools": [ADD], "reasoning_effort": "none"}
    with client.chat.completions.stream(messages=[ORDER], **ask) as stream:
        message = stream.get_final_completion().choices[0].message
    [call] = message.tool_calls
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
    models = [model.id for model in client.models.list()]

    assert MODEL in models and len(models) >= 15
    assert client.models.retrieve(MODEL).object == "model"


def test_errors_come_as_the_clients_own(client, simulator):
    ask = client.chat.completions.create

    with pytest.raises(openai.NotFoundError) as unknown:
        ask(model="gpt-7", messages=HELLO)
    with pytest.raises(openai.BadRequestError) as invalid:
        ask(model=MODEL, messages=HELLO, max_tokens=5)
    with pytest.raises(openai.AuthenticationError):
        openai.OpenAI(base_url=f"{simulator}/openai/v1", api_key="bad").models.list()

    assert unknown.value.code == "model_not_found"
    assert (invalid.value.code, invalid.value.param) == ("unsupported_parameter", "max_tokens")
