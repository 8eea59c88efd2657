//! The program, and its control from another process.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;
use vendor_sim::Vendor;

use crate::client::question;

const PATIENCE: Duration = Duration::from_secs(20);

/// A running program and its address.
async fn start(arguments: &[&str]) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_vendor_sim"))
        .args(["--port", "0"])
        .args(arguments)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    timeout(PATIENCE, output.read_line(&mut line))
        .await
        .unwrap()
        .unwrap();
    let address = line.strip_prefix("vendor_sim ready on http://").unwrap();
    let address = address.split(' ').next().unwrap().trim().to_owned();
    (child, address)
}

async fn http(address: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer k\r\n\
         content-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

#[tokio::test]
async fn faults_are_set_and_requests_read_from_outside() {
    let (_child, address) = start(&["--seed", "3", "--fault", "openai=status:500"]).await;
    let body = question(Vendor::OpenAi, "say: hello");
    let chat = async || {
        http(&address, "POST", "/openai/v1/chat/completions", &body)
            .await
            .0
    };
    let order = async |order: Value| http(&address, "POST", "/_sim/faults", &order).await.0;

    let standing = chat().await;
    let ordered = order(json!({"vendor": "openai", "standing": null,
        "script": ["overloaded", {"rate_limited": {}}]}))
    .await;
    let scripted = (chat().await, chat().await, chat().await);
    let refused = order(json!({"vendor": "openai", "script": ["explode"]})).await;
    let (_, requests) = http(
        &address,
        "GET",
        "/_sim/requests?vendor=openai",
        &Value::Null,
    )
    .await;
    let (_, stats) = http(&address, "GET", "/_sim/stats", &Value::Null).await;

    assert_eq!(
        (standing, ordered, scripted, refused),
        (500, 204, (503, 429, 200), 400)
    );
    assert_eq!(
        (&requests[1]["body"], &requests[1]["fault"]),
        (&body, &json!("overloaded"))
    );
    assert_eq!(
        (
            &stats["openai"]["received"],
            &stats["anthropic"]["received"]
        ),
        (&json!(4), &json!(0))
    );
}

#[tokio::test]
async fn a_signal_ends_the_program() {
    let (mut child, _) = start(&["--latency-ms", "1..5"]).await;
    let id = child.id().unwrap().to_string();

    Command::new("kill")
        .args(["-TERM", &id])
        .status()
        .await
        .unwrap();
    let status = timeout(PATIENCE, child.wait()).await.unwrap().unwrap();

    assert!(status.success());
}

#[tokio::test]
async fn wrong_arguments_are_refused() {
    for arguments in [
        ["--fault", "openai=explode"],
        ["--fault", "x=hang"],
        ["--latency-ms", "5-9"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_vendor_sim"))
            .args(arguments)
            .output();

        assert!(!output.await.unwrap().status.success(), "{arguments:?}");
    }
}
