"""The official Anthropic client against the simulator: what it cannot read is not Anthropic."""

import anthropic
import pytest

MODEL = "claude-haiku-5-5"
HELLO = [{"role": "user", "content": "say: good morning"}]
ADD = {"name": "add", "input_schema": {"type": "object", "properties": {"a": {"type": "integer"}}}}
ORDER = {"role": "user", "content": 'call tool add {"a": 1}'}


@pytest.fixture
def client(simulator):
    with anthropic.Anthropic(
        base_url=f"{simulator}/anthropic", api_key="unused", max_retries=0
    ) as client:
        yield client


def test_a_message_is_answered(client):
    answer = client.messages.create(
        model=MODEL, max_tokens=1_000, system="Be brief.", messages=HELLO
    )

    assert [block.type for block in answer.content] == ["text"]
    assert answer.content[0].text == "good morning"
    assert answer.stop_reason == "end_turn"
    assert answer.usage.input_tokens > 0
    assert answer._request_id.startswith("req_")


def test_thoughts_come_first_and_can_be_sent_back(client):
    ask = {"model": MODEL, "max_tokens": 9_000, "thinking": {"type": "adaptive"}}
    first = client.messages.create(messages=HELLO, **ask)

    spoken = {"role": "assistant", "content": first.content}
    second = client.messages.create(
        messages=[*HELLO, spoken, {"role": "user", "content": "say: and good night"}], **ask
    )

    assert [block.type for block in first.content] == ["thinking", "text"]
    assert first.usage.output_tokens_details.thinking_tokens > 0
    assert second.content[-1].text == "and good night"


def test_a_stream_adds_up(client):
    with client.messages.stream(model=MODEL, max_tokens=1_000, messages=HELLO) as stream:
        text = "".join(stream.text_stream)
        message = stream.get_final_message()

    assert text == "good morning"
    assert message.content[0].text == text
    assert message.stop_reason == "end_turn"
    assert message.usage.output_tokens == 3


def test_a_tool_is_called_and_its_result_is_taken(client):
    ask = {"model": MODEL, "max_tokens": 1_000, "tools": [ADD]}
    with client.messages.stream(messages=[ORDER], **ask) as stream:
        first = stream.get_final_message()
    [call] = [block for block in first.content if block.type == "tool_use"]

    spoken = {"role": "assistant", "content": first.content}
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "2"}
    second = client.messages.create(
        messages=[ORDER, spoken, {"role": "user", "content": [result]}], **ask
    )

    assert first.stop_reason == "tool_use"
    assert (call.name, call.input) == ("add", {"a": 1})
    assert second.stop_reason == "end_turn"


def test_tokens_are_counted_before_the_call(client):
    counted = client.messages.count_tokens(model=MODEL, messages=HELLO)
    answer = client.messages.create(model=MODEL, max_tokens=1_000, messages=HELLO)

    usage = answer.usage
    assert counted.input_tokens == (
        usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens
    )


def test_models_are_listed_page_by_page(client):
    models = [model.id for model in client.models.list(limit=2)]

    assert len(models) == len(set(models)) > 4
    assert MODEL in models
    assert client.models.retrieve(MODEL).max_tokens > 0


def test_errors_come_as_the_clients_own(client, simulator):
    ask = client.messages.create

    with pytest.raises(anthropic.NotFoundError) as unknown:
        ask(model="claude-1", max_tokens=10, messages=HELLO)
    with pytest.raises(anthropic.BadRequestError) as invalid:
        ask(model=MODEL, max_tokens=10, messages=HELLO, extra_body={"seed": 1})
    with pytest.raises(anthropic.AuthenticationError):
        anthropic.Anthropic(base_url=f"{simulator}/anthropic", api_key="bad").models.list()

    assert unknown.value.body["error"]["type"] == "not_found_error"
    assert "seed: Extra inputs are not permitted" in invalid.value.message
