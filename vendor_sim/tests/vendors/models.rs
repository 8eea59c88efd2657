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

#[tokio::test(start_paused = true)]
async fn google_lists_its_models_by_pages() {
    let simulator = Simulator::new(1);
    let page = async |query: &str| {
        let answer = get(&simulator, Vendor::Google, &format!("/v1/models{query}")).await;
        let models = answer.at("/models").as_array().unwrap().to_vec();
        (
            models.len(),
            models[0]["name"].clone(),
            answer.at("/nextPageToken"),
        )
    };

    let (all, first, _) = page("?pageSize=5000").await;
    let (size, _, next) = page("?pageSize=5").await;
    let token = next.as_str().unwrap();
    let second = page(&format!("?pageSize=5&pageToken={token}")).await;
    let (_, _, last) = page(&format!("?pageToken={token}")).await;

    assert_eq!((all, size), (12, 5));
    assert_eq!(first, "models/gemini-2.5-flash");
    assert_eq!(second.1, "models/gemini-3.5-flash");
    assert_eq!(last, Value::Null);
    let beta = get(&simulator, Vendor::Google, "/v1beta/models").await;
    assert_eq!(beta.at("/models").as_array().unwrap().len(), 15);
    for query in ["?pageSize=-1", "?pageSize=x", "?pageToken=5"] {
        let wrong = get(&simulator, Vendor::Google, &format!("/v1/models{query}")).await;
        assert_eq!(wrong.status, 400, "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn google_tells_limits_and_methods() {
    let simulator = Simulator::new(1);
    let model = async |path: &str| get(&simulator, Vendor::Google, path).await;

    let argon = model("/v1/models/gemini-4-argon").await;
    let embedding = model("/v1/models/gemini-embedding-001").await;
    let none = model("/v1/models/gemini-pro").await;
    let latest = model("/v1/models/gemini-flash-latest").await;

    assert_eq!(argon.at("/name"), "models/gemini-4-argon");
    assert_eq!(
        (argon.at("/inputTokenLimit"), argon.at("/outputTokenLimit")),
        (json!(1_048_576), json!(1_048_576))
    );
    assert_eq!(argon.at("/supportedGenerationMethods/0"), "generateContent");
    assert_eq!(argon.at("/thinking"), true);
    assert_eq!(
        embedding.at("/supportedGenerationMethods/0"),
        "embedContent"
    );
    assert_eq!((none.status.as_u16(), latest.status.as_u16()), (404, 404));
    assert_eq!(none.at("/error/status"), "NOT_FOUND");
}

#[tokio::test(start_paused = true)]
async fn mistral_lists_every_name_and_who_is_about_to_end() {
    let simulator = Simulator::new(1);

    let list = get(&simulator, Vendor::Mistral, "/v1/models").await;
    let alias = get(&simulator, Vendor::Mistral, "/v1/models/codestral-latest").await;
    let ending = get(&simulator, Vendor::Mistral, "/v1/models/mistral-small-2506").await;
    let none = get(&simulator, Vendor::Mistral, "/v1/models/mistral-tiny").await;

    let ids = list.at("/data");
    assert_eq!(ids.as_array().unwrap().len(), 17);
    assert_eq!(
        (alias.at("/id"), alias.at("/name"), alias.at("/aliases")),
        (
            json!("codestral-latest"),
            json!("codestral-2508"),
            json!(["codestral-2508"])
        )
    );
    assert_eq!(
        (
            alias.at("/max_context_length"),
            alias.at("/capabilities/vision"),
            alias.at("/deprecation")
        ),
        (json!(128_000), json!(false), Value::Null)
    );
    assert_eq!(
        (
            ending.at("/deprecation"),
            ending.at("/deprecation_replacement_model")
        ),
        (json!("2026-12-31T00:00:00Z"), json!("mistral-small-2603"))
    );
    assert_eq!(
        (none.status.as_u16(), none.at("/type")),
        (404, json!("invalid_model"))
    );
}
