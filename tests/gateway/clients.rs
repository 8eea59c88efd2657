//! What the vendors' own clients send, and vendors let pass.

use serde_json::{Value, json};
use vendor_sim::Vendor;

use crate::messages::post;
use crate::seats::{SEATS, Seat};
use crate::support::{Answer, Rig};

const CLAUDE: &str = "claude-haiku-5-5";

fn said(role: &str, content: Value) -> Value {
    json!({"role": role, "content": content})
}

fn user(text: &str) -> Value {
    said("user", json!(text))
}

fn with(mut body: Value, more: Value) -> Value {
    let more = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(more);
    body
}

/// A request to `/v1/chat/completions` that the seat's model answers.
fn chat(seat: &Seat, messages: Value) -> Value {
    json!({"model": seat.model, "messages": messages, "max_tokens": 2_000,
        "reasoning_effort": seat.calm})
}

/// A request to `/v1/messages` that the seat's model answers.
fn message(seat: &Seat, messages: Value) -> Value {
    let body = json!({"model": seat.model, "messages": messages, "max_tokens": 2_000});
    if seat.calm == "none" {
        with(body, json!({"thinking": {"type": "disabled"}}))
    } else {
        with(body, json!({"output_config": {"effort": seat.calm}}))
    }
}

fn text(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let body = answer.json();
    match body.get("choices") {
        Some(choices) => choices[0]["message"]["content"].clone(),
        None => {
            let mut blocks = body["content"].as_array().unwrap().iter();
            blocks.find_map(|block| block.get("text")).unwrap().clone()
        }
    }
}

#[tokio::test(start_paused = true)]
async fn turns_that_say_nothing_are_left_out() {
    let thought = json!([{"type": "thinking", "thinking": "hm", "signature": ""}]);
    let sealed = json!([{"type": "redacted_thinking", "data": "x"}]);
    for seat in SEATS {
        let rig = seat.rig();
        let silent = json!([
            said("system", json!("")),
            user("one"),
            said("assistant", json!("")),
            user("two"),
            said("assistant", json!([])),
            user("three"),
            said("assistant", Value::Null),
            user("say: four"),
        ]);
        let asked = rig.chat(chat(&seat, silent).to_string()).await;
        assert_eq!(text(&asked), "four", "{}", seat.name);

        for content in [json!(""), json!([]), thought.clone(), sealed.clone()] {
            let messages = json!([user("one"), said("assistant", content), user("say: two")]);
            let body = with(message(&seat, messages), json!({"system": ""}));
            let answer = post(&rig, "/v1/messages", &body).await;
            assert_eq!(text(&answer), "two", "{}", seat.name);
        }
        assert_eq!(rig.simulator.stats(seat.vendor).refused, 0, "{}", seat.name);
    }
    let rig = Rig::new();
    let nothing = rig
        .chat(json!({"messages": [user("a"), user("")]}).to_string())
        .await;
    assert_eq!(nothing.status, 400, "{}", nothing.text);
}

#[tokio::test(start_paused = true)]
async fn instructions_may_stand_last() {
    for seat in SEATS {
        let rig = seat.rig();
        let messages = json!([user("say: well"), said("system", json!("Be brief."))]);

        let chat = rig.chat(chat(&seat, messages.clone()).to_string()).await;
        let asked = rig.last_question(seat.vendor).to_string();
        let message = post(&rig, "/v1/messages", &message(&seat, messages)).await;

        assert_eq!(text(&chat), "well", "{}", seat.name);
        assert_eq!(text(&message), "well", "{}", seat.name);
        assert!(asked.contains("Be brief."), "{}: {asked}", seat.name);
    }
}

#[tokio::test(start_paused = true)]
async fn the_assistant_may_begin_where_its_model_lets_it() {
    let rig = Rig::of_all(&[]);
    let messages = json!([user("say: well"), said("assistant", json!("Well, \n"))]);
    let ask = |model: &str| json!({"model": model, "messages": messages, "max_tokens": 500});

    let claude = post(&rig, "/v1/messages", &ask("claude-haiku-4-5")).await;
    let begun = rig.last_question(Vendor::Anthropic);
    let mistral = post(&rig, "/v1/messages", &ask("mistral-small-2603")).await;
    let flagged = rig.last_question(Vendor::Mistral);
    let counted = post(&rig, "/v1/messages/count_tokens", &ask("claude-haiku-4-5")).await;
    let refused = post(&rig, "/v1/messages", &ask("claude-opus-5-5")).await;
    let auto = post(&rig, "/v1/messages", &ask("auto")).await;

    assert_eq!(claude.status, 200, "{}", claude.text);
    assert_eq!(begun["messages"][1]["role"], "assistant");
    assert_eq!(begun["messages"][1]["content"][0]["text"], "Well,");
    assert_eq!(mistral.status, 200, "{}", mistral.text);
    assert_eq!(flagged["messages"][1]["prefix"], true, "{flagged:#}");
    assert_eq!(counted.status, 200, "{}", counted.text);
    assert_eq!(refused.status, 400, "{}", refused.text);
    assert!(refused.text.contains("prefill"), "{}", refused.text);
    assert_eq!(auto.status, 200, "{}", auto.text);
}

