//! Keys, accounts, plans and models that are out of service, and vendors that
//! say what to do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ai_gateway::providers::{Transport, TransportBody, TransportError};
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use tokio::time::advance;
use vendor_sim::{Fault, Simulator, Vendor};

use crate::seats::SEATS;
use crate::support::Rig;

const LUNA: &str = "openai/gpt-6-luna";

fn ask(model: &str, may_fail_over: bool) -> Value {
    json!({"prompt": "say: ok", "model": model,
        "requirements": {"failover_enabled": may_fail_over}})
}

fn attempts(answer: &Value) -> usize {
    answer["routing"]["attempts"].as_array().unwrap().len()
}

async fn row(rig: &Rig) -> Value {
    let status = rig.tool("get_provider_status", json!({})).await;
    let row = status["structuredContent"]["providers"][0].clone();
    assert_eq!(row["name"], "openai");
    row
}

/// Has a call to OpenAI fail like this, mends it, and lets probes look at it
/// for more than their interval.
async fn mended(rig: &Rig, fault: Fault) {
    rig.simulator.set_standing(Vendor::OpenAi, Some(fault));
    let answer = rig.complete(ask(LUNA, true)).await;
    let story = async {
        assert_eq!(
            (&answer["provider"], attempts(&answer)),
            (&json!("anthropic"), 2)
        );
        let asked = rig.asked(Vendor::OpenAi);
        // Every model of the vendor is out, for every caller, at once.
        for model in [LUNA, "openai/gpt-6-sol"] {
            let answer = rig.complete(ask(model, true)).await;
            assert_eq!(
                (&answer["provider"], attempts(&answer)),
                (&json!("anthropic"), 1)
            );
        }
        let error = rig.refused(ask(LUNA, false)).await;
        assert_eq!(rig.asked(Vendor::OpenAi), asked);
        assert_eq!(error["retryable"], false, "{error:#}");
        assert_eq!(error["retry_after_ms"], Value::Null);
        let row = row(rig).await;
        assert_eq!(
            (&row["circuit"], &row["available"]),
            (&json!("open"), &json!(false))
        );
        rig.simulator.heal(Vendor::OpenAi);
        advance(Duration::from_secs(70)).await;
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = rig.app.gateway.keep_probing() => panic!("probing ended"),
        () = story => {}
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_refused_is_out_at_once_and_back_by_a_free_question() {
    let rig = Rig::new();

    mended(&rig, Fault::Status { status: 401 }).await;

    assert_eq!(row(&rig).await["circuit"], "closed");
    let answer = rig.complete(ask(LUNA, false)).await;
    assert_eq!(answer["text"], "ok");
}

#[tokio::test(start_paused = true)]
async fn a_machine_without_a_token_is_out_until_it_has_one() {
    let mut seats = SEATS.iter();
    let seat = seats.find(|seat| seat.name == "Gemini on Vertex").unwrap();
    let rig = seat.rig();
    let missing = Fault::Status { status: 404 };
    rig.simulator.set_standing(Vendor::Metadata, Some(missing));
    let question = || json!({"model": seat.model, "prompt": "say: ok"});
    let refused = rig.refused(question()).await;
    let again = rig.refused(question()).await;

    let story = async {
        // The first look finds it as it is.
        advance(Duration::from_secs(1)).await;
        rig.simulator.heal(Vendor::Metadata);
        tokio::time::sleep(Duration::from_secs(70)).await;
        rig.complete(question()).await
    };
    let answer = tokio::select! {
        answer = story => answer,
        () = rig.app.gateway.keep_probing() => panic!("probing ended"),
    };

    assert_eq!(refused["attempts"][0]["outcome"], "unauthorized");
    assert_eq!(again["attempts"], json!([]));
    assert_eq!(answer["text"], "ok");
}

#[tokio::test(start_paused = true)]
async fn an_account_without_money_comes_back_by_a_call_alone() {
    let rig = Rig::new();

    mended(&rig, Fault::QuotaExhausted).await;

    assert_eq!(row(&rig).await["circuit"], "open");
    let again = rig.refused(ask(LUNA, false)).await;
    assert_eq!(
        again["type"], "provider_rate_limited",
        "as it was told first"
    );
    assert_eq!(again["retryable"], false);
    advance(Duration::from_mins(30)).await;
    assert_eq!(row(&rig).await["circuit"], "half_open");
    assert_eq!(rig.complete(ask(LUNA, true)).await["provider"], "openai");
    assert_eq!(row(&rig).await["circuit"], "closed");
}

#[tokio::test(start_paused = true)]
async fn a_model_that_is_gone_is_not_asked_again_and_its_vendor_is() {
    let rig = Rig::new();
    rig.simulator
        .push(Vendor::OpenAi, Fault::Status { status: 404 });
    rig.complete(ask(LUNA, true)).await;

    let gone = rig.complete(ask(LUNA, true)).await;
    let other = rig.complete(ask("openai/gpt-6-sol", false)).await;

    assert_eq!(attempts(&gone), 1);
    assert_ne!(gone["model"], "gpt-6-luna");
    assert_eq!(other["provider"], "openai");
    assert_eq!(row(&rig).await["circuit"], "closed");
}

#[tokio::test(start_paused = true)]
async fn a_model_that_the_account_may_not_use_leaves_its_vendors_others() {
    let rig = Rig::new();
    let haiku = "anthropic/claude-haiku-5-5";
    rig.simulator
        .push(Vendor::Anthropic, Fault::Status { status: 403 });
    rig.refused(ask(haiku, false)).await;

    let again = rig.refused(ask(haiku, false)).await;
    let other = rig.complete(ask("anthropic/claude-sonnet-5", false)).await;

    assert_eq!(again["attempts"], json!([]), "{again:#}");
    assert_eq!(again["retryable"], false);
    assert_eq!(other["provider"], "anthropic");
}

#[tokio::test(start_paused = true)]
async fn a_size_beyond_the_plan_is_asked_once() {
    let rig = Rig::of_all(&[]);
    rig.simulator.set_groq_tokens_per_minute(8_000);
    let sized = |max_tokens: u32, may_fail_over: bool| {
        json!({"model": "groq/openai/gpt-oss-120b", "prompt": "say: ok", "max_tokens": max_tokens,
            "requirements": {"failover_enabled": may_fail_over}})
    };
    let first = rig.complete(sized(9_000, true)).await;

    let same = rig.complete(sized(9_000, true)).await;
    let larger = rig.complete(sized(12_000, true)).await;
    let alone = rig.refused(sized(9_000, false)).await;
    let asked = rig.asked(Vendor::Groq);
    let smaller = rig.complete(sized(4_000, true)).await;

    assert_eq!(
        first["routing"]["attempts"][0]["outcome"],
        "too_large_for_plan"
    );
    for other in [&same, &larger] {
        assert_eq!(attempts(other), 1);
        assert_ne!(other["provider"], "groq");
    }
    assert_eq!(alone["retryable"], false, "{alone:#}");
    assert_eq!(asked, 1);
    assert_eq!(smaller["provider"], "groq");
}

/// A vendor that fails with this status and header.
struct Saying {
    status: u16,
    header: (&'static str, &'static str),
    asked: AtomicUsize,
}

impl Saying {
    fn new(status: u16, header: (&'static str, &'static str)) -> Arc<Self> {
        let asked = AtomicUsize::new(0);
        Arc::new(Self {
            status,
            header,
            asked,
        })
    }
}

#[async_trait]
impl Transport for Saying {
    async fn send(&self, _: Request<Bytes>) -> Result<Response<TransportBody>, TransportError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let body = Full::new(Bytes::from_static(b"{}")).map_err(|never| match never {});
        let (name, value) = self.header;
        let response = Response::builder().status(self.status);
        let response = response.header(name, value);
        Ok(response.body(body.boxed_unsync()).unwrap())
    }
}

#[tokio::test(start_paused = true)]
async fn a_vendor_that_wants_no_repeat_gets_none() {
    for (word, expected) in [("false", 1), ("true", 2), ("perhaps", 2)] {
        let vendor = Saying::new(500, ("x-should-retry", word));
        let rig = Rig::over(vendor, Simulator::new(1), &[]);

        let error = rig.refused(ask(LUNA, false)).await;

        assert_eq!(
            error["attempts"].as_array().unwrap().len(),
            expected,
            "{word}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn who_fails_and_names_a_wait_is_not_asked_before_it_is_over() {
    let vendor = Saying::new(503, ("retry-after", "30"));
    let rig = Rig::over(Arc::clone(&vendor) as _, Simulator::new(1), &[]);
    let asked = || vendor.asked.load(Ordering::Relaxed);

    let first = rig.refused(ask(LUNA, false)).await;
    let mut later = Value::Null;
    for _ in 0..29 {
        advance(Duration::from_secs(1)).await;
        later = rig.refused(ask(LUNA, false)).await;
    }
    let meanwhile = asked();
    let wait = later["retry_after_ms"].as_u64().unwrap();
    advance(Duration::from_millis(wait)).await;
    rig.refused(ask(LUNA, false)).await;

    assert_eq!(first["type"], "provider_unavailable", "{first:#}");
    assert!((1_000..=4_000).contains(&wait), "{later:#}");
    assert_eq!((meanwhile, asked()), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn what_one_vendor_refuses_one_other_is_asked() {
    let rig = Rig::of_all(&[]);
    let refuses = Fault::Status { status: 400 };
    rig.simulator.push(Vendor::OpenAi, refuses.clone());
    let taken = rig.complete(ask(LUNA, true)).await;
    for vendor in [
        Vendor::OpenAi,
        Vendor::Anthropic,
        Vendor::Mistral,
        Vendor::Groq,
    ] {
        rig.simulator.set_standing(vendor, Some(refuses.clone()));
    }
    let unauthorized = Fault::Status { status: 422 };
    rig.simulator
        .set_standing(Vendor::Google, Some(unauthorized));

    let rejected = rig.refused(ask(LUNA, true)).await;
    let alone = rig.refused(ask(LUNA, false)).await;

    assert_ne!(taken["provider"], "openai");
    assert_eq!(attempts(&taken), 2);
    for (error, expected) in [(rejected, 2), (alone, 1)] {
        assert_eq!(error["type"], "provider_rejected", "{error:#}");
        assert_eq!(error["retryable"], false);
        assert_eq!(error["attempts"].as_array().unwrap().len(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_bad_day_does_not_multiply_the_load() {
    let rig = Rig::new();
    let mut repeated = 0;
    // Half of the calls need a second attempt.
    let refused = loop {
        rig.complete(ask(LUNA, false)).await;
        rig.simulator.push(Vendor::OpenAi, Fault::Down);
        let result = rig.tool("unified_completion", ask(LUNA, false)).await;
        if result["isError"] == true {
            break result["structuredContent"]["error"].clone();
        }
        repeated += 1;
        assert!(repeated < 100, "no end");
    };
    let metrics = rig.get("/metrics").await.text;
    advance(Duration::from_secs(11)).await;
    rig.simulator.push(Vendor::OpenAi, Fault::Down);
    let later = rig.complete(ask(LUNA, false)).await;

    // A fifth of the first attempts and thirty: 0.2 * 2 * 50 + 30.
    assert_eq!(repeated, 50);
    assert_eq!(refused["type"], "provider_unavailable");
    assert_eq!(refused["attempts"].as_array().unwrap().len(), 1);
    for line in [
        r#"gateway_repeats_total{kind="retry",outcome="allowed"} 50"#,
        r#"gateway_repeats_total{kind="retry",outcome="refused"} 1"#,
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
    assert_eq!(attempts(&later), 2);
}
