//! What OpenAI refuses about tools, formats and long prompts.

use serde_json::{Value, json};

use crate::client::changed;
use crate::openai_refusals::{assert_refused, base};

fn tool(name: &str) -> Value {
    json!({"type": "function", "function": {"name": name, "parameters": {"type": "object"}}})
}

#[tokio::test(start_paused = true)]
async fn tools_that_do_not_fit() {
    let base = changed(
        &base(),
        &json!({"reasoning_effort": "none", "tools": [tool("add")]}),
    );
    assert_refused(
        base,
        vec![
            (
                json!({"reasoning_effort": "low"}),
                400,
                Value::Null,
                json!("reasoning_effort"),
            ),
            (
                json!({"reasoning_effort": null}),
                400,
                Value::Null,
                json!("reasoning_effort"),
            ),
            (
                json!({"tools": []}),
                400,
                json!("empty_array"),
                json!("tools"),
            ),
            (
                json!({"tools": [tool("a b")]}),
                400,
                json!("invalid_value"),
                json!("tools[0].function.name"),
            ),
            (
                json!({"tools": [{"type": "function", "function": {"name": "a",
                    "parameters": {"type": "string"}}}]}),
                400,
                json!("invalid_function_parameters"),
                json!("tools[0].function.parameters"),
            ),
            (
                json!({"tools": [{"type": "function", "name": "a"}]}),
                400,
                json!("unknown_parameter"),
                json!("tools[0].name"),
            ),
            (
                json!({"tool_choice": {"type": "function", "function": {"name": "x"}}}),
                400,
                Value::Null,
                json!("tool_choice"),
            ),
            (
                json!({"tool_choice": "any"}),
                400,
                json!("invalid_value"),
                json!("tool_choice"),
            ),
            (
                json!({"tools": null, "tool_choice": "auto"}),
                400,
                Value::Null,
                json!("tool_choice"),
            ),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn tool_calls_without_their_results() {
    let call = json!({"role": "assistant", "content": null, "tool_calls": [
        {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": "{}"}}]});
    let result = json!({"role": "tool", "tool_call_id": "call_1", "content": "3"});
    let user = json!({"role": "user", "content": "hi"});
    let base = changed(
        &base(),
        &json!({"reasoning_effort": "none", "tools": [tool("add")],
            "messages": [user, call, result]}),
    );
    let other = json!({"role": "tool", "tool_call_id": "call_2", "content": "3"});
    assert_refused(
        base,
        vec![
            (
                json!({"messages": [user, call]}),
                400,
                Value::Null,
                json!("messages.[1].role"),
            ),
            (
                json!({"messages": [user, call, user]}),
                400,
                Value::Null,
                json!("messages.[1].role"),
            ),
            (
                json!({"messages": [user, result]}),
                400,
                Value::Null,
                json!("messages.[1].role"),
            ),
            (
                json!({"messages": [user, call, other]}),
                400,
                Value::Null,
                json!("messages.[2].tool_call_id"),
            ),
            (
                json!({"messages": [user, {"role": "assistant", "content": null}]}),
                400,
                Value::Null,
                json!("messages[1].content"),
            ),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn formats_that_do_not_fit() {
    let format = |schema: Value| {
        json!({"response_format": {"type": "json_schema", "json_schema": {
            "name": "answer", "strict": true, "schema": schema}}})
    };
    let properties = json!({"a": {"type": "string"}});
    let good = json!({"type": "object", "properties": properties, "required": ["a"],
        "additionalProperties": false});
    assert_refused(
        changed(&base(), &format(good)),
        vec![
            (
                format(json!({"type": "object", "properties": properties, "required": ["a"]})),
                400,
                json!("invalid_json_schema"),
                json!("response_format"),
            ),
            (
                format(json!({"type": "object", "properties": properties,
                    "additionalProperties": false})),
                400,
                json!("invalid_json_schema"),
                json!("response_format"),
            ),
            (
                json!({"response_format": {"type": "json_schema", "json_schema": {"name": "a"}}}),
                400,
                json!("missing_required_parameter"),
                json!("response_format.json_schema.schema"),
            ),
            (
                json!({"response_format": {"type": "xml"}}),
                400,
                json!("invalid_value"),
                json!("response_format.type"),
            ),
            (
                json!({"response_format": {"type": "json_object"}}),
                400,
                Value::Null,
                json!("messages"),
            ),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn prompts_that_are_too_long() {
    let long = |tokens: usize| json!([{"role": "user", "content": "abcd".repeat(tokens)}]);
    let code = json!("context_length_exceeded");
    let base = changed(
        &base(),
        &json!({"model": "gpt-4o-mini", "messages": long(127_000)}),
    );
    assert_refused(
        base,
        vec![
            (
                json!({"messages": long(127_997)}),
                400,
                code.clone(),
                json!("messages"),
            ),
            (
                json!({"max_completion_tokens": 1_000}),
                400,
                code.clone(),
                json!("messages"),
            ),
            (
                json!({"model": "gpt-6-luna", "messages": long(922_000)}),
                400,
                code,
                json!("messages"),
            ),
        ],
    )
    .await;
}
