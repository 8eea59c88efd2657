"""Google's and Anthropic's official clients against the simulated Google, so that the adapter is
tested against something that they accept."""

import anthropic
import pytest
from google import genai
from google.auth import compute_engine
from google.auth.compute_engine import _metadata
from google.genai import errors, types

MODEL = "gemini-3.8-flash"
PROJECT = "simulated-project"
SERVICES = ["gemini v1", "gemini v1beta", "vertex v1", "vertex v1beta1"]


def options(address, version=None):
    return types.HttpOptions(
        base_url=address, api_version=version, retry_options=types.HttpRetryOptions(attempts=1)
    )


def gemini(simulator, version=None, key="test"):
    return genai.Client(api_key=key, http_options=options(f"{simulator}/google", version))


@pytest.fixture
def metadata_server(simulator, monkeypatch):
    """Leads Google's client library to the simulated metadata server."""
    host = simulator.removeprefix("http://")
    # The library reads GCE_METADATA_HOST when it is imported, which has happened.
    monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", host)
    monkeypatch.setenv("GCE_METADATA_IP", host)
    return host


@pytest.fixture(params=SERVICES)
def client(request, simulator, metadata_server):
    service, version = request.param.split()
    if service == "gemini":
        return gemini(simulator, version)
    return genai.Client(
        vertexai=True,
        project=PROJECT,
        location="global",
        credentials=compute_engine.Credentials(),
        http_options=options(f"{simulator}/vertex", version),
    )


def test_a_chat_is_answered(client):
    answer = client.models.generate_content(model=MODEL, contents="say: good morning")

    usage = answer.usage_metadata
    assert answer.text == "good morning"
    assert answer.candidates[0].finish_reason == types.FinishReason.STOP
    assert answer.model_version == MODEL
    assert usage.total_token_count == (
        usage.prompt_token_count + usage.candidates_token_count + usage.thoughts_token_count
    )


def test_a_chat_is_streamed(client):
    stream = client.models.generate_content_stream(model=MODEL, contents="say: good morning all")
    chunks = list(stream)

    assert "".join(chunk.text or "" for chunk in chunks) == "good morning all"
    assert len(chunks) > 2
    assert chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP
    assert chunks[-1].usage_metadata.thoughts_token_count > 0


def test_tokens_are_counted(client):
    count = client.models.count_tokens(model=MODEL, contents="say: good morning")

    assert count.total_tokens == 9


def test_models_are_listed_by_pages(client):
    names = {model.name.rpartition("/")[2] for model in client.models.list(config={"page_size": 4})}

    assert {"gemini-4-argon", "gemini-2.5-flash-lite", MODEL} <= names


def test_a_function_is_called_and_its_signature_is_returned(client):
    add = types.FunctionDeclaration(
        name="add",
        description="Adds.",
        parameters_json_schema={"type": "object", "properties": {"a": {"type": "integer"}}},
    )
    config = types.GenerateContentConfig(tools=[types.Tool(function_declarations=[add])])
    asked = types.UserContent('call tool add {"a": 1}')
    answer = client.models.generate_content(model=MODEL, contents=[asked], config=config)
    (call,) = answer.function_calls
    calling = answer.candidates[0].content
    part = types.Part(
        function_response=types.FunctionResponse(id=call.id, name=call.name, response={"sum": 2})
    )
    dialogue = [asked, calling, types.UserContent(part)]

    after = client.models.generate_content(model=MODEL, contents=dialogue, config=config)
    calling.parts[0].thought_signature = None
    with pytest.raises(errors.ClientError) as unsigned:
        client.models.generate_content(model=MODEL, contents=dialogue, config=config)

    assert (call.name, call.args) == ("add", {"a": 1})
    assert after.text.startswith("Simulated answer")
    assert "thought_signature" in unsigned.value.message


def test_a_schema_is_followed(client):
    schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}}
    answer = client.models.generate_content(
        model=MODEL,
        contents="is it?",
        config={"response_mime_type": "application/json", "response_json_schema": schema},
    )

    assert answer.parsed == {"ok": True}


def test_errors_are_told_in_googles_words(client):
    with pytest.raises(errors.ClientError) as unknown:
        client.models.generate_content(model="gemini-pro", contents="hi")
    with pytest.raises(errors.ClientError) as invalid:
        client.models.generate_content(model=MODEL, contents="hi", config={"temperature": 3})

    assert (unknown.value.code, unknown.value.status) == (404, "NOT_FOUND")
    assert (invalid.value.code, invalid.value.status) == (400, "INVALID_ARGUMENT")
    assert "temperature" in invalid.value.message


def test_a_bad_key_is_a_bad_request(simulator):
    client = gemini(simulator, key="bad-key")
    with pytest.raises(errors.ClientError) as bad:
        client.models.generate_content(model=MODEL, contents="hi")

    assert bad.value.code == 400
    assert bad.value.details["error"]["details"][0]["reason"] == "API_KEY_INVALID"


def test_a_foreign_token_is_refused(simulator):
    client = anthropic.AnthropicVertex(
        project_id=PROJECT,
        region="global",
        access_token="ya29.foreign",
        base_url=f"{simulator}/vertex/v1",
        max_retries=0,
    )
    with pytest.raises(anthropic.AuthenticationError):
        client.messages.create(
            model="claude-haiku-5-5", max_tokens=9, messages=[{"role": "user", "content": "hi"}]
        )


@pytest.fixture
def claude(simulator, metadata_server):
    return anthropic.AnthropicVertex(
        project_id=PROJECT,
        region="global",
        credentials=compute_engine.Credentials(),
        base_url=f"{simulator}/vertex/v1",
        max_retries=0,
    )


HELLO = [{"role": "user", "content": "say: good morning"}]


def test_claude_answers_on_vertex(claude):
    answer = claude.messages.create(
        model="claude-haiku-4-5@20251001", max_tokens=100, messages=HELLO
    )

    assert answer.content[0].text == "good morning"
    assert answer.stop_reason == "end_turn"


def test_claude_streams_on_vertex(claude):
    with claude.messages.stream(
        model="claude-haiku-5-5", max_tokens=1000, messages=HELLO
    ) as stream:
        text = "".join(stream.text_stream)

    assert text == "good morning"


def test_claude_counts_and_refuses_on_vertex(claude):
    count = claude.messages.count_tokens(model="claude-haiku-5-5", messages=HELLO)
    with pytest.raises(anthropic.NotFoundError):
        claude.messages.create(model="claude-haiku-4-5", max_tokens=100, messages=HELLO)

    assert count.input_tokens == 9
