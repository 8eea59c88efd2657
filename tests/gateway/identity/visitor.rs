//! A gateway that asks who calls, and requests that try to come in.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::Request;
use serde_json::{Value, json};
use tracing::subscriber::DefaultGuard;
use vendor_sim::Vendor;

use super::issuer::{AUDIENCE, IAP_AUDIENCE, ISSUER, Issuer};
use crate::support::{Answer, Rig};

pub(crate) const ALICES_KEY: &str = "alices-key-of-twenty-and-more";
/// `printf %s "$ALICES_KEY" | sha256sum`
pub(crate) const ALICES_DIGEST: &str =
    "b491328384a3e33fe3fe98ceef8bc2b906a236b086f9df545ef43995d2522c0e";
pub(crate) const BOSS_KEY: &str = "the-key-of-the-boss-0123456789";
pub(crate) const BOSS_DIGEST: &str =
    "106ae2eb6c9f6ee4c8c6528017ef35f9d3ad4b3bbfcd15427055c4f892e72ce2";

/// Every door that needs a caller: method, path and a body that it takes.
pub(crate) const DOORS: [(&str, &str); 6] = [
    ("POST", "/mcp"),
    ("POST", "/v1/chat/completions"),
    ("POST", "/v1/messages"),
    ("POST", "/v1/messages/count_tokens"),
    ("GET", "/v1/models"),
    ("GET", "/metrics"),
];

/// A gateway with some modes on, its log, and an issuer that it trusts.
pub(crate) struct House {
    pub(crate) rig: Rig,
    pub(crate) issuer: Issuer,
    log: Log,
    _log_guard: DefaultGuard,
}

impl House {
    /// Opens a gateway with these modes, with all that any mode needs.
    pub(crate) fn with(modes: &str, extra: &[(&str, &str)]) -> Self {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        let guard = tracing::subscriber::set_default(subscriber);
        let keys = format!("alice:{ALICES_DIGEST},boss:{BOSS_DIGEST}");
        let mut variables = vec![
            ("AUTH_MODE", modes),
            ("GATEWAY_API_KEYS", keys.as_str()),
            ("OIDC_ISSUER", ISSUER),
            ("OIDC_AUDIENCE", AUDIENCE),
            ("IAP_AUDIENCE", IAP_AUDIENCE),
            ("GATEWAY__CALLERS__BOSS__ADMIN", "true"),
        ];
        if modes.contains("cloud-run-iam") {
            variables.push(("K_SERVICE", "gateway"));
        }
        variables.extend(extra);
        let rig = Rig::with(&variables);
        let issuer = Issuer::new();
        rig.published.publish(&issuer);
        Self {
            rig,
            issuer,
            log,
            _log_guard: guard,
        }
    }

    /// Sends a request with these headers to a door. Tells the answer, and
    /// whether anybody read the body.
    pub(crate) async fn visit(
        &self,
        (method, path): (&str, &str),
        headers: &[(&str, &str)],
    ) -> (Answer, bool) {
        let was_read = Arc::new(AtomicBool::new(false));
        let text = Bytes::from(body(path));
        let mark = Arc::clone(&was_read);
        let body = stream::once(async move {
            mark.store(true, Ordering::Relaxed);
            Ok::<_, io::Error>(text)
        });
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", "localhost");
        }
        for (name, value) in headers {
            request = request.header(*name, value.as_bytes());
        }
        let request = request
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .body(Body::from_stream(body));
        let answer = self.rig.send(request.unwrap()).await;
        (answer, was_read.load(Ordering::Relaxed))
    }

    /// Asks with a bearer proof at the door of chat completions.
    /// Makes an MCP request with a key and returns its result.
    pub(crate) async fn call(&self, key: &str, method: &str, params: Value) -> Value {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let request = Request::post("/mcp")
            .header("host", "localhost")
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .header("x-api-key", key)
            .body(Body::from(body.to_string()));
        let answer = self.rig.send(request.unwrap()).await;
        answer.json()["result"].clone()
    }

    pub(crate) async fn bearer(&self, proof: &str) -> Answer {
        let headers = [("authorization", &*format!("Bearer {proof}"))];
        self.visit(DOORS[1], &headers).await.0
    }

    /// Returns the name under which the last call was entered.
    pub(crate) fn last_caller(&self) -> String {
        let ledger = self.rig.ledger();
        ledger.last().unwrap().caller.as_str().to_owned()
    }

    /// Returns the reasons of all refusals that the log tells, in order.
    pub(crate) fn refusals(&self) -> Vec<String> {
        let log = self.log.text();
        let lines = log
            .lines()
            .filter(|line| line.contains("event=\"refused\""));
        lines
            .map(|line| {
                let rest = line.split_once("reason=\"").unwrap().1;
                rest.split('"').next().unwrap().to_owned()
            })
            .collect()
    }

    /// Expects that nothing was asked of a vendor or entered, and that no
    /// line of the log, answer or metric shows one of `proofs`.
    pub(crate) fn stayed_closed(&self, proofs: &[String]) {
        for vendor in [Vendor::OpenAi, Vendor::Anthropic] {
            assert_eq!(self.rig.asked(vendor), 0);
        }
        assert!(self.rig.ledger().is_empty());
        let log = self.log.text();
        for proof in proofs.iter().filter(|proof| proof.len() >= 12) {
            assert!(!log.contains(proof.as_str()), "{proof}");
        }
    }
}

fn body(path: &str) -> String {
    let messages = json!([{"role": "user", "content": "say: well"}]);
    let body = match path {
        "/mcp" => json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params":
            {"name": "unified_completion",
             "arguments": {"prompt": "say: well", "model": "gpt-6-luna"}}}),
        _ => json!({"model": "gpt-6-luna", "max_tokens": 100, "messages": messages}),
    };
    body.to_string()
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
