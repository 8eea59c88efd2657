//! Answers in a form, of models whose vendor does not hold them to it.

use std::sync::{Arc, Mutex};

use ai_gateway::domain::Outcome;
use ai_gateway::providers::{Transport, TransportBody, TransportError};
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use vendor_sim::Simulator;

use crate::support::{Answer, Rig, folder};

/// A model that says one thing after the other.
#[derive(Default)]
struct Saying {
    texts: Mutex<Vec<&'static str>>,
    asked: Mutex<Vec<Value>>,
}

#[async_trait]
impl Transport for Saying {
    async fn send(&self, sent: Request<Bytes>) -> Result<Response<TransportBody>, TransportError> {
        let question: Value = serde_json::from_slice(sent.body()).unwrap();
        self.asked.lock().unwrap().push(question);
        let text = self.texts.lock().unwrap().remove(0);
        let body = json!({"model": "plain", "object": "chat.completion",
            "choices": [{"message": {"content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5}});
        let body = Full::new(Bytes::from(body.to_string())).map_err(|never| match never {});
        Ok(Response::new(body.boxed_unsync()))
    }
}

/// A model that knows no schemas, on a local server.
const MODELS: &str = "
local:
  tier: local
  context_window: 8192
  max_output: 8192
  capabilities: [streaming]
  request: {max_tokens_field: max_tokens, sampling: any, temperature: [0, 2], max_stop_sequences: 4,
    seed_field: seed, efforts: [], allows_prefill: true, allows_forced_tool: false}
  prior_source: a test
  priors: [{quality: 0.2, ttft_ms: 500, tokens_per_second: 30}]
";

struct Stage {
    rig: Rig,
    model: Arc<Saying>,
}

fn stage(texts: &[&'static str]) -> Stage {
    let model = Arc::new(Saying {
        texts: Mutex::new(texts.to_vec()),
        ..Saying::default()
    });
    let folder = folder("no-schemas", &[("models.yaml", MODELS)]);
    let environment = [
        ("OPENAI_API_KEY", ""),
        ("ANTHROPIC_API_KEY", ""),
        ("LOCAL_OPENAI_BASE_URL", "http://127.0.0.1:1/v1"),
        ("LOCAL_OPENAI_MODEL", "plain"),
        ("GATEWAY_CONFIG_DIR", folder.to_str().unwrap()),
    ];
    let transport = Arc::clone(&model) as Arc<dyn Transport>;
    Stage {
        rig: Rig::over(transport, Simulator::new(1), &environment),
        model,
    }
}

impl Stage {
    async fn ask(&self, model: &str, schema: Value, is_streamed: bool) -> Answer {
        let format = json!({"name": "place", "schema": schema, "strict": true});
        let body = json!({"model": model, "stream": is_streamed,
            "messages": [{"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Where?"}],
            "response_format": {"type": "json_schema", "json_schema": format}});
        self.rig.chat(body.to_string()).await
    }

    fn asked(&self) -> Vec<Value> {
        self.model.asked.lock().unwrap().clone()
    }
}

fn place() -> Value {
    json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})
}

#[tokio::test(start_paused = true)]
async fn the_schema_goes_in_words_and_the_document_comes_alone() {
    for model in ["local/plain", "auto"] {
        let stage = stage(&["```json\n{\"city\": \"Ulm\"}\n```"]);

        let answer = stage.ask(model, place(), false).await;

        let text = answer.json()["choices"][0]["message"]["content"].clone();
        assert_eq!(text, "{\"city\": \"Ulm\"}", "{model}: {}", answer.text);
        let asked = &stage.asked()[0];
        assert!(asked["response_format"].is_null());
        let words = asked["messages"][1]["content"].as_str().unwrap();
        assert!(words.contains("\"required\":[\"city\"]"), "{asked:#}");
        assert_eq!(asked["messages"].as_array().unwrap().len(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_faulty_answer_is_mended_once_and_both_are_billed() {
    for is_streamed in [false, true] {
        let stage = stage(&["{\"town\": 1}", "{\"city\": \"Ulm\"}"]);

        let answer = stage.ask("local/plain", place(), is_streamed).await;

        assert_eq!(answer.status, 200, "{}", answer.text);
        assert!(
            answer.text.contains(r#"{\"city\": \"Ulm\"}"#),
            "{}",
            answer.text
        );
        assert!(!answer.text.contains("town"), "{}", answer.text);
        let asked = stage.asked();
        let repair = asked[1]["messages"].as_array().unwrap();
        let [.., said, wish] = &repair[..] else {
            panic!("{repair:?}")
        };
        assert_eq!(said["content"], "{\"town\": 1}");
        assert!(
            wish["content"]
                .as_str()
                .unwrap()
                .contains("\"city\" is a required property")
        );
        let entries = stage.rig.ledger();
        assert_eq!(entries.len(), 2);
        assert!(matches!(entries[0].outcome, Outcome::Failed(_)));
        assert_eq!(entries[0].usage.tokens.output, 5);
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_mended_is_an_error() {
    let stage = stage(&["Ulm", "Still Ulm."]);

    let answer = stage.ask("local/plain", place(), false).await;

    assert_eq!(answer.status, 503, "{}", answer.text);
    assert!(
        answer.text.contains("does not keep to the schema"),
        "{}",
        answer.text
    );
    assert_eq!(stage.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn patterns_are_those_of_javascript_or_are_not_held_to() {
    // Zod's e-mail address looks ahead; the others are no patterns here.
    let email = r"^(?!\.)(?!.*\.\.)[a-z.]*[a-z]@[a-z.]+$";
    let of = |pattern: &str| {
        json!({"type": "object", "properties": {"city": {"type": "string", "pattern": pattern}},
            "required": ["city"]})
    };
    for (pattern, is_kept_to) in [(email, true), ("(", false), (r"\p{Foo}", false)] {
        let stage = stage(&["{\"city\": \".a@b.de\"}", "{\"city\": \"a@b.de\"}"]);

        let answer = stage.ask("local/plain", of(pattern), false).await;

        assert_eq!(answer.status, 200, "{pattern}: {}", answer.text);
        let asked = if is_kept_to { 2 } else { 1 };
        assert_eq!(stage.asked().len(), asked, "{pattern}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pattern_without_end_costs_little() {
    let nested = json!({"type": "object", "required": ["city"],
        "properties": {"city": {"type": "string", "pattern": r"^(?=(a+)+$)(a|aa)+(?!b)$"}}});
    let long = format!("{{\"city\": \"{}c\"}}", "a".repeat(5_000));
    let stage = stage(&[
        Box::leak(long.clone().into_boxed_str()),
        Box::leak(long.into_boxed_str()),
    ]);
    let began = std::time::Instant::now();

    let answer = stage.ask("local/plain", nested, false).await;

    assert_eq!(answer.status, 503, "{}", answer.text);
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_is_no_schema_is_refused_before_anybody_is_asked() {
    let stage = stage(&[]);
    for schema in [
        json!({"type": "object", "properties": {"a": {"type": "thing"}}}),
        json!({"$ref": "https://example.com/schema.json"}),
    ] {
        let answer = stage.ask("local/plain", schema.clone(), false).await;

        assert_eq!(answer.status, 400, "{schema}: {}", answer.text);
        assert!(
            answer.text.contains("json_schema.schema"),
            "{}",
            answer.text
        );
    }
    assert!(stage.asked().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_form_that_nothing_meets_is_no_fault_of_the_vendors() {
    let stage = stage(&["{}"; 8]);

    for _ in 0..4 {
        let answer = stage.ask("local/plain", json!({"not": {}}), false).await;
        assert_eq!(answer.status, 503, "{}", answer.text);
    }

    let status = stage.rig.tool("get_provider_status", json!({})).await;
    let providers = status["structuredContent"]["providers"].as_array().unwrap();
    let local = providers.iter().find(|it| it["name"] == "local").unwrap();
    assert_eq!(local["status"], "healthy", "{local}");
}
