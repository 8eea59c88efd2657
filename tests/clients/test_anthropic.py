"""The official Anthropic client against the gateway's `/v1/messages`."""

import json

import anthropic
import pytest


@pytest.fixture
def client(gateway):
    with anthropic.Anthropic(base_url=gateway, api_key="unused", max_retries=0) as client:
        yield client


# One model of each vendor, which needs no room to think for a short answer.
VENDORS = {
    "openai": "gpt-6-luna",
    "anthropic": "claude-haiku-5-5",
    "google": "gemini-2.5-flash",
    "mistral": "mistral-small-2603",
    "groq": "qwen/qwen3.8-27b",
}
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
)
ADD = {
    "name": "add",
    "description": "Adds.",
    "input_schema": {"type": "object", "properties": {"a": {"type": "integer"}}},
}


def said(text):
    return [{"role": "user", "content": text}]


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_message_is_answered(client, vendor):
    answer = client.messages.create(
        model=VENDORS[vendor],
        max_tokens=1000,
        system=[{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        messages=said("say: good morning"),
    )

    assert [block.text for block in answer.content] == ["good morning"]
    assert answer.stop_reason == "end_turn"
    assert answer.usage.input_tokens > 0
    assert answer.usage.output_tokens > 0


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_stream_adds_up(client, vendor):
    with client.messages.stream(
        model=VENDORS[vendor],
        max_tokens=1000,
        messages=said("say: good morning to all of you"),
    ) as stream:
        pieces = list(stream.text_stream)
        message = stream.get_final_message()

    assert "".join(pieces) == message.content[0].text == "good morning to all of you"
    assert len(pieces) > 1
    assert message.stop_reason == "end_turn"
    assert message.usage.input_tokens > 0
    assert message.usage.output_tokens > 0


@pytest.mark.parametrize("is_streamed", [False, True])
@pytest.mark.parametrize("vendor", VENDORS)
def test_a_tool_is_called_and_its_result_is_taken(client, vendor, is_streamed):
    common = {"model": VENDORS[vendor], "max_tokens": 1000, "tools": [ADD]}
    ask = said('call tool add {"a": 1}')
    if is_streamed:
        with client.messages.stream(messages=ask, **common) as stream:
            first = stream.get_final_message()
    else:
        first = client.messages.create(messages=ask, **common)
    [call] = [block for block in first.content if block.type == "tool_use"]
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "2"}

    second = client.messages.create(
        messages=[
            *ask,
            {"role": "assistant", "content": first.content},
            {"role": "user", "content": [result, {"type": "text", "text": "say: two"}]},
        ],
        **common,
    )

    assert first.stop_reason == "tool_use"
    assert (call.name, call.input) == ("add", {"a": 1})
    assert second.content[0].text == "two"


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_picture_is_seen(client, vendor):
    source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    answer = client.messages.create(
        model=VENDORS[vendor],
        max_tokens=1000,
        messages=said(
            [{"type": "image", "source": source}, {"type": "text", "text": "say: a pixel"}]
        ),
    )

    assert answer.content[0].text == "a pixel"


@pytest.mark.parametrize("vendor", VENDORS)
def test_an_answer_keeps_to_its_schema(client, vendor):
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    }
    answer = client.messages.create(
        model=VENDORS[vendor],
        max_tokens=1000,
        messages=said("Where? Answer in JSON."),
        output_config={"format": {"type": "json_schema", "schema": schema}},
    )

    assert set(json.loads(answer.content[0].text)) == {"city"}


def test_thoughts_come_back_and_may_be_sent_again(client):
    answer = client.messages.create(
        model="claude-sonnet-5-5",
        max_tokens=2000,
        thinking={"type": "adaptive"},
        output_config={"effort": "high"},
        messages=said("say: well"),
    )
    again = client.messages.create(
        model="claude-sonnet-5-5",
        max_tokens=2000,
        messages=[
            *said("say: well"),
            {"role": "assistant", "content": answer.content},
            *said("say: again"),
        ],
    )

    assert again.content[-1].text == "again"


def test_tokens_are_counted(client):
    few = client.messages.count_tokens(model="auto", messages=said("hi"))
    many = client.messages.count_tokens(model="auto", messages=said("word " * 1000))

    assert 0 < few.input_tokens < 20 < 900 < many.input_tokens


def test_errors_come_as_the_clients_own(client):
    def ask(**more):
        return client.messages.create(**{"max_tokens": 10, "messages": said("hi"), **more})

    with pytest.raises(anthropic.NotFoundError) as unknown:
        ask(model="claude-nothing-9")
    with pytest.raises(anthropic.BadRequestError) as invalid:
        ask(model="auto", extra_body={"temperature": 9})
    with pytest.raises(anthropic.BadRequestError) as server_tool:
        ask(model="auto", tools=[{"type": "web_search_20250305", "name": "web_search"}])

    assert unknown.value.body["error"]["type"] == "not_found_error"
    assert "temperature" in str(invalid.value)
    assert "tools[0].type" in str(server_tool.value)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_stream_that_is_left_is_no_harm(client, vendor):
    with client.messages.stream(
        model=VENDORS[vendor], max_tokens=2000, messages=said("say: " + "word " * 500)
    ) as stream:
        next(iter(stream.text_stream))

    answer = client.messages.create(
        model=VENDORS[vendor], max_tokens=100, messages=said("say: still here")
    )
    assert answer.content[0].text == "still here"
