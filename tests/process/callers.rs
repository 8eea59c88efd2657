//! Callers with keys of their own, and what they are answered.

use std::fmt::Write as _;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::gateway::{END, Gateway};

/// What a caller gets back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The call's id, as 32 hexadecimal digits.
    pub(crate) id: String,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn is_ok(&self) -> bool {
        self.status == 200
    }

    /// Returns what an error says to programs; empty if it is none.
    pub(crate) fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }
}

/// Returns the key of a caller.
pub(crate) fn key(name: &str) -> String {
    format!("agw_the-key-of-{name}-in-tests")
}

/// Returns the entry of a caller, `NAME:<sha256 hex>`.
pub(crate) fn entry(name: &str) -> String {
    let mut entry = format!("{name}:");
    for byte in Sha256::digest(key(name)) {
        let _ = write!(entry, "{byte:02x}");
    }
    entry
}

/// Returns `GATEWAY_API_KEYS` for some callers.
pub(crate) fn entries(names: &[&str]) -> String {
    let entries: Vec<String> = names.iter().map(|name| entry(name)).collect();
    entries.join(",")
}

/// A question that OpenAI's cheapest model answers with `ok`.
pub(crate) fn question() -> Value {
    json!({
        "model": "gpt-6-luna",
        "messages": [{"role": "user", "content": "say: ok"}],
        "max_completion_tokens": 64,
    })
}

impl Gateway {
    /// Asks as a caller; `None` if the connection was cut.
    pub(crate) async fn ask(&self, name: &str, question: &Value) -> Option<Answer> {
        let body = question.to_string();
        let request = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Authorization: Bearer {}\r\nContent-Length: {}\r\n\r\n{body}",
            key(name),
            body.len()
        );
        let answer = self.exchange(&request).await?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let (_, rest) = head
            .split_once("x-gateway-request-id: req_")
            .unwrap_or_default();
        Some(Answer {
            status: head.split(' ').nth(1)?.parse().ok()?,
            id: rest.chars().take(32).collect(),
            // A body that was cut is no answer.
            body: serde_json::from_str(body).ok()?,
        })
    }

    /// Gets a page as a caller, head and body.
    pub(crate) async fn get(&self, name: &str, path: &str) -> String {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Authorization: Bearer {}\r\n\r\n",
            key(name)
        );
        self.exchange(&request).await.unwrap_or_default()
    }
}

/// Asks again and again until `condition` holds.
pub(crate) async fn eventually(what: &str, condition: impl AsyncFn() -> bool) {
    // Three times what the gateway may stay away from a store.
    let end = tokio::time::Instant::now() + 5 * END;
    while !condition().await {
        assert!(tokio::time::Instant::now() < end, "never: {what}");
        tokio::task::yield_now().await;
    }
}
