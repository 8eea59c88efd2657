//! What is shown is what is configured, and nothing else.

use std::collections::BTreeSet;

use serde_json::json;

use crate::seats::SEATS;
use crate::support::Rig;

/// Takes the keys of OpenAI and Anthropic out of a [`Rig`].
const NOBODY: [(&str, &str); 2] = [("OPENAI_API_KEY", ""), ("ANTHROPIC_API_KEY", "")];

/// The providers that the status calls available, those it calls
/// unconfigured, and those whose models are listed.
async fn shown(rig: &Rig) -> [BTreeSet<String>; 3] {
    let status = rig.tool("get_provider_status", json!({})).await;
    let rows = status["structuredContent"]["providers"].as_array().unwrap();
    let named = |wanted: bool| -> BTreeSet<String> {
        let rows = rows
            .iter()
            .filter(|row| (row["status"] != "unconfigured") == wanted);
        rows.map(|row| row["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let list = rig.get("/v1/models").await.json();
    let models = list["data"].as_array().unwrap().iter();
    let owners = models.map(|model| model["owned_by"].as_str().unwrap().to_owned());
    let owners = owners.filter(|owner| owner != "ai-gateway-mcp").collect();
    [named(true), named(false), owners]
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn each_key_configures_its_vendor_alone() {
    for (key, name) in [
        ("OPENAI_API_KEY", "openai"),
        ("ANTHROPIC_API_KEY", "anthropic"),
        ("GEMINI_API_KEY", "google"),
        ("GOOGLE_API_KEY", "google"),
        ("MISTRAL_API_KEY", "mistral"),
        ("GROQ_API_KEY", "groq"),
    ] {
        let rig = Rig::with(&[&NOBODY[..], &[(key, "k-4711")]].concat());

        let [configured, unconfigured, listed] = shown(&rig).await;

        assert_eq!(configured, set(&[name]), "{key}");
        assert_eq!(unconfigured.len(), 5, "{key}: {unconfigured:?}");
        assert_eq!(listed, set(&[name]), "{key}");
    }
}

#[tokio::test(start_paused = true)]
async fn vertex_ai_configures_its_two_publishers() {
    let on_vertex = SEATS
        .iter()
        .find(|seat| seat.name == "Claude on Vertex")
        .unwrap();
    let rig = on_vertex.rig_with(&[
        ("MISTRAL_API_KEY", ""),
        ("GROQ_API_KEY", ""),
        ("OPENAI_API_KEY", ""),
    ]);

    let [configured, _, listed] = shown(&rig).await;

    assert_eq!(configured, set(&["anthropic", "google"]));
    assert_eq!(listed, configured);
}

#[tokio::test(start_paused = true)]
async fn a_model_of_a_vendor_without_a_key_is_refused_by_name() {
    let rig = Rig::with(&[]);

    for (model, provider) in [
        ("gemini-3.8-flash", "google"),
        ("mistral/mistral-large-4", "mistral"),
        ("openai/gpt-oss-20b", "groq"),
    ] {
        let error = rig.refused(json!({"model": model, "prompt": "hi"})).await;

        assert_eq!(error["type"], "caller_invalid_request", "{error:#}");
        let words = format!("is a model of {provider}, which has no key here");
        assert!(
            error["message"].as_str().unwrap().contains(&words),
            "{error:#}"
        );
    }
}
