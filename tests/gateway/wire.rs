//! Each vendor's wire, there and back: the same calls through every adapter.

use serde_json::{Value, json};
use vendor_sim::{BilledTokens, Fault};

use crate::seats::{SEATS, Seat};

async fn ask(seat: &Seat, more: Value) -> Value {
    let mut arguments =
        json!({"model": seat.model, "prompt": "say: well", "reasoning_effort": seat.calm});
    let members = arguments.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    if members.contains_key("messages") {
        members.remove("prompt");
    }
    seat.rig().complete(arguments).await
}

#[tokio::test(start_paused = true)]
async fn a_plain_question_is_answered_and_priced() {
    for seat in SEATS {
        let answer = ask(&seat, json!({})).await;

        assert_eq!(answer["text"], "well", "{}", seat.name);
        assert_eq!(answer["finish_reason"], "stop", "{}", seat.name);
        assert_eq!(answer["provider"], seat.provider, "{}", seat.name);
        assert_eq!(answer["dropped_parameters"], json!([]), "{}", seat.name);
        assert_eq!(answer["tokens_used"]["source"], "provider", "{}", seat.name);
        assert!(answer["cost"].as_f64().unwrap() > 0.0, "{}", seat.name);
    }
}

#[tokio::test(start_paused = true)]
async fn instructions_and_turns_arrive() {
    let messages = json!([
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "two"},
        {"role": "user", "content": "three"},
        {"role": "user", "content": "say: four"},
        {"role": "system", "content": "Be kind."},
        {"role": "assistant", "content": "five"},
        {"role": "user", "content": "say: six"},
    ]);
    for seat in SEATS {
        let rig = seat.rig();
        let arguments =
            json!({"model": seat.model, "messages": messages, "reasoning_effort": seat.calm});

        let answer = rig.complete(arguments).await;

        assert_eq!(answer["text"], "six", "{}", seat.name);
        let question = rig.last_question(seat.vendor).to_string();
        for text in [
            "Be brief.",
            "one",
            "two",
            "three",
            "say: four",
            "Be kind.",
            "five",
        ] {
            assert!(
                question.contains(text),
                "{}: {text} in {question}",
                seat.name
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_sequence_ends_the_answer_where_the_model_takes_one() {
    for seat in SEATS {
        let answer = ask(
            &seat,
            json!({"prompt": "say: one STOP two", "stop": ["STOP"]}),
        )
        .await;

        assert_eq!(answer["finish_reason"], "stop", "{}", seat.name);
        let expected = if answer["dropped_parameters"] == json!(["stop"]) {
            "one STOP two"
        } else {
            "one "
        };
        assert_eq!(answer["text"], expected, "{}", seat.name);
    }
    let openai = ask(&SEATS[0], json!({"stop": ["STOP"]})).await;
    assert_eq!(openai["dropped_parameters"], json!(["stop"]));
}

#[tokio::test(start_paused = true)]
async fn a_stop_sequence_at_the_very_start_leaves_an_empty_answer() {
    for seat in &SEATS[1..] {
        let answer = ask(seat, json!({"prompt": "say: STOP", "stop": ["STOP"]})).await;

        assert_eq!(answer["text"], "", "{}", seat.name);
        assert_eq!(answer["finish_reason"], "stop", "{}", seat.name);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_cut_by_the_limit_says_length() {
    for seat in SEATS {
        let long = format!("say: {}", "word ".repeat(4_000));

        let answer = ask(&seat, json!({"prompt": long, "max_tokens": 300})).await;

        assert_eq!(answer["finish_reason"], "length", "{}", seat.name);
        assert!(
            !answer["text"].as_str().unwrap().is_empty(),
            "{}",
            seat.name
        );
    }
}

#[tokio::test(start_paused = true)]
async fn thinking_that_uses_up_the_limit_is_an_error_that_says_what_to_do() {
    for seat in SEATS {
        let rig = seat.rig();
        rig.simulator.push(seat.vendor, Fault::EmptyLength);

        let error = rig
            .refused(json!({"model": seat.model, "prompt": "hi"}))
            .await;

        assert_eq!(error["type"], "provider_unavailable", "{}", seat.name);
        let message = error["attempts"][0]["error"].as_str().unwrap();
        assert!(
            message.contains("raise max_tokens"),
            "{}: {message}",
            seat.name
        );
        assert!(
            rig.ledger()[0].usage.tokens.total_output() > 0,
            "{}",
            seat.name
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_a_finished_answer() {
    for seat in SEATS {
        // Mistral has no such thing: its models decline in plain words.
        if seat.provider == "mistral" {
            continue;
        }
        let rig = seat.rig();
        rig.simulator.push(seat.vendor, Fault::Refusal);

        let answer = rig
            .complete(json!({"model": seat.model, "prompt": "hi"}))
            .await;

        assert_eq!(answer["finish_reason"], "content_filter", "{}", seat.name);
    }
}

#[tokio::test(start_paused = true)]
async fn each_effort_is_sent_and_thinking_is_counted_apart() {
    for seat in SEATS {
        let mut thoughts = Vec::new();
        for effort in seat.efforts {
            let more =
                json!({"prompt": "say: well", "reasoning_effort": effort, "max_tokens": 16_000});

            let answer = ask(&seat, more).await;

            assert_eq!(answer["text"], "well", "{} {effort}", seat.name);
            let used = &answer["tokens_used"];
            // Mistral's count of output has the thoughts in it, and does not
            // say how many.
            let class = if seat.provider == "mistral" {
                "output"
            } else {
                "reasoning"
            };
            thoughts.push(used[class].as_u64().unwrap());
        }
        assert!(thoughts.is_sorted(), "{}: {thoughts:?}", seat.name);
        assert!(
            thoughts.first() < thoughts.last(),
            "{}: {thoughts:?}",
            seat.name
        );
    }
}

#[tokio::test(start_paused = true)]
async fn every_token_that_a_vendor_bills_is_in_one_class() {
    for seat in SEATS {
        let rig = seat.rig();
        for number in 0..6 {
            let effort = seat.efforts[number % seat.efforts.len()];
            let prompt = format!(
                "question {number} {}",
                "about this and that ".repeat(number * 90)
            );
            let arguments = json!({"model": seat.model, "prompt": prompt, "max_tokens": 12_000,
                "reasoning_effort": effort});

            rig.complete(arguments).await;
        }

        let billed = rig.simulator.stats(seat.vendor).billed;
        let entries = rig.ledger();
        let sum = |class: fn(&ai_gateway::domain::TokenUsage) -> u64| -> u64 {
            entries.iter().map(|entry| class(&entry.usage.tokens)).sum()
        };
        let total = |class: fn(&BilledTokens) -> u64| -> u64 { billed.values().map(class).sum() };
        let name = seat.name;
        assert_eq!(sum(|t| t.input), total(|b| b.input), "{name}");
        assert_eq!(sum(|t| t.cache_read), total(|b| b.cache_read), "{name}");
        assert_eq!(
            sum(|t| t.cache_write_5m),
            total(|b| b.cache_write),
            "{name}"
        );
        assert_eq!(
            sum(|t| t.cache_write_1h),
            total(|b| b.cache_write_1h),
            "{name}"
        );
        assert_eq!(sum(|t| t.output), total(|b| b.output), "{name}");
        assert_eq!(sum(|t| t.reasoning), total(|b| b.reasoning), "{name}");
        assert!(
            entries.iter().all(|entry| !entry.usage.is_inconsistent),
            "{name}"
        );
        assert!(sum(|t| t.cache_read) > 0, "{name}");
        let tells_thoughts = seat.provider != "mistral";
        assert_eq!(sum(|t| t.reasoning) > 0, tells_thoughts, "{name}");
    }
}
