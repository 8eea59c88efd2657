//! The vendors' lists of models.

use serde_json::{Value, json};
use vendor_sim::{Simulator, Vendor};

use crate::client::get;

#[tokio::test(start_paused = true)]
async fn openai_lists_its_models() {
    let simulator = Simulator::new(1);

    let list = get(&simulator, Vendor::OpenAi, "/v1/models").await;
    let one = get(&simulator, Vendor::OpenAi, "/v1/models/gpt-6-luna").await;
    let none = get(&simulator, Vendor::OpenAi, "/v1/models/gpt-7").await;

    assert_eq!(list.at("/object"), "list");
    assert_eq!(list.at("/data").as_array().unwrap().len(), 21);
    let model = json!({"id": "gpt-6-luna", "object": "model", "created": 1_767_225_600,
        "owned_by": "system"});
    assert_eq!(one.json(), model);
    assert_eq!(
        (none.status.as_u16(), none.at("/error/code")),
        (404, json!("model_not_found"))
    );
}

#[tokio::test(start_paused = true)]
async fn anthropic_lists_its_models_by_pages() {
    let simulator = Simulator::new(1);
    let page = async |query: &str| {
        let answer = get(&simulator, Vendor::Anthropic, &format!("/v1/models{query}")).await;
        let ids: Vec<_> = answer.at("/data").as_array().unwrap().to_vec();
        (
            ids.len(),
            answer.at("/has_more"),
            answer.at("/first_id"),
            answer.at("/last_id"),
        )
    };

    let (first, last) = (
        json!("claude-fable-5-2"),
        json!("claude-sonnet-4-5-20250929"),
    );
    assert_eq!(
        page("").await,
        (11, json!(false), first.clone(), last.clone())
    );
    assert_eq!(
        page("?limit=1").await,
        (1, json!(true), first.clone(), first)
    );
    let rest = page("?limit=1000&after_id=claude-haiku-4-5-20251001").await;
    assert_eq!(rest, (1, json!(false), last.clone(), last));
}

#[tokio::test(start_paused = true)]
async fn anthropic_tells_limits_and_life() {
    let simulator = Simulator::new(1);

    let model = get(
        &simulator,
        Vendor::Anthropic,
        "/v1/models/claude-sonnet-4-5",
    )
    .await;
    let too_many = get(&simulator, Vendor::Anthropic, "/v1/models?limit=1001").await;
    let none = get(&simulator, Vendor::Anthropic, "/v1/models/claude-1").await;

    assert_eq!(model.at("/id"), "claude-sonnet-4-5-20250929");
    assert_eq!(
        (model.at("/max_input_tokens"), model.at("/max_tokens")),
        (json!(200_000), json!(64_000))
    );
    assert_eq!(
        (model.at("/lifecycle"), model.at("/retires_at")),
        (json!("deprecated"), json!("2026-11-30T00:00:00Z"))
    );
    assert_eq!(too_many.status, 400);
    assert_eq!(
        (none.status.as_u16(), none.at("/error/type")),
        (404, json!("not_found_error"))
    );
    assert_ne!(none.at("/request_id"), Value::Null);
}
