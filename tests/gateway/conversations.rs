//! Conversations stay with the model that began them.

use std::time::Duration;

use serde_json::{Value, json};
use vendor_sim::{Fault, Vendor};

use crate::support::Rig;

fn turn(role: &str, content: &str) -> Value {
    json!({"role": role, "content": content})
}

/// Asks and returns the vendor that answered and the reason.
async fn ask(rig: &Rig, messages: &[Value], more: Value) -> (Vendor, String) {
    let mut arguments = json!({"messages": messages, "max_tokens": 2_000});
    arguments
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let answer = rig.complete(arguments).await;
    let vendor = match answer["provider"].as_str().unwrap() {
        "openai" => Vendor::OpenAi,
        "anthropic" => Vendor::Anthropic,
        other => panic!("{other}"),
    };
    let reason = answer["routing"]["reason"].as_str().unwrap();
    (vendor, reason.to_owned())
}

/// Begins a conversation that the first choice cannot answer just then, and
/// returns both vendors and the conversation's next turn.
async fn begun(rig: &Rig) -> (Vendor, Vendor, Vec<Value>) {
    let opening = [turn("system", "Be brief."), turn("user", "say: one")];
    let (first, _) = ask(rig, &[turn("user", "say: zero")], json!({})).await;
    // Throttling says nothing about a vendor's health.
    rig.simulator
        .push(first, Fault::RateLimited { retry_after: None });
    let (second, _) = ask(rig, &opening, json!({})).await;
    assert_ne!(first, second);
    // It is asked again when its pause is over.
    tokio::time::advance(Duration::from_secs(2)).await;
    let mut messages = opening.to_vec();
    messages.extend([turn("assistant", "one"), turn("user", "say: two")]);
    (first, second, messages)
}

#[tokio::test(start_paused = true)]
async fn a_conversation_stays_where_it_began() {
    let rig = Rig::new();
    let (first, second, mut messages) = begun(&rig).await;
    let (vendor, _) = ask(&rig, &[turn("user", "say: new")], json!({})).await;
    assert_eq!(vendor, first, "another conversation is none of it");

    for _ in 0..3 {
        let (vendor, reason) = ask(&rig, &messages, json!({})).await;

        assert_eq!(vendor, second);
        assert!(
            reason.starts_with("the conversation stays with "),
            "{reason}"
        );
        messages.extend([turn("assistant", "two"), turn("user", "say: three")]);
    }
}

#[tokio::test(start_paused = true)]
async fn instructions_that_change_change_nothing() {
    let rig = Rig::new();
    let (_, second, mut messages) = begun(&rig).await;
    messages[0] = turn("system", "Be brief. It is 12:01.");

    let (vendor, reason) = ask(&rig, &messages, json!({})).await;

    assert_eq!(vendor, second, "{reason}");
}

#[tokio::test(start_paused = true)]
async fn other_wishes_choose_anew() {
    let rig = Rig::new();
    let (first, second, messages) = begun(&rig).await;
    let only = |vendor| match vendor {
        Vendor::OpenAi => "openai",
        _ => "anthropic",
    };

    let wishes = json!({"requirements": {"providers": [only(first)]}});
    let (limited, _) = ask(&rig, &messages, wishes).await;
    let (kept, _) = ask(&rig, &messages, json!({})).await;

    assert_eq!((limited, kept), (first, second));
}

#[tokio::test(start_paused = true)]
async fn a_vendor_that_is_down_keeps_nobody() {
    let rig = Rig::new();
    let (first, second, mut messages) = begun(&rig).await;
    rig.simulator.set_standing(second, Some(Fault::Down));

    let (rescued, _) = ask(&rig, &messages, json!({})).await;
    rig.simulator.set_standing(second, None);
    messages.extend([turn("assistant", "two"), turn("user", "say: three")]);
    let (after, reason) = ask(&rig, &messages, json!({})).await;

    assert_eq!((rescued, after), (first, first));
    assert!(
        reason.starts_with("the conversation stays with "),
        "{reason}"
    );
}

#[tokio::test(start_paused = true)]
async fn tools_do_not_tear_a_conversation() {
    let rig = Rig::new();
    let (_, second, messages) = begun(&rig).await;
    let tools = json!([{"type": "function", "function": {"name": "add"}}]);
    let mut body = json!({"model": "auto", "messages": messages, "tools": tools,
        "max_tokens": 2_000});
    body["messages"][3]["content"] = json!("call tool add {\"a\": 1}");

    let called = rig.chat(body.to_string()).await;
    let call = called.json()["choices"][0]["message"].clone();
    let id = call["tool_calls"][0]["id"].clone();
    let list = body["messages"].as_array_mut().unwrap();
    list.push(call);
    list.push(json!({"role": "tool", "tool_call_id": id, "content": "2"}));
    let answered = rig.chat(body.to_string()).await;

    let name = if second == Vendor::OpenAi {
        "openai"
    } else {
        "anthropic"
    };
    assert_eq!(called.header("x-gateway-provider"), name, "{}", called.text);
    assert_eq!(
        answered.header("x-gateway-provider"),
        name,
        "{}",
        answered.text
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_drawn_where_a_conversation_stays() {
    let rig = Rig::of_all(&[("GATEWAY__ROUTING__EXPLORATION_SHARE", "0.2")]);
    let first = rig.complete(json!({"prompt": "say: one"})).await;
    let route = async |messages: &[Value]| {
        let asked = json!({"messages": messages, "route_only": true, "explain": true});
        rig.complete(asked).await
    };
    let opening = [turn("user", "say: one")];
    let next = [
        turn("user", "say: one"),
        turn("assistant", first["text"].as_str().unwrap()),
        turn("user", "say: two"),
    ];
    let fresh = route(&opening).await;
    assert!(fresh["routing"]["decision"]["propensity"].as_f64() < Some(1.0));

    for _ in 0..60 {
        let answer = route(&next).await;

        let routing = &answer["routing"];
        let candidates = routing["candidates"].as_array().unwrap();
        assert_eq!(answer["model"], first["routing"]["candidates"][0]["model"]);
        assert_eq!(routing["decision"]["propensity"], 1.0);
        let rest = candidates[1..].iter();
        let rest = rest.filter(|one| one["filtered_by"].is_null());
        let utilities: Vec<f64> = rest.map(|one| one["utility"].as_f64().unwrap()).collect();
        assert!(utilities.is_sorted_by(|a, b| a >= b), "{utilities:?}");
    }
}