#[tokio::test(start_paused = true)]
async fn too_long_an_answer_counts_as_the_longest_there_is() {
    let rig = Rig::of_all(&[
        ("LOCAL_OPENAI_BASE_URL", "http://127.0.0.1:1/openai/v1"),
        ("LOCAL_OPENAI_MODEL", "tiny-model"),
    ]);
    let ask = |model: &str, member: &str, most: u64| json!({"model": model, "messages": [user("say: well")], member: most});

    let chat = ask(CLAUDE, "max_completion_tokens", 128_000).to_string();
    assert_eq!(text(&rig.chat(chat).await), "well");
    assert_eq!(rig.last_question(Vendor::Anthropic)["max_tokens"], 32_000);
    for (model, vendor, member, most) in [
        (
            "gpt-4o-mini",
            Vendor::OpenAi,
            "max_completion_tokens",
            16_384,
        ),
        (
            "qwen/qwen3.8-27b",
            Vendor::Groq,
            "max_completion_tokens",
            16_384,
        ),
    ] {
        let body = ask(model, "max_tokens", 32_000);
        let answer = post(&rig, "/v1/messages", &body).await;
        assert_eq!(text(&answer), "well", "{model}");
        assert_eq!(rig.last_question(vendor)[member], most, "{model}");
    }
    // The window of a small one has room for both.
    post(
        &rig,
        "/v1/messages",
        &ask("local/tiny-model", "max_tokens", 32_000),
    )
    .await;
    let asked = rig.last_question(Vendor::OpenAi);
    assert_eq!(asked["model"], "tiny-model", "{asked:#}");
    assert!(asked["max_tokens"].as_u64().unwrap() > 8_000, "{asked:#}");
    assert!(asked["max_tokens"].as_u64().unwrap() < 8_192, "{asked:#}");
    // The tool's contract stays.
    let strict = json!({"model": "gpt-4o-mini", "prompt": "hi", "max_tokens": 32_000});
    let refused = rig.refused(strict).await;
    assert!(refused["message"].as_str().unwrap().contains("max_output"));
}

