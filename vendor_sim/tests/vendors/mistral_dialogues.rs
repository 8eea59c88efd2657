//! What Mistral refuses about the order of messages, and about tools.

use serde_json::{Value, json};

use crate::client::changed;
use crate::mistral_refusals::{base, refused};

fn tool(name: &str) -> Value {
    json!({"type": "function", "function": {"name": name, "parameters": {"type": "object"}}})
}

fn says(role: &str) -> Value {
    json!({"role": role, "content": "hi"})
}

fn calls(id: &str) -> Value {
    json!({"role": "assistant", "content": "", "tool_calls": [
        {"id": id, "type": "function", "function": {"name": "add", "arguments": "{}"}}]})
}

fn result(id: &str) -> Value {
    json!({"role": "tool", "tool_call_id": id, "content": "3"})
}

/// A list of messages, and the code and message it earns.
type Case = (Vec<Value>, &'static str, &'static str);

async fn assert_refused(good: Vec<Value>, cases: Vec<Case>) {
    let base = changed(&base(), &json!({"messages": good}));
    for (messages, code, message) in cases {
        let changes = json!({"messages": messages});

        let answer = refused(&base, &changes).await;

        assert_eq!(answer.status, 400, "{changes}: {}", answer.text());
        assert_eq!(
            (answer.at("/code"), answer.at("/message")),
            (json!(code), json!(message)),
            "{changes}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn roles_that_do_not_follow_each_other() {
    let [system, user, assistant] = ["system", "user", "assistant"].map(says);
    let prefix = changed(&assistant, &json!({"prefix": true}));
    let silent = json!({"role": "assistant", "content": null});
    let last = "Expected last role User or Tool (or Assistant with prefix True) for serving but \
                got assistant";
    assert_refused(
        vec![
            system.clone(),
            user.clone(),
            user.clone(),
            assistant.clone(),
            assistant.clone(),
            user.clone(),
            prefix.clone(),
        ],
        vec![
            (
                vec![],
                "3230",
                "Conversation must have at least one message",
            ),
            (vec![user.clone(), assistant.clone()], "3230", last),
            (
                vec![user.clone(), system.clone()],
                "3230",
                "Expected last role User or Tool (or Assistant with prefix True) for serving but \
                 got system",
            ),
            (
                vec![user.clone(), assistant.clone(), system, user.clone()],
                "3230",
                "Unexpected role 'system' after role 'assistant'",
            ),
            (
                vec![user.clone(), prefix, user.clone()],
                "3230",
                "Assistant message with prefix True must be last message",
            ),
            (
                vec![user.clone(), silent, user],
                "3240",
                "Assistant message must have either content or tool_calls, but not none.",
            ),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn calls_without_their_results() {
    let (user, id, other) = (says("user"), "a1B2c3D4e", "zzzzzzzzz");
    let twice = json!({"role": "assistant", "tool_calls": [
        calls(id)["tool_calls"][0], calls(id)["tool_calls"][0]]});
    let unequal = "Not the same number of function calls and responses";
    let bare = json!({"role": "tool", "content": "3"});
    assert_refused(
        vec![user.clone(), calls(id), result(id)],
        vec![
            (vec![user.clone(), calls(id), user.clone()], "3230", unequal),
            (
                vec![user.clone(), says("assistant"), result(id)],
                "3230",
                unequal,
            ),
            (
                vec![user.clone(), calls(id), result(id), result(id)],
                "3230",
                unequal,
            ),
            (
                vec![user.clone(), result(id)],
                "3230",
                "Unexpected role 'tool' after role 'user'",
            ),
            (
                vec![user.clone(), calls(id), result(id), user.clone()],
                "3230",
                "Unexpected role 'user' after role 'tool'",
            ),
            (
                vec![user.clone(), calls(id), result(other)],
                "3230",
                "Unexpected tool call id zzzzzzzzz in tool results",
            ),
            (
                vec![user.clone(), twice, result(id)],
                "3280",
                "Duplicate tool call id a1B2c3D4e in assistant message",
            ),
            (
                vec![user.clone(), calls("call_1"), result("call_1")],
                "3280",
                "Tool call id was call_1 but must be a-z, A-Z, 0-9, with a length of 9.",
            ),
            (
                vec![user, calls(id), bare],
                "3280",
                "Tool message has to have the tool call id defined.",
            ),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn tools_that_do_not_fit() {
    let named = json!({"type": "function", "function": {"name": "x"}});
    let mut odd_schema = tool("add");
    odd_schema["function"]["parameters"]["type"] = json!("dict");
    let base = changed(&base(), &json!({"tools": [tool("add")]}));
    for (changes, code) in [
        (json!({"tools": [tool("a b")]}), "3280"),
        (json!({"tools": [tool(&"a".repeat(65))]}), "3280"),
        (json!({"tools": [odd_schema]}), "3280"),
        (json!({"tool_choice": named}), "3051"),
        (json!({"tools": null, "tool_choice": "any"}), "3051"),
    ] {
        let answer = refused(&base, &changes).await;

        assert_eq!(answer.status, 400, "{changes}: {}", answer.text());
        assert_eq!(answer.at("/code"), code, "{changes}");
    }
}

#[tokio::test(start_paused = true)]
async fn attachments_that_cannot_be_read() {
    let with = |chunk: Value| json!({"messages": [{"role": "user", "content": [chunk]}]});
    let picture = |url: &str| with(json!({"type": "image_url", "image_url": {"url": url}}));
    let base = changed(&base(), &picture("data:image/png;base64,aGk="));
    for (changes, code) in [
        (picture("cat.png"), "3310"),
        (picture("data:image/png;base64,"), "3310"),
        (
            with(json!({"type": "input_audio", "input_audio": "aGk="})),
            "3051",
        ),
    ] {
        let answer = refused(&base, &changes).await;

        assert_eq!(answer.status, 400, "{changes}: {}", answer.text());
        assert_eq!(answer.at("/code"), code, "{changes}");
    }
}
