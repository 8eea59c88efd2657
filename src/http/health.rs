//! `/health`, `/ready` and `/metrics`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use serde::Serialize;

use super::Door;
use crate::domain::EmbedderState;
use crate::gateway::{SemanticState, TrustState};

#[derive(Serialize)]
struct Alive {
    status: &'static str,
}

#[derive(Serialize)]
struct Ready {
    /// `ready`, `degraded` or `unavailable`.
    status: &'static str,
    /// What is amiss, in words.
    degraded: Vec<String>,
    cache: CacheReport,
}

/// How far semantic hits of the cache are trusted.
#[derive(Serialize)]
struct CacheReport {
    /// `trusted`, `probation`, `closed` or `off`.
    semantic: &'static str,
    false_hit_estimate: Estimate,
}

/// The share of wrong semantic hits: one-sided 95 % bounds, and the judged hits
/// behind them.
#[derive(Serialize)]
struct Estimate {
    low: f64,
    high: f64,
    judged: usize,
    wrong: usize,
}

impl CacheReport {
    fn new(state: &SemanticState) -> Self {
        let is_on = state.embedder == EmbedderState::Ready;
        let trust = state.trust.filter(|_| is_on);
        let wrong = state.wrong;
        Self {
            semantic: trust.map_or("off", TrustState::as_str),
            false_hit_estimate: Estimate {
                low: wrong.low,
                high: wrong.high,
                judged: wrong.judged,
                wrong: wrong.wrong,
            },
        }
    }
}

/// Says that the process lives. No I/O: a slow vendor must not restart it.
pub(super) async fn health() -> Response {
    Json(Alive { status: "alive" }).into_response()
}

/// Says whether requests can be answered, and what is degraded.
pub(super) async fn ready(State(door): State<Door>) -> Response {
    let readiness = door.gateway.readiness();
    let mut degraded: Vec<String> = readiness
        .unavailable
        .iter()
        .map(|name| format!("provider {name} is unavailable"))
        .collect();
    let store = door.gateway.store_state();
    if let Some(fault) = &store.fault {
        // What the fault says may name a file or a host.
        tracing::debug!(fault, "the store does not work");
        degraded.push(format!("store: degraded, {} lines wait", store.buffered));
    }
    if let EmbedderState::Failed(reason) = door.gateway.embedder_state() {
        degraded.push(format!("embedding: {reason}"));
    }
    let semantic = door.gateway.semantic_state();
    if semantic.trust == Some(TrustState::Closed) {
        degraded.push("cache: no semantic hits, too many were wrong".to_owned());
    }
    degraded.extend(door.notices.list());
    let is_draining = door.shutdown.draining.is_cancelled();
    let is_unconfigured = readiness.available.is_empty() && readiness.unavailable.is_empty();
    if is_draining {
        degraded.push("shutting down".to_owned());
    }
    if is_unconfigured {
        degraded.push("no provider is configured".to_owned());
    }
    let (code, status) = if is_draining || is_unconfigured {
        (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
    } else if degraded.is_empty() {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::OK, "degraded")
    };
    let cache = CacheReport::new(&semantic);
    let ready = Ready {
        status,
        degraded,
        cache,
    };
    (code, Json(ready)).into_response()
}

/// Writes the metrics in Prometheus' text format.
pub(super) async fn metrics(State(door): State<Door>) -> Response {
    door.gateway.report_cache();
    door.metrics.store(&door.gateway.store_state());
    let format = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, format)], door.metrics.render()).into_response()
}
