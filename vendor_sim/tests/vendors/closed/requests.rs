//! A request of each vendor that has every member there is.

use serde_json::{Value, json};
use vendor_sim::Vendor;

/// Returns them, each with the status that a wrong member earns.
pub(super) fn all() -> [(Vendor, Value, u16); 6] {
    [
        (Vendor::OpenAi, openai(), 400),
        (Vendor::Anthropic, anthropic(), 400),
        (Vendor::Google, google(), 400),
        (Vendor::Vertex, vertex(), 400),
        (Vendor::Mistral, mistral(), 422),
        (Vendor::Groq, groq(), 400),
    ]
}

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

fn google() -> Value {
    let schema = json!({"type": "OBJECT", "title": "t", "description": "d", "nullable": false,
        "properties": {"a": {"type": "STRING", "enum": ["x"], "format": "enum"},
            "b": {"type": "ARRAY", "minItems": "1", "maxItems": 2, "items": {"type": "NUMBER",
                "minimum": 0, "maximum": 9}},
            "c": {"anyOf": [{"type": "NULL"}, {"type": "STRING", "pattern": "x"}]}},
        "required": ["a"], "propertyOrdering": ["a"]});
    json!({
        "systemInstruction": {"role": "user", "parts": [{"text": "be brief"}]},
        "contents": [
            {"role": "user", "parts": [
                {"text": "hi", "partMetadata": {"a": 1}},
                {"inlineData": {"mimeType": "video/mp4", "data": "aGk="},
                    "videoMetadata": {"startOffset": "1s", "endOffset": "2s", "fps": 1},
                    "mediaResolution": {"level": "MEDIA_RESOLUTION_LOW"}},
                {"fileData": {"mimeType": "image/png", "fileUri": "https://a/b.png"}},
            ]},
            {"role": "model", "parts": [
                {"text": "hm", "thought": true},
                {"functionCall": {"id": "1", "name": "add", "args": {}},
                    "thoughtSignature": "skip_thought_signature_validator"},
            ]},
            {"role": "user", "parts": [{"functionResponse": {"id": "1", "name": "add",
                "response": {}, "willContinue": false, "scheduling": "SILENT",
                "parts": [{"inlineData": {"mimeType": "image/png", "data": "aGk="}}]}}]},
        ],
        "tools": [{"functionDeclarations": [{"name": "add", "description": "d",
            "behavior": "BLOCKING", "parametersJsonSchema": {}, "responseJsonSchema": {}}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY",
            "allowedFunctionNames": ["add"]}},
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"}],
        "generationConfig": {"candidateCount": 1, "stopSequences": ["x"], "maxOutputTokens": 9,
            "temperature": 0.5, "topP": 0.5, "topK": 4, "seed": 1,
            "responseMimeType": "application/json", "responseSchema": schema,
            "responseModalities": ["TEXT"], "mediaResolution": "MEDIA_RESOLUTION_HIGH",
            "responseLogprobs": false,
            "thinkingConfig": {"includeThoughts": true, "thinkingLevel": "LOW"}},
        "store": false,
    })
}

/// As [`google`], with what Vertex alone has and without what it has not.
fn vertex() -> Value {
    let mut request = google();
    let remove =
        |value: &mut Value, member: &str| drop(value.as_object_mut().unwrap().remove(member));
    remove(&mut request, "store");
    remove(&mut request["contents"][0]["parts"][0], "partMetadata");
    let response = &mut request["contents"][2]["parts"][0]["functionResponse"];
    remove(response, "willContinue");
    response["parts"][0]["inlineData"]["displayName"] = json!("n");
    let schema = &mut request["generationConfig"]["responseSchema"];
    schema["defs"] = json!({"d": {"type": "STRING"}});
    schema["properties"]["d"] = json!({"ref": "#/defs/d"});
    request["labels"] = json!({"team": "a"});
    request["safetySettings"][0]["method"] = json!("SEVERITY");
    request
}

fn mistral() -> Value {
    let schema = json!({"type": "object", "properties": {}});
    let call = json!({"id": "a1B2c3D4e", "type": "function", "index": 0,
        "function": {"name": "add", "arguments": {"a": 1}}});
    json!({
        "model": "mistral-medium-3-5",
        "messages": [
            {"role": "system", "content": [
                {"type": "text", "text": "be brief"},
                {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
            ]},
            {"role": "user", "content": [
                {"type": "text", "text": "hi"},
                {"type": "image_url", "image_url": {"url": "https://a/b.png", "detail": "low"}},
                {"type": "document_url", "document_url": "https://a/b", "document_name": "b"},
                {"type": "reference", "reference_ids": [1]},
                {"type": "file", "file_id": "f"},
            ]},
            {"role": "assistant", "tool_calls": [call], "content": [
                {"type": "thinking", "closed": true, "thinking": [
                    {"type": "tool_reference", "tool": "web_search", "title": "t", "url": "u",
                        "favicon": "f", "description": "d"},
                    {"type": "reference", "reference_ids": [1]},
                ]},
            ]},
            {"role": "tool", "tool_call_id": "a1B2c3D4e", "name": "add", "content": "3"},
            {"role": "assistant", "content": "so", "prefix": true},
        ],
        "temperature": 0.5, "top_p": 0.5, "n": 1, "random_seed": 1, "stop": ["x"],
        "max_tokens": 50, "frequency_penalty": 0.5, "presence_penalty": 0.5,
        "metadata": {"a": "b"}, "parallel_tool_calls": true, "prompt_cache_key": "k",
        "prediction": {"type": "content", "content": "c"}, "reasoning_effort": "none",
        "safe_prompt": false, "stream": false,
        "guardrails": [{"block_on_error": true}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "a",
            "description": "d", "strict": true, "schema": schema}},
        "tools": [{"type": "function", "function": {"name": "add", "description": "d",
            "strict": false, "parameters": {"type": "object"}}}],
        "tool_choice": {"type": "function", "function": {"name": "add"}},
    })
}

fn groq() -> Value {
    let schema = json!({"type": "object", "properties": {}, "additionalProperties": false,
        "required": []});
    json!({
        "model": "qwen/qwen3.8-27b",
        "messages": [
            {"role": "system", "content": [{"type": "text", "text": "be brief"}], "name": "boss"},
            {"role": "user", "name": "ann", "content": [
                {"type": "text", "text": "hi"},
                {"type": "image_url", "image_url": {"url": "https://a/b.png", "detail": "low"}},
            ]},
            {"role": "assistant", "content": "so", "name": "bot", "reasoning": "hm",
                "tool_calls": [{"id": "call_1", "type": "function",
                    "function": {"name": "add", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "call_1", "content": "3"},
        ],
        "disable_tool_validation": false, "max_completion_tokens": 50, "n": 1,
        "parallel_tool_calls": true, "reasoning_effort": "none", "reasoning_format": "parsed",
        "seed": 1, "service_tier": "auto", "stop": ["x"], "stream": false, "temperature": 0.5,
        "top_p": 0.5, "user": "u",
        "response_format": {"type": "json_schema", "json_schema": {"name": "a",
            "description": "d", "strict": true, "schema": schema}},
        "tools": [{"type": "function", "function": {"name": "add", "description": "d",
            "strict": false, "parameters": {"type": "object"}}}],
        "tool_choice": {"type": "function", "function": {"name": "add"}},
    })
}
