"""The official Mistral client against the simulator: what it cannot read is not Mistral."""

import json

import pytest
from mistralai.client import Mistral
from mistralai.client.errors import HTTPValidationError, SDKError

MODEL = "mistral-small-2603"
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
    with Mistral(api_key="unused", server_url=f"{simulator}/mistral") as client:
        yield client


def test_a_chat_is_answered(client):
    answer = client.chat.complete(
        model=MODEL,
        messages=[{"role": "system", "content": "Be brief."}, *HELLO],
        temperature=0.3,
        random_seed=7,
        max_tokens=100,
    )

    assert answer.model == MODEL
    assert answer.choices[0].message.content == "good morning"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_thoughts_come_as_chunks_and_can_be_sent_back(client):
    first = client.chat.complete(model=MODEL, messages=HELLO, reasoning_effort="high")
    message = first.choices[0].message

    second = client.chat.complete(
        model=MODEL, messages=[*HELLO, message, {"role": "user", "content": "say: and good night"}]
    )

    assert [chunk.type for chunk in message.content] == ["thinking", "text"]
    assert message.content[1].text == "good morning"
    assert second.choices[0].message.content == "and good night"


@pytest.mark.parametrize("effort", ["none", "high"])
def test_a_stream_adds_up_and_ends_with_its_usage(client, effort):
    with client.chat.stream(model=MODEL, messages=HELLO, reasoning_effort=effort) as stream:
        chunks = [event.data for event in stream]

    deltas = [chunk.choices[0].delta.content for chunk in chunks]
    assert "".join(delta for delta in deltas if isinstance(delta, str)) == "good morning"
    assert any(isinstance(delta, list) for delta in deltas) == (effort == "high")
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert chunks[-1].usage.completion_tokens >= 3


def test_a_tool_is_called_and_its_result_is_taken(client):
    first = client.chat.complete(model=MODEL, messages=[ORDER], tools=[ADD], tool_choice="any")
    message = first.choices[0].message
    call = message.tool_calls[0]

    result = {"role": "tool", "tool_call_id": call.id, "name": "add", "content": "2"}
    second = client.chat.complete(model=MODEL, messages=[ORDER, message, result], tools=[ADD])

    assert first.choices[0].finish_reason == "tool_calls"
    assert (call.function.name, json.loads(call.function.arguments)) == ("add", {"a": 1})
    assert second.choices[0].finish_reason == "stop"


def test_a_tool_is_called_in_a_stream(client):
    with client.chat.stream(model=MODEL, messages=[ORDER], tools=[ADD]) as stream:
        calls = [event.data.choices[0].delta.tool_calls or [] for event in stream]

    [call] = [call for some in calls for call in some]
    assert json.loads(call.function.arguments) == {"a": 1}


def test_models_tell_their_aliases_and_their_end(client):
    models = {model.id: model for model in client.models.list().data}

    assert models["mistral-large-latest"].name == "mistral-large-4"
    assert models["mistral-large-4"].max_context_length == 1_048_576
    assert models["mistral-small-2506"].deprecation.year == 2026
    assert client.models.retrieve(model_id="codestral-latest").capabilities.completion_fim


def test_errors_come_as_the_clients_own(client, simulator):
    ask = client.chat.complete
    spoken = [*HELLO, {"role": "assistant", "content": "good"}]

    with pytest.raises(HTTPValidationError) as invalid:
        ask(model=MODEL, messages=HELLO, temperature=2)
    with pytest.raises(SDKError) as unknown:
        ask(model="mistral-tiny", messages=HELLO)
    with pytest.raises(SDKError) as order:
        ask(model=MODEL, messages=spoken)
    with pytest.raises(SDKError) as key:
        Mistral(api_key="bad", server_url=f"{simulator}/mistral").models.list()

    assert invalid.value.data.detail[0].loc == ["body", "temperature"]
    assert (unknown.value.status_code, json.loads(unknown.value.body)["code"]) == (400, "1500")
    assert "Expected last role User or Tool" in order.value.message
    assert key.value.status_code == 401
