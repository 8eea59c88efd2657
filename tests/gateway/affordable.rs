//! Who can be paid, before anybody is asked.

use serde_json::{Value, json};

use crate::limits::rig;

#[tokio::test(start_paused = true)]
async fn dry_runs_and_predictions_know_what_is_left_of_a_budget() {
    let rig = rig("callers: {local: {budget_usd: 0.004, budget_window: day, \
         requests_per_minute: 4}}");
    let mut question = json!({"prompt": "say: cheap", "max_tokens": 500,
        "requirements": {"weights": {"quality": 1}}});

    let answer = rig.complete(question.clone()).await;
    question["route_only"] = json!(true);
    question["explain"] = json!(true);
    let dry = rig.complete(question.clone()).await;
    let wish = json!({"prompt": "say: cheap"});
    let predicted = rig.tool("predict_cost", wish.clone()).await;

    let candidates = |of: &Value| of["routing"]["candidates"].as_array().unwrap().clone();
    assert_eq!(candidates(&dry)[0]["model"], answer["model"]);
    let by_budget = candidates(&dry);
    let by_budget = by_budget.iter().filter(|it| it["filtered_by"] == "budget");
    assert!(by_budget.count() > 10);
    // The call itself found out when it wanted to set the money aside.
    assert_eq!(
        candidates(&answer)[1]["filtered_by"],
        "budget",
        "{answer:#}"
    );
    let auto = predicted["structuredContent"]["auto"].as_str().unwrap();
    assert!(auto.contains('/'), "{predicted}");
    question["max_tokens"] = json!(30_000);
    let refused = rig.refused(question).await;
    assert_eq!(refused["type"], "policy_budget_exceeded", "{refused}");
    let message = refused["message"].as_str().unwrap();
    assert!(message.contains("are left of a budget"), "{message}");
    // Predictions count as requests as well.
    let limited = rig.tool("predict_cost", wish).await;
    let error = &limited["structuredContent"]["error"];
    assert_eq!(error["type"], "policy_rate_limited");
}
