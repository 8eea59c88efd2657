"""The gateway's requests against the vendors' own schemas.

A referee for development: the schemas are not part of the repository. AI_GATEWAY_SPECS names their
folder (default ../shared/providers/specs); without it every test here is skipped, and says so.
"""

import copy
import itertools
import json
import os
import pathlib
import urllib.request

import jsonschema
import pytest

from conftest import ROOT, every_vendor, start_gateway

SPECS = pathlib.Path(os.environ.get("AI_GATEWAY_SPECS", ROOT.parent / "shared/providers/specs"))

pytestmark = pytest.mark.skipif(
    not SPECS.is_dir(), reason="no folder with the vendors' schemas; AI_GATEWAY_SPECS names it"
)


def closed(schema):
    """Refuses members that a schema does not list, all the way down."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {name: closed(value) for name, value in schema.items()}
    if result.get("type") == "object" and result.get("properties"):
        result.setdefault("additionalProperties", False)
    return result


def load(name):
    return json.loads((SPECS / name).read_text())


def openai():
    schema = closed(load("openai-chat-request.schema.json"))
    schema["properties"]["stream"] = {"type": ["boolean", "null"]}
    ranges = load("openai-chat.openapi.json")["components"]["schemas"]
    for part in ranges["CreateChatCompletionRequest"]["allOf"]:
        for name, rule in part.get("properties", {}).items():
            known = schema["properties"].get(name)
            bounds = {key: rule[key] for key in ("minimum", "maximum") if key in rule}
            if known and bounds:
                schema["properties"][name] = {"allOf": [known, bounds]}
    return schema


def anthropic(version="2023-06-01"):
    schema = closed(load("anthropic-messages-request.schema.json"))
    schema["properties"]["stream"] = {"type": "boolean"}
    del schema["properties"]["user_profile_id"], schema["properties"]["workspace_id"]
    if version == "2023-06-01":
        share = {"type": "number", "minimum": 0, "maximum": 1}
        schema["properties"] |= {"temperature": share, "top_p": share}
    return schema


def claude_on_vertex():
    schema = anthropic()
    del schema["properties"]["model"]
    schema["required"].remove("model")
    schema["properties"]["anthropic_version"] = {"const": "vertex-2023-10-16"}
    schema["required"].append("anthropic_version")
    return schema


def groq():
    schema = closed(load("groq-chat-request.schema.json"))
    # In the type, and documented as not supported.
    for name in ["logprobs", "top_logprobs", "logit_bias", "frequency_penalty"]:
        del schema["properties"][name]
    for name in ["presence_penalty", "metadata", "store"]:
        del schema["properties"][name]
    return schema


def mistral():
    schemas = load("mistral-chat.openapi.json")["components"]["schemas"]
    text = json.dumps(schemas).replace("#/components/schemas/", "#/$defs/")
    schemas = json.loads(text)
    return {"$ref": "#/$defs/ChatCompletionRequest", "$defs": schemas}


def gemini():
    content = load("gemini-contents.schema.json")
    config = load("gemini-generationconfig.schema.json")
    defs = content.pop("$defs") | config.pop("$defs")
    content["required"], content["properties"]["role"] = ["parts"], {"enum": ["user", "model"]}
    # What the SDK's type lets through and the API documents.
    bounds = {"temperature": (0, 2), "topP": (0, 1), "maxOutputTokens": (1, 1 << 20)}
    for name, (least, most) in bounds.items():
        config["properties"][name] = {"type": "number", "minimum": least, "maximum": most}
    config["properties"]["stopSequences"] = {"type": "array", "maxItems": 5}
    defs |= {"OneContent": content, "Config": config}
    return {
        "$defs": defs,
        "type": "object",
        "additionalProperties": False,
        "required": ["contents"],
        "properties": {
            "contents": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/OneContent"}},
            "systemInstruction": {"$ref": "#/$defs/OneContent"},
            "generationConfig": {"$ref": "#/$defs/Config"},
        },
    }


def gemini_on_vertex():
    """Turns Google's discovery dialect into JSON Schema."""

    def turned(node):
        if isinstance(node, list):
            return [turned(item) for item in node]
        if not isinstance(node, dict):
            return node
        if isinstance(node.get("$ref"), str):
            return {"$ref": f"#/$defs/{node['$ref']}"}
        kept = ("type", "properties", "items", "enum", "additionalProperties")
        result = {name: turned(node[name]) for name in kept if name in node}
        if isinstance(node.get("properties"), dict):
            result["properties"] = {k: turned(v) for k, v in node["properties"].items()}
            result.setdefault("additionalProperties", False)
        if result.get("type") == "any":
            del result["type"]
        return result

    schemas = load("vertex-aiplatform-v1.discovery.json")["schemas"]
    defs = {name: turned(schema) for name, schema in schemas.items()}
    return {"$ref": "#/$defs/GoogleCloudAiplatformV1GenerateContentRequest", "$defs": defs}


