//! Two processes on one database, and a caller whose feedback meets the one
//! that did not answer.

use serde_json::{Value, json};

use crate::database::PostgresServer;
use crate::gateway::{Gateway, simulated};

async fn rate(gateway: &Gateway, answer: &Value, score: f64) -> Value {
    let arguments = json!({"request_id": answer["request_id"], "score": score});
    let params = json!({"name": "submit_feedback", "arguments": arguments});
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let body = gateway.post("/mcp", &call.to_string()).await.unwrap();
    let answer: Value = serde_json::from_str(&body).unwrap();
    answer["result"]["structuredContent"].clone()
}

#[tokio::test]
async fn feedback_finds_the_process_that_answered() {
    let Some(postgres) = PostgresServer::any().await else {
        return;
    };
    let database = postgres.database().await;
    let (_simulator, server) = simulated().await;
    let settings = [("DATABASE_URL", database.url.as_str())];
    let one = Gateway::start(&server, &settings).await;
    let other = Gateway::start(&server, &settings).await;
    let asked = json!({"prompt": "say: well", "model": "gpt-6-luna"});
    let answer = one.complete(asked).await.unwrap();

    let unknown = json!({"request_id": "req_00000000000000000000000000000001"});
    let refused = rate(&other, &unknown, 0.9).await;
    let passed_on = rate(&other, &answer, 0.1).await;
    one.terminate();
    let (status, log) = one.end().await;

    assert_eq!(refused["error"]["type"], "caller_invalid_request");
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.contains("no call req_0000"), "{message}");
    assert_eq!(passed_on["passed_on"], true, "{passed_on}");
    assert_eq!(passed_on["request_id"], answer["request_id"]);
    assert!(status.success() && !log.contains("not kept"), "{log}");
    let mut connection = database.connection().await;
    let waiting: i64 = sqlx::query_scalar("select count(*) from passed_rating")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(waiting, 0, "{log}");
    let parts: Vec<Vec<u8>> = sqlx::query_scalar("select state from routing_part")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    let read = |part: &Vec<u8>| serde_json::from_slice::<Value>(part).unwrap();
    let mut given = parts.iter().map(read).flat_map(|part| {
        let feedback = part["feedback"].as_array().unwrap();
        feedback.clone()
    });
    assert_eq!(given.next().unwrap()["model"], "gpt-6-luna");
    assert!(given.next().is_none());
}
