//! Prompts that Claude's vendor keeps when it is asked.

use serde_json::{Value, json};
use vendor_sim::Vendor;

use crate::messages::post;
use crate::seats::SEATS;
use crate::support::Rig;

fn turn(role: &str, text: &str) -> Value {
    json!({"role": role, "content": text})
}

/// Lists the marks of a question to Claude, in the order of its prompt.
fn marks(question: &Value) -> Vec<Value> {
    let system = question["system"].as_array().into_iter().flatten();
    let turns = question["messages"].as_array().unwrap().iter();
    let blocks = turns.flat_map(|turn| turn["content"].as_array().unwrap());
    let marks = system
        .chain(blocks)
        .map(|block| block["cache_control"].clone());
    marks.filter(|mark| !mark.is_null()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_callers_marks_reach_claude() {
    let five = json!({"type": "ephemeral"});
    let hour = json!({"type": "ephemeral", "ttl": "1h"});
    for mark in [five, hour] {
        let marked = json!([{"type": "text", "text": "Be brief.", "cache_control": mark}]);
        let plain = json!("Be brief.");
        let hi = json!([turn("user", "say: well")]);
        let marked_turn = json!([{"role": "user", "content": [
            {"type": "text", "text": "say: well", "cache_control": mark}]}]);
        for body in [
            json!({"system": marked, "messages": hi}),
            json!({"system": plain, "messages": marked_turn}),
            json!({"system": plain, "messages": hi, "cache_control": mark}),
        ] {
            let mut body = body;
            body["model"] = json!("claude-haiku-5-5");
            body["max_tokens"] = json!(1_000);
            let rig = Rig::new();

            let answer = post(&rig, "/v1/messages", &body).await;

            assert_eq!(answer.status, 200, "{body}: {}", answer.text);
            let found = marks(&rig.last_question(Vendor::Anthropic));
            assert_eq!(found, [mark.clone(), mark.clone()], "{body}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_conversation_that_goes_on_is_kept_and_a_first_question_is_not() {
    let rig = Rig::new();
    let mut messages = vec![turn("system", "Be brief."), turn("user", "say: one")];
    let body = |messages: &[Value]| json!({"model": "claude-haiku-5-5", "messages": messages});

    rig.chat(body(&messages).to_string()).await;
    let first = marks(&rig.last_question(Vendor::Anthropic));
    let mut later = Vec::new();
    for _ in 0..3 {
        messages.extend([turn("assistant", "one"), turn("user", "say: more")]);
        let answer = rig.chat(body(&messages).to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        later.push(marks(&rig.last_question(Vendor::Anthropic)).len());
    }

    assert_eq!(first, [Value::Null; 0]);
    assert_eq!(later, [3, 3, 3]);
}

#[tokio::test(start_paused = true)]
async fn nobody_else_hears_of_it() {
    for seat in SEATS.iter().filter(|seat| seat.provider != "anthropic") {
        let rig = seat.rig();
        let mark = json!({"type": "ephemeral"});
        let text = json!([{"type": "text", "text": "say: well", "cache_control": mark}]);
        let messages = json!([{"role": "user", "content": text}]);

        let body =
            json!({"model": seat.model, "messages": messages, "reasoning_effort": seat.calm});
        let answer = rig.chat(body.to_string()).await;

        assert_eq!(answer.status, 200, "{}: {}", seat.name, answer.text);
        let question = rig.last_question(seat.vendor).to_string();
        assert!(!question.contains("cache_control"), "{question}");
    }
}