# For each way out: who is played, its schema, and what its paths contain.
REFEREES = {
    "openai": ("openai", openai, "/chat/completions"),
    "anthropic": ("anthropic", anthropic, "/v1/messages"),
    "gemini": ("google", gemini, ":generateContent"),
    "mistral": ("mistral", mistral, "/chat/completions"),
    "groq": ("groq", groq, "/chat/completions"),
    "gemini on vertex": ("vertex", gemini_on_vertex, ":generateContent"),
    "claude on vertex": ("vertex", claude_on_vertex, ":rawPredict"),
}


def ask(gateway, arguments):
    call = {"name": "unified_completion", "arguments": arguments}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    request = urllib.request.Request(
        f"{gateway}/mcp",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def questions(model, efforts):
    """Every shape that the adapters know how to write, for one model."""
    turns = [
        {"role": "system", "content": "Be brief."},
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "one"},
        {"role": "user", "content": "two"},
        {"role": "assistant", "content": "three"},
        {"role": "user", "content": "four"},
    ]
    samplings = [
        {},
        {"temperature": 2, "top_p": 1, "stop": ["a", "b", "\n", "d"], "seed": 5},
        {"temperature": 0, "seed": -5},
        {"top_p": 0.5, "stop": ["x"], "seed": 1 << 40},
    ]
    for effort, sampling in itertools.product([None, *efforts], samplings):
        common = {"model": model, "reasoning_effort": effort, **sampling}
        yield {"prompt": "hi", "system": "Be kind.", **common}
        yield {"messages": turns, "max_tokens": 20, **common}


@pytest.fixture(scope="module")
def recorded(simulator):
    """Sends all of them for every model, with keys and then through Vertex AI."""
    folder = ROOT / "config/models.yaml"
    assert folder.exists()
    for on_vertex in (False, True):
        gateway = start_gateway(every_vendor(simulator, on_vertex=on_vertex))
        try:
            with urllib.request.urlopen(f"http://{gateway.address}/v1/models") as answer:
                models = [model["id"] for model in json.load(answer)["data"]]
            models.remove("auto")
            for model in models:
                for question in questions(model, ["none", "low", "high"]):
                    ask(f"http://{gateway.address}", question)
        finally:
            gateway.stop()
    return simulator


@pytest.mark.parametrize("way", REFEREES)
def test_every_request_is_one_that_the_vendor_describes(recorded, way):
    vendor, schema, path = REFEREES[way]
    with urllib.request.urlopen(f"{recorded}/_sim/requests?vendor={vendor}") as answer:
        requests = [r for r in json.load(answer) if path in r["path"] and r["method"] == "POST"]
    validator = jsonschema.Draft202012Validator(schema())

    assert len(requests) >= 40
    for request in requests:
        faults = [fault.message for fault in validator.iter_errors(request["body"])]
        assert not faults, f"{request['body']}: {faults}"


@pytest.mark.parametrize("way", REFEREES)
def test_the_referee_refuses_what_is_not_described(way):
    _, schema, _ = REFEREES[way]
    text = {"role": "user", "parts": [{"text": "hi"}]}
    if "gemini" in way:
        good, bad = {"contents": [text]}, {"contents": [text], "prompt": "hi"}
    else:
        good = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 5}
        if "vertex" in way:
            del good["model"]
            good["anthropic_version"] = "vertex-2023-10-16"
        bad = copy.deepcopy(good) | {"prompt": "hi"}
    validator = jsonschema.Draft202012Validator(schema())

    assert validator.is_valid(good)
    assert not validator.is_valid(bad)
