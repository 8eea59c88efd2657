"""The official OpenAI client against the gateway's `/v1`."""

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
