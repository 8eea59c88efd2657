//! Callers, limits, models and prices that change while the gateway runs.

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use crate::learning::NEWCOMER;
use crate::support::{Rig, folder};

fn rig(name: &str, yaml: &str) -> (Rig, PathBuf) {
    let folder = folder(name, &[("gateway.yaml", yaml), ("pricing.yaml", "")]);
    let rig = Rig::with(&[("GATEWAY_CONFIG_DIR", folder.to_str().unwrap())]);
    (rig, folder)
}

fn ask() -> serde_json::Value {
    json!({"prompt": "say: hi", "model": "openai/gpt-6-luna", "reasoning_effort": "none"})
}

#[tokio::test(start_paused = true)]
async fn a_new_limit_and_a_new_price_hold_from_the_next_call_on() {
    let (rig, folder) = rig("reload", "{}");
    let before = rig.complete(ask()).await["cost"].as_f64().unwrap();
    let prices = "
prices:
  - {model: openai/gpt-6-luna, from: 2026-01-01, input: 1000000, output: 1000000000, source: a test}
";
    fs::write(folder.join("pricing.yaml"), prices).unwrap();

    rig.app.reload.read().await.unwrap();
    let after = rig.complete(ask()).await["cost"].as_f64().unwrap();
    fs::write(
        folder.join("gateway.yaml"),
        "callers: {local: {models: ['anthropic/*']}}",
    )
    .unwrap();
    rig.app.reload.read().await.unwrap();
    let refused = rig.refused(ask()).await;

    assert!(after > 10.0 * before, "{before} {after}");
    assert_eq!(refused["type"], "policy_blocked");
}

#[tokio::test(start_paused = true)]
async fn a_version_with_a_fault_is_refused_as_a_whole() {
    let (rig, folder) = rig("reload-fault", "callers: {local: {models: ['openai/*']}}");
    let faulty = "callers: {local: {models: ['anthropic/*'], requests_per_minute: -1}}";
    fs::write(folder.join("gateway.yaml"), faulty).unwrap();

    let faults = rig.app.reload.read().await.unwrap_err();
    let ready = rig.get("/ready").await;

    assert!(
        faults
            .to_string()
            .contains("callers.local.requests_per_minute")
    );
    rig.complete(ask()).await;
    assert_eq!(ready.status, 200);
    let notice = &ready.json()["degraded"][0];
    assert!(
        notice.as_str().unwrap().starts_with("configuration: "),
        "{notice}"
    );
    assert!(
        rig.get("/metrics")
            .await
            .text
            .contains(r#"reloads_total{outcome="refused"} 1"#)
    );
    fs::write(folder.join("gateway.yaml"), "{}").unwrap();
    rig.app.reload.read().await.unwrap();
    assert_eq!(rig.get("/ready").await.json()["status"], "ready");
}

#[tokio::test(start_paused = true)]
async fn a_file_is_read_when_it_has_stopped_changing() {
    let (rig, folder) = rig("reload-look", "{}");
    assert!(!rig.app.reload.look());

    fs::write(
        folder.join("gateway.yaml"),
        "limits: {global: {requests_per_minute: 1}}",
    )
    .unwrap();
    let first = rig.app.reload.look();
    fs::write(
        folder.join("gateway.yaml"),
        "limits: {global: {requests_per_minute: 10}}",
    )
    .unwrap();
    let second = rig.app.reload.look();
    let third = rig.app.reload.look();
    let fourth = rig.app.reload.look();

    assert_eq!([first, second, third, fourth], [false, false, true, false]);
}

#[tokio::test(start_paused = true)]
async fn what_was_read_on_demand_is_not_read_again_by_the_watch() {
    let (rig, folder) = rig("reload-once", "{}");
    let path = folder.join("gateway.yaml");
    let due = || [rig.app.reload.look(), rig.app.reload.look()];

    fs::write(&path, "callers: {local: {requests_per_minute: 10}}").unwrap();
    rig.app.reload.read().await.unwrap();
    let after_a_success = due();
    fs::write(&path, "callers: {local: {requests_per_minute: -10}}").unwrap();
    rig.app.reload.read().await.unwrap_err();
    let after_a_fault = due();
    fs::remove_file(&path).unwrap();
    rig.app.reload.read().await.unwrap_err();
    let after_a_loss = due();
    fs::write(&path, "{}").unwrap();
    let after_a_change = due();

    for read in [after_a_success, after_a_fault, after_a_loss] {
        assert_eq!(read, [false, false]);
    }
    assert_eq!(after_a_change, [false, true]);
}

#[tokio::test(start_paused = true)]
async fn limits_do_not_vanish_with_their_file() {
    let yaml = "callers: {local: {models: ['anthropic/*']}}";
    let (rig, folder) = rig("reload-gone", yaml);
    let path = folder.join("gateway.yaml");

    for version in [None, Some("")] {
        match version {
            None => fs::remove_file(&path).unwrap(),
            Some(text) => fs::write(&path, text).unwrap(),
        }
        let faults = rig.app.reload.read().await.unwrap_err();
        assert!(faults.to_string().contains("gone or empty"), "{faults}");
        assert_eq!(rig.refused(ask()).await["type"], "policy_blocked");
    }
    fs::write(&path, "callers: {local: {models: ['openai/*']}}").unwrap();
    rig.app.reload.read().await.unwrap();
    rig.complete(ask()).await;
}

#[tokio::test(start_paused = true)]
async fn what_feedback_taught_goes_by_the_new_priors_at_once() {
    let known = NEWCOMER.replace("newcomer", "gpt-4o-mini");
    let models = |quality: &str| known.replace("QUALITY", quality);
    let files = [("models.yaml", &*models("0.5"))];
    let folder = folder("reload-priors", &files);
    let rig = Rig::with(&[("GATEWAY_CONFIG_DIR", folder.to_str().unwrap())]);
    let mut asked = json!({"prompt": "Explain how a hash map works.", "model": "gpt-4o-mini"});
    for _ in 0..6 {
        let answer = rig.complete(asked.clone()).await;
        let given = json!({"request_id": answer["request_id"], "score": 0.5});
        rig.tool("submit_feedback", given).await;
    }

    fs::write(folder.join("models.yaml"), models("0.9")).unwrap();
    rig.app.reload.read().await.unwrap();

    asked["route_only"] = true.into();
    asked["explain"] = true.into();
    let answer = rig.complete(asked).await;
    let basis = &answer["routing"]["candidates"][0]["quality_basis"];
    assert_eq!(
        (&basis["prior"], &basis["support"]),
        (&json!(0.9), &json!(1.0))
    );
    assert!(basis["learned"].as_f64().unwrap() > 0.6, "{basis}");
}
