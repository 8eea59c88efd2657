//! Requests are closed at every level: one wrong member anywhere is refused.

use serde_json::{Value, json};
use vendor_sim::{Simulator, Vendor};

use crate::client;

/// Members whose content is the caller's own.
const FREE: [&str; 6] = [
    "parameters",
    "schema",
    "input_schema",
    "input",
    "metadata",
    "logit_bias",
];

fn openai() -> Value {
    let schema = json!({"type": "object", "properties": {}, "additionalProperties": false});
    json!({
        "model": "gpt-4.1",
        "messages": [
            {"role": "system", "content": [{"type": "text", "text": "Answer in json"}]},
            {"role": "developer", "content": "be brief", "name": "boss"},
            {"role": "user", "name": "ann", "content": [
                {"type": "text", "text": "hi", "prompt_cache_breakpoint": {"mode": "explicit"}},
                {"type": "image_url", "image_url": {"url": "https://a/b.png", "detail": "low"}},
                {"type": "file", "file": {"file_id": "file-1"}},
            ]},
            {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}],
                "tool_calls": [{"id": "call_1", "type": "function",
                    "function": {"name": "add", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "call_1", "content": "3"},
        ],
        "temperature": 0.5, "top_p": 0.5, "n": 1, "seed": 1, "stop": ["x"], "max_tokens": 50,
        "frequency_penalty": 0.5, "presence_penalty": 0.5, "logit_bias": {"1": 1},
        "logprobs": true, "top_logprobs": 1, "metadata": {"a": "b"}, "parallel_tool_calls": true,
        "prompt_cache_key": "k", "prompt_cache_options": {"mode": "implicit", "ttl": "30m"},
        "prompt_cache_retention": "24h", "safety_identifier": "s", "service_tier": "auto",
        "store": false, "stream": true, "stream_options": {"include_usage": true,
            "include_obfuscation": false}, "user": "u", "verbosity": "medium",
        "response_format": {"type": "json_schema", "json_schema": {"name": "a",
            "description": "d", "strict": true, "schema": schema}},
        "tools": [{"type": "function", "function": {"name": "add", "description": "d",
            "strict": false, "parameters": {"type": "object"}}}],
        "tool_choice": {"type": "function", "function": {"name": "add"}},
    })
}

fn anthropic() -> Value {
    let mark = json!({"type": "ephemeral", "ttl": "5m"});
    let schema = json!({"type": "object", "additionalProperties": false});
    json!({
        "model": "claude-sonnet-4-6", "max_tokens": 5_000,
        "system": [{"type": "text", "text": "be brief", "cache_control": mark}],
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "hi", "cache_control": mark},
                {"type": "image", "source": {"type": "url", "url": "https://a/b.png"}},
                {"type": "image", "source": {"type": "base64", "data": "aGk=",
                    "media_type": "image/png"}},
                {"type": "document", "title": "t", "context": "c", "citations": {"enabled": true},
                    "source": {"type": "text", "data": "d", "media_type": "text/plain"}},
            ]},
            {"role": "assistant", "content": [
                {"type": "redacted_thinking", "data": "x"},
                {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {},
                    "caller": {"type": "direct"}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "is_error": true,
                    "content": [{"type": "text", "text": "3"}]},
            ]},
        ],
        "metadata": {"user_id": "u"}, "service_tier": "auto", "speed": "fast",
        "inference_geo": "us", "stop_sequences": ["x"], "stream": false,
        "thinking": {"type": "adaptive", "display": "omitted"},
        "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": schema}},
        "tools": [{"name": "add", "type": "custom", "description": "d", "strict": true,
            "input_schema": {"type": "object"}, "cache_control": mark}],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": true},
    })
}

/// Tells whether the vendor does not look below `place`.
fn is_free(place: &str) -> bool {
    FREE.iter().any(|name| place.ends_with(&format!("/{name}")))
}

/// Returns the JSON pointers of `value` and of all that is below, free content
/// left out.
fn places(value: &Value, place: &str) -> Vec<String> {
    let below = |name: &str, value: &Value| places(value, &format!("{place}/{name}"));
    let mut found = vec![place.to_owned()];
    match value {
        _ if is_free(place) => {}
        Value::Object(members) => {
            found.extend(members.iter().flat_map(|(name, value)| below(name, value)));
        }
        Value::Array(values) => {
            let numbered = values.iter().enumerate();
            found.extend(numbered.flat_map(|(index, value)| below(&index.to_string(), value)));
        }
        _ => {}
    }
    found
}

async fn status(simulator: &Simulator, vendor: Vendor, body: &Value) -> u16 {
    client::complete(simulator, vendor, body)
        .await
        .unwrap()
        .status
        .as_u16()
}

#[tokio::test(start_paused = true)]
async fn an_unknown_member_is_refused_in_every_object() {
    let simulator = Simulator::new(1);
    for (vendor, good) in [(Vendor::OpenAi, openai()), (Vendor::Anthropic, anthropic())] {
        assert_eq!(status(&simulator, vendor, &good).await, 200, "{vendor}");
        let mut objects = 0;
        for place in places(&good, "")
            .into_iter()
            .filter(|place| !is_free(place))
        {
            let mut body = good.clone();
            let Some(Value::Object(members)) = body.pointer_mut(&place) else {
                continue;
            };
            members.insert("zzz".to_owned(), json!(1));
            objects += 1;

            assert_eq!(
                status(&simulator, vendor, &body).await,
                400,
                "{vendor} at {place:?}"
            );
        }
        assert!(objects > 15, "{vendor}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_free_content_is_null() {
    let simulator = Simulator::new(1);
    let nullable = |place: &str| ["/metadata", "/logit_bias"].contains(&place);
    for (vendor, good) in [(Vendor::OpenAi, openai()), (Vendor::Anthropic, anthropic())] {
        for place in places(&good, "")
            .iter()
            .filter(|place| is_free(place) && !nullable(place))
        {
            let mut body = good.clone();
            *body.pointer_mut(place).unwrap() = Value::Null;

            assert_eq!(
                status(&simulator, vendor, &body).await,
                400,
                "{vendor} at {place:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_of_another_type_is_refused_everywhere() {
    let simulator = Simulator::new(1);
    for (vendor, good) in [(Vendor::OpenAi, openai()), (Vendor::Anthropic, anthropic())] {
        for place in places(&good, "").iter().skip(1) {
            for wrong in [
                json!({"zzz": 1}),
                json!([[1]]),
                json!(1e300),
                json!("zzz\u{0}"),
            ] {
                let mut body = good.clone();
                let value = body.pointer_mut(place).unwrap();
                let same_type = std::mem::discriminant(value) == std::mem::discriminant(&wrong)
                    || (value.is_array() && wrong.is_string() && place.ends_with("content"))
                    || (value.is_string() && wrong.is_array() && place.ends_with("content"))
                    || (value.is_array() && wrong.is_string() && place.ends_with("stop"))
                    || (value.is_array() && wrong.is_string() && place.ends_with("system"));
                if same_type {
                    continue;
                }
                *value = wrong.clone();

                let got = status(&simulator, vendor, &body).await;

                assert_eq!(got, 400, "{vendor} with {wrong} at {place:?}");
            }
        }
    }
}
