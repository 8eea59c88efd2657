//! The tools as clients see them: described, answered, reported on.

use serde_json::{Value, json};
use vendor_sim::{Fault, Vendor};

use crate::support::Rig;

fn list() -> String {
    json!({"jsonrpc": "2.0", "id": 7, "method": "tools/list"}).to_string()
}

#[tokio::test(start_paused = true)]
async fn tools_are_described_as_clients_can_bear() {
    let rig = Rig::new();

    let listed = rig.mcp(list()).await;

    // The contract's 12 KB are for all tools, of which more will come.
    assert!(listed.text.len() < 10_700, "{}", listed.text.len());
    let tools = listed.json()["result"]["tools"].as_array().unwrap().clone();
    let names: Vec<_> = tools
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "get_provider_status",
            "get_usage_metrics",
            "health_check",
            "predict_cost",
            "submit_feedback",
            "unified_completion"
        ]
    );
    for tool in &tools {
        let hints = &tool["annotations"];
        let asks_vendors = tool["name"] == "unified_completion";
        let is_reading = !asks_vendors && tool["name"] != "submit_feedback";
        assert_eq!(hints["readOnlyHint"], is_reading);
        assert_eq!(hints["idempotentHint"], !asks_vendors);
        assert_eq!(hints["openWorldHint"], asks_vendors);
        assert_eq!(hints["destructiveHint"], false);
        for schema in ["inputSchema", "outputSchema"] {
            assert_eq!(tool[schema]["type"], "object");
            for alternative in ["oneOf", "anyOf", "allOf", "$ref", "$defs"] {
                assert!(tool[schema].get(alternative).is_none());
            }
        }
        let text = tool.to_string();
        for foreign in ["uint", "$ref", "oneOf", "int8"] {
            assert!(!text.contains(foreign), "{foreign} in {}", tool["name"]);
        }
        assert_eq!(tool["inputSchema"]["additionalProperties"], false);
        assert!(tool["title"].is_string() && tool["description"].as_str().unwrap().len() > 80);
    }
}

#[tokio::test(start_paused = true)]
async fn every_argument_is_described() {
    let rig = Rig::new();

    let listed = rig.mcp(list()).await.json();

    for tool in listed["result"]["tools"].as_array().unwrap() {
        let input = tool["inputSchema"]["properties"].as_object();
        for (name, schema) in input.into_iter().flatten() {
            assert!(schema["description"].is_string(), "{name}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_text_is_the_completion_alone_and_long_ones_are_cut() {
    let rig = Rig::with(&[("GATEWAY__SERVER__MAX_MCP_BODY_BYTES", "4194304")]);
    let long = "ä".repeat(60_000);
    let asked =
        json!({"prompt": format!("say: {long}"), "model": "gpt-6-luna", "max_tokens": 32_000});

    let short = rig
        .tool("unified_completion", json!({"prompt": "say: hi"}))
        .await;
    let cut = rig.tool("unified_completion", asked).await;

    assert_eq!(short["content"], json!([{"type": "text", "text": "hi"}]));
    let text = cut["structuredContent"]["text"].as_str().unwrap();
    assert_eq!(text.len(), 80 * 1024);
    assert_eq!(cut["structuredContent"]["truncated"], true);
    assert_eq!(cut["content"][0]["text"], *text);
}

#[tokio::test(start_paused = true)]
async fn status_comes_from_calls_made() {
    let rig = Rig::new();
    let row = async || {
        let status = rig.tool("get_provider_status", json!({})).await;
        status["structuredContent"]["providers"][0].clone()
    };

    let before = row().await;
    rig.complete(json!({"prompt": "hi", "model": "gpt-6-luna"}))
        .await;
    let after = row().await;
    let fault = Fault::Status { status: 500 };
    rig.simulator
        .push_many(Vendor::OpenAi, [fault.clone(), fault]);
    rig.refused(json!({"prompt": "hi", "model": "gpt-6-luna"}))
        .await;
    let failed = row().await;

    assert_eq!(before["name"], "openai");
    assert_eq!(
        (&before["status"], &before["latency_ms"]),
        (&json!("healthy"), &Value::Null)
    );
    assert_eq!(
        (&before["success_rate"], &before["checked_at"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(after["success_rate"], 1.0);
    assert_eq!(after["checked_at"], "2026-11-25T12:00:00Z");
    assert_eq!(failed["status"], "degraded");
    assert!(
        failed["last_error"].as_str().unwrap().starts_with("server"),
        "{failed}"
    );
    assert_eq!(failed["circuit"], "closed");
    // One of three attempts: the model was asked once more. Its second was
    // a moment later, so it counts a little more.
    let share = failed["success_rate"].as_f64().unwrap();
    assert!((share - 1.0 / 3.0).abs() < 1e-3, "{share}");
}
