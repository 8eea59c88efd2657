//! `/health`, `/ready` and `/metrics`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use serde::Serialize;

use super::Door;
use crate::domain::EmbedderState;

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
    (code, Json(Ready { status, degraded })).into_response()
}

/// Writes the metrics in Prometheus' text format.
pub(super) async fn metrics(State(door): State<Door>) -> Response {
    door.metrics.store(&door.gateway.store_state());
    let format = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, format)], door.metrics.render()).into_response()
}
