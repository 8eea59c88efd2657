//! What Anthropic refuses about tools, turns and long prompts.

use serde_json::{Value, json};

use crate::anthropic_refusals::{assert_refused, base, said};
use crate::client::changed;

#[tokio::test(start_paused = true)]
async fn an_answer_that_the_client_begins() {
    let begun = |text: &str| {
        json!({"messages": [{"role": "user", "content": "hi"},
            {"role": "assistant", "content": text}]})
    };
    let base = changed(
        &base(),
        &changed(&begun("I"), &json!({"model": "claude-haiku-4-5"})),
    );
    let refused = "This model does not support assistant message prefill.";
    assert_refused(
        base,
        vec![
            (json!({"model": "claude-haiku-5-5"}), refused),
            (json!({"model": "claude-sonnet-4-6"}), refused),
            (
                begun("I "),
                "messages: final assistant content cannot end with trailing whitespace",
            ),
        ],
    )
    .await;
}

fn tool(name: &str) -> Value {
    json!({"name": name, "input_schema": {"type": "object"}})
}

#[tokio::test(start_paused = true)]
async fn tools_that_do_not_fit() {
    let forced = json!({"type": "any"});
    assert_refused(
        changed(
            &base(),
            &json!({"tools": [tool("add")], "tool_choice": forced}),
        ),
        vec![
            (
                json!({"model": "claude-opus-5-5"}),
                "Thinking may not be enabled when tool_choice",
            ),
            (
                json!({"thinking": {"type": "adaptive"}}),
                "Thinking may not be enabled when tool_choice",
            ),
            (
                json!({"tools": null}),
                "tool_choice: may only be specified while providing tools",
            ),
            (
                json!({"tools": [tool("a"), tool("a")]}),
                "tools: Tool names must be unique.",
            ),
            (
                json!({"tools": [tool("a b")]}),
                "tools.0.custom.name: String should match pattern",
            ),
            (
                json!({"tools": [{"name": "a", "input_schema": {}}]}),
                "tools.0.custom.input_schema.type: Field required",
            ),
            (
                json!({"tools": [{"name": "a", "parameters": {}}]}),
                "tools.0.parameters: Extra inputs are not permitted",
            ),
            (
                json!({"tool_choice": {"type": "tool", "name": "x"}}),
                "tool_choice.name: Tool 'x'",
            ),
            (
                json!({"tool_choice": "auto"}),
                "tool_choice: Input should be a valid dictionary",
            ),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn tool_calls_without_their_results() {
    let user = |content: Value| json!({"role": "user", "content": content});
    let hi = user(json!("hi"));
    let call = json!({"type": "tool_use", "id": "toolu_1", "name": "add", "input": {}});
    let called = json!({"role": "assistant", "content": [call]});
    let result = |id: &str| json!({"type": "tool_result", "tool_use_id": id, "content": "3"});
    let text = json!({"type": "text", "text": "and"});
    let base = changed(
        &base(),
        &json!({"tools": [tool("add")],
            "messages": [hi, called, user(json!([result("toolu_1"), text]))]}),
    );
    let unanswered = "messages.1: `tool_use` ids were found without `tool_result` blocks";
    assert_refused(
        base,
        vec![
            (json!({"messages": [hi, called, hi]}), unanswered),
            (json!({"messages": [hi, called, user(json!([text, result("toolu_1")]))]}), unanswered),
            (
                json!({"messages": [hi, called, user(json!([result("toolu_2")]))]}),
                "messages.2.content.0: unexpected `tool_use_id` found in `tool_result` blocks",
            ),
            (
                json!({"messages": [hi, called, user(json!([result("toolu_1"), result("toolu_1")]))]}),
                "messages.2.content.1: each tool_use must have a single result.",
            ),
            (
                json!({"messages": [user(json!([result("toolu_1")]))]}),
                "messages.0.content.0: unexpected `tool_use_id`",
            ),
            (
                json!({"messages": [user(json!([call]))]}),
                "messages.0: `tool_use` blocks can only be in `assistant` messages",
            ),
            (
                json!({"messages": [hi, {"role": "assistant", "content": [
                    {"type": "tool_use", "id": "call|1", "name": "add", "input": {}}]}]}),
                "messages.1.content.0.tool_use.id: String should match pattern",
            ),
            (
                json!({"messages": [hi, {"role": "assistant", "content": [
                    {"type": "tool_use", "id": "a", "name": "add", "input": "{}"}]}]}),
                "messages.1.content.0.tool_use.input: Input should be a valid dictionary",
            ),
            (json!({"tools": null}), "Requests which include `tool_use` or `tool_result` blocks"),
            (
                json!({"messages": [hi, {"role": "assistant", "content": [
                    {"type": "thinking", "thinking": "", "signature": "forged"}]}, hi]}),
                "messages.1.content.0: Invalid `signature` in `thinking` block",
            ),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn prompts_that_are_too_long() {
    let long = |tokens: usize| said(json!("abcd".repeat(tokens)));
    let base = changed(&base(), &json!({"model": "claude-haiku-4-5"}));
    assert_refused(
        base,
        vec![
            (
                long(199_997),
                "prompt is too long: 200001 tokens > 200000 maximum",
            ),
            (
                long(199_000),
                "input length and `max_tokens` exceed context limit: 199004 + 1000 > 200000",
            ),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn too_many_marks_for_the_cache() {
    let marked = json!({"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}});
    let content = |count: usize| said(Value::Array(vec![marked.clone(); count]));
    assert_refused(
        changed(&base(), &content(4)),
        vec![(
            content(5),
            "A maximum of 4 blocks with cache_control may be provided. Found 5.",
        )],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_hour_in_the_cache_behind_five_minutes() {
    let marked = |ttl: &str| json!({"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": ttl}});
    let unsaid = json!({"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}});
    let with =
        |system: Value, block: Value| changed(&said(json!([block])), &json!({"system": [system]}));
    let tool = changed(
        &tool("add"),
        &json!({"cache_control": {"type": "ephemeral"}}),
    );
    assert_refused(
        changed(&base(), &with(marked("1h"), marked("5m"))),
        vec![
            (
                with(marked("5m"), marked("1h")),
                "messages.0.content.0.cache_control.ttl: a ttl='1h' cache_control block must not",
            ),
            (
                with(unsaid, marked("1h")),
                "messages.0.content.0.cache_control.ttl: a ttl='1h' cache_control block must not",
            ),
            (
                json!({"tools": [tool]}),
                "system.0.cache_control.ttl: a ttl='1h' cache_control block must not come after",
            ),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn marks_inside_of_results() {
    let mark = json!({"cache_control": {"type": "ephemeral"}});
    let text = json!({"type": "text", "text": "2"});
    let talk = |on_part: &Value, on_result: &Value| {
        let result = json!({"type": "tool_result", "tool_use_id": "toolu_1",
            "content": [changed(&text, on_part)]});
        json!({"tools": [tool("add")], "messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": [
                {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {}}]},
            {"role": "user", "content": [changed(&result, on_result)]}]})
    };
    assert_refused(
        changed(&base(), &talk(&json!({}), &mark)),
        vec![(
            talk(&mark, &json!({})),
            "messages.2.content.0.tool_result.content.0.cache_control: cache_control may not be",
        )],
    )
    .await;
}
