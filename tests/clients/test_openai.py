"""The official OpenAI client against the gateway's `/v1`."""

import json

import openai
import pytest


@pytest.fixture
def client(gateway):
    with openai.OpenAI(base_url=f"{gateway}/v1", api_key="unused", max_retries=0) as client:
        yield client


def test_a_chat_is_answered_by_any_vendor(client):
    for model in ["auto", "gpt-6-luna", "claude-haiku-5-5"]:
        answer = client.chat.completions.create(
            model=model,
            messages=[
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": [{"type": "text", "text": "say: good morning"}]},
            ],
        )

        assert answer.choices[0].message.content == "good morning"
        assert answer.choices[0].finish_reason == "stop"
        assert answer.usage.total_tokens == (
            answer.usage.prompt_tokens + answer.usage.completion_tokens
        )


def test_the_headers_account_for_the_call(client):
    raw = client.chat.completions.with_raw_response.create(
        model="gpt-6-luna", messages=[{"role": "user", "content": "hi"}]
    )

    assert raw.headers["x-gateway-provider"] == "openai"
    assert raw.headers["x-gateway-model"] == "gpt-6-luna"
    assert raw.headers["x-gateway-attempts"] == "1"
    assert float(raw.headers["x-gateway-cost-usd"]) > 0
    assert raw.headers["x-gateway-request-id"].startswith("req_")


def test_models_are_listed(client):
    names = {model.id for model in client.models.list()}

    assert {"auto", "gpt-6-luna", "claude-opus-5-5"} <= names
    assert client.models.retrieve("gpt-6-luna").owned_by == "openai"


def test_errors_come_as_the_clients_own(client):
    ask = client.chat.completions.create
    hello = [{"role": "user", "content": "hi"}]

    with pytest.raises(openai.NotFoundError) as unknown:
        ask(model="gpt-6-lunar", messages=hello)
    with pytest.raises(openai.BadRequestError) as invalid:
        ask(model="auto", messages=hello, temperature=9)

    assert unknown.value.code == "model_not_found"
    assert "gpt-6-luna" in unknown.value.message
    assert "temperature" in invalid.value.message


# One model of each vendor, at an effort where a short answer needs no room to think.
VENDORS = {
    "openai": {"model": "gpt-6-luna"},
    "anthropic": {"model": "claude-haiku-5-5"},
    "google": {"model": "gemini-2.5-flash"},
    "mistral": {"model": "mistral-small-2603"},
    "groq": {"model": "qwen/qwen3.8-27b"},
}
ADD = {
    "type": "function",
    "function": {
        "name": "add",
        "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}},
    },
}


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_stream_adds_up(client, vendor):
    stream = client.chat.completions.create(
        messages=[{"role": "user", "content": "say: good morning to all of you"}],
        stream=True,
        stream_options={"include_usage": True},
        **VENDORS[vendor],
    )
    chunks = list(stream)

    deltas = [choice.delta.content or "" for chunk in chunks for choice in chunk.choices]
    assert "".join(deltas) == "good morning to all of you"
    assert len([delta for delta in deltas if delta]) > 1
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage.total_tokens > 0


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_tool_is_called_and_its_result_is_taken(client, vendor):
    ask = {"role": "user", "content": 'call tool add {"a": 1}'}
    with client.chat.completions.stream(
        messages=[ask], tools=[ADD], **VENDORS[vendor]
    ) as stream:
        first = stream.get_final_completion().choices[0].message
    [call] = first.tool_calls
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

    second = client.chat.completions.create(
        messages=[ask, spoken, result], tools=[ADD], **VENDORS[vendor]
    )

    assert (call.function.name, call.function.arguments) == ("add", '{"a":1}')
    assert second.choices[0].finish_reason == "stop"


@pytest.mark.parametrize("vendor", VENDORS)
def test_an_answer_keeps_to_its_schema(client, vendor):
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    }
    answer = client.chat.completions.create(
        messages=[{"role": "user", "content": "Where? Answer in JSON."}],
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "place", "schema": schema, "strict": True},
        },
        **VENDORS[vendor],
    )

    assert set(json.loads(answer.choices[0].message.content)) == {"city"}


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_picture_is_seen(client, vendor):
    pixel = (
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk"
        "+A8AAQUBAScY42YAAAAASUVORK5CYII="
    )
    answer = client.chat.completions.create(
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "say: a pixel"},
                    {"type": "image_url", "image_url": {"url": pixel}},
                ],
            }
        ],
        **VENDORS[vendor],
    )

    assert answer.choices[0].message.content == "a pixel"


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_stream_that_is_left_is_no_harm(client, vendor):
    stream = client.chat.completions.create(
        messages=[{"role": "user", "content": "say: " + "word " * 500}],
        stream=True,
        **VENDORS[vendor],
    )
    next(iter(stream))
    stream.close()

    answer = client.chat.completions.create(
        messages=[{"role": "user", "content": "say: still here"}], **VENDORS[vendor]
    )
    assert answer.choices[0].message.content == "still here"