#[tokio::test(start_paused = true)]
async fn tools_are_bound_by_their_vendor() {
    let rig = Rig::of_all(&[]);
    let tool = |name: &str| json!({"name": name, "input_schema": {"type": "object"}});
    let many: Vec<Value> = (0..200).map(|number| tool(&format!("t{number}"))).collect();
    let long = vec![tool(&"n".repeat(128))];
    for (tools, reason) in [(many, "max_tools"), (long, "tool_name")] {
        let ask = |model: &str| {
            json!({"model": model, "messages": [user("say: well")], "tools": tools,
                "max_tokens": 1_000})
        };

        let claude = post(&rig, "/v1/messages", &ask(CLAUDE)).await;
        let auto = post(&rig, "/v1/messages", &ask("auto")).await;
        let openai = post(&rig, "/v1/messages", &ask("gpt-6-luna")).await;

        assert_eq!(text(&claude), "well", "{reason}");
        assert_eq!(
            auto.header("x-gateway-provider"),
            "anthropic",
            "{}",
            auto.text
        );
        assert_eq!(openai.status, 400, "{}", openai.text);
        assert!(openai.text.contains(reason), "{}", openai.text);
    }
    let endless = vec![tool(&"n".repeat(129))];
    let body = json!({"model": CLAUDE, "messages": [user("hi")], "tools": endless,
        "max_tokens": 1_000});
    assert_eq!(post(&rig, "/v1/messages", &body).await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn claude_thinks_only_when_it_is_asked_to() {
    let rig = Rig::new();
    let ask = json!({"messages": [user("say: hi")], "max_tokens": 1_000});
    for model in ["claude-opus-5", "claude-opus-4-8", "claude-sonnet-5"] {
        let ask = with(ask.clone(), json!({"model": model}));
        for thinking in [Value::Null, json!({"type": "disabled"})] {
            let body = with(ask.clone(), json!({"thinking": thinking}));

            let answer = post(&rig, "/v1/messages", &body).await;

            assert_eq!(text(&answer), "hi", "{model}");
            let asked = rig.last_question(Vendor::Anthropic);
            assert_ne!(asked["thinking"]["type"], "adaptive", "{asked:#}");
            assert_eq!(asked["max_tokens"], 1_000, "{asked:#}");
        }
        let body = with(ask, json!({"thinking": {"type": "adaptive"}}));
        post(&rig, "/v1/messages", &body).await;
        let asked = rig.last_question(Vendor::Anthropic);
        assert_eq!(asked["thinking"]["type"], "adaptive", "{asked:#}");
    }
}

#[tokio::test(start_paused = true)]
async fn members_that_change_nothing_are_taken() {
    let rig = Rig::new();
    let hello = json!({"model": "gpt-6-luna", "messages": [user("say: hello")]});
    let mark = json!({"type": "ephemeral"});
    let function = json!({"name": "add", "cache_control": mark});
    for more in [
        json!({"logit_bias": null, "top_logprobs": null, "audio": null, "prediction": null}),
        json!({"logit_bias": {}, "modalities": ["text"], "verbosity": "medium"}),
        json!({"messages": [{"role": "user", "content": "say: hello", "cache_control": mark,
            "name": null, "unheard_of": null}]}),
        json!({"messages": [user("a"), {"role": "assistant", "content": "b",
            "reasoning_content": "hm"}, user("say: hello")]}),
        json!({"tools": [{"type": "function", "function": function, "cache_control": mark}]}),
    ] {
        let answer = rig
            .chat(with(hello.clone(), more.clone()).to_string())
            .await;
        assert_eq!(text(&answer), "hello", "{more}");
    }
    for more in [
        json!({"logit_bias": {"50256": -100}}),
        json!({"modalities": ["text", "audio"]}),
        json!({"verbosity": "low"}),
        json!({"top_logprobs": 3}),
        json!({"messages": [{"role": "user", "content": "hi", "unheard_of": 1}]}),
    ] {
        let answer = rig
            .chat(with(hello.clone(), more.clone()).to_string())
            .await;
        assert_eq!(answer.status, 400, "{more}: {}", answer.text);
    }
    let marked = json!({"model": CLAUDE, "messages": [{"role": "user", "content": "say: hello",
        "cache_control": {"type": "ephemeral"}}]});
    rig.chat(marked.to_string()).await;
    let asked = rig.last_question(Vendor::Anthropic).to_string();
    assert!(asked.contains("cache_control"), "{asked}");
}

#[tokio::test(start_paused = true)]
async fn what_anthropic_takes_is_taken_or_told() {
    let rig = Rig::of_all(&[]);
    let stops = json!(["a", "b", "c", "d", "e"]);
    let ask = |model: &str| {
        json!({"model": model, "messages": [user("say: well")], "max_tokens": 500,
            "stop_sequences": stops, "top_k": 5})
    };

    let claude = post(&rig, "/v1/messages", &ask("claude-haiku-4-5")).await;
    let asked = rig.last_question(Vendor::Anthropic);
    let openai = post(&rig, "/v1/messages", &ask("gpt-4o-mini")).await;
    let gemini = post(&rig, "/v1/messages", &ask("gemini-2.5-flash")).await;

    assert_eq!(
        claude.header("x-gateway-dropped-parameters"),
        "",
        "{}",
        claude.text
    );
    assert_eq!(
        (&asked["stop_sequences"], &asked["top_k"]),
        (&stops, &json!(5))
    );
    let dropped = openai.header("x-gateway-dropped-parameters");
    assert_eq!(dropped, "stop, top_k", "{}", openai.text);
    assert_eq!(gemini.status, 200, "{}", gemini.text);
    let asked = rig.last_question(Vendor::Google);
    assert_eq!(asked["generationConfig"]["topK"], 5, "{asked:#}");
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}},
        "required": ["city"], "additionalProperties": false});
    let older = json!({"model": CLAUDE, "messages": [user("Where?")], "max_tokens": 500,
        "output_format": {"type": "json_schema", "schema": schema}});
    let answer = post(&rig, "/v1/messages", &older).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let asked = rig.last_question(Vendor::Anthropic);
    assert_eq!(asked["output_config"]["format"]["schema"], schema);
}

#[tokio::test(start_paused = true)]
async fn a_stop_sequence_is_told_where_the_vendor_tells_it() {
    for is_streamed in [false, true] {
        let rig = Rig::new();
        let body = json!({"model": CLAUDE, "messages": [user("say: one two three")],
            "max_tokens": 500, "stop_sequences": ["two"], "stream": is_streamed});

        let answer = post(&rig, "/v1/messages", &body).await;

        for sign in [
            r#""stop_reason":"stop_sequence""#,
            r#""stop_sequence":"two""#,
        ] {
            assert!(answer.text.contains(sign), "{}", answer.text);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_window_that_is_exceeded_is_told_in_the_clients_words() {
    let rig = Rig::new();
    let long = "word ".repeat(400_000);
    let body = json!({"model": "gpt-4o-mini", "messages": [user(&long)], "max_tokens": 100});

    let chat = rig.chat(body.to_string()).await;
    let message = post(&rig, "/v1/messages", &body).await;

    assert_eq!((chat.status.as_u16(), message.status.as_u16()), (400, 400));
    assert_eq!(chat.json()["error"]["code"], "context_length_exceeded");
    assert!(
        message.text.contains("prompt is too long"),
        "{}",
        message.text
    );
}
