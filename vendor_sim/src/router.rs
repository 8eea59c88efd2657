//! From a request to its vendor, and from the vendor's answer to a response.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::sleep;

use crate::control;
use crate::delivery;
use crate::dialect::{Call, Reply, RequestBody, Twist};
use crate::fault::{Effect, Fault};
use crate::log::ReceivedRequest;
use crate::metadata;
use crate::simulator::{Fate, Simulator};
use crate::vendor::Vendor;

pub(crate) fn router(simulator: Simulator) -> Router {
    Router::new()
        .route("/_sim/faults", post(control::set_faults))
        .route("/_sim/requests", get(control::requests))
        .route("/_sim/stats", get(control::stats))
        .route("/", get(|| async { metadata::ping() }))
        .fallback(serve)
        .with_state(simulator)
}

async fn serve(State(simulator): State<Simulator>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some((vendor, path)) = addressed(parts.uri.path()) else {
        return (StatusCode::NOT_FOUND, "vendor_sim: no vendor at this path").into_response();
    };
    let body = read(body, vendor.dialect().max_body_bytes()).await;
    let fate = simulator.receive(vendor, received(&parts, path, &body));
    let visit = Visit {
        simulator: &simulator,
        vendor,
        parts: &parts,
        path,
        body: &body,
        fate,
    };
    // Even an empty sleep waits for the timer's next millisecond, and a
    // connection is refused by a machine, not by a model.
    if !visit.fate.latency.is_zero() && visit.fate.fault != Fault::Down {
        sleep(visit.fate.latency).await;
    }
    visit.respond().await
}

/// Splits `/openai/v1/models` into the vendor and `/v1/models`.
fn addressed(path: &str) -> Option<(Vendor, &str)> {
    let rest = path.strip_prefix('/')?;
    let end = rest.find('/').unwrap_or(rest.len());
    let (name, path) = rest.split_at_checked(end)?;
    Some((name.parse().ok()?, path))
}

async fn read(body: Body, limit: usize) -> RequestBody {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => RequestBody::Complete(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => RequestBody::TooLarge,
        Err(_) => RequestBody::Broken,
    }
}

fn received(parts: &Parts, path: &str, body: &RequestBody) -> ReceivedRequest {
    let bytes = match body {
        RequestBody::Complete(bytes) => bytes.clone(),
        RequestBody::TooLarge | RequestBody::Broken => Bytes::new(),
    };
    ReceivedRequest {
        number: 0,
        method: parts.method.clone(),
        path: path.to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers.clone(),
        body: serde_json::from_slice(&bytes).ok(),
        body_bytes: bytes.len(),
        fault: None,
    }
}

/// One request on its way through the vendor.
struct Visit<'a> {
    simulator: &'a Simulator,
    vendor: Vendor,
    parts: &'a Parts,
    path: &'a str,
    body: &'a RequestBody,
    fate: Fate,
}

impl Visit<'_> {
    async fn respond(&self) -> Response {
        match self.fate.fault.effect() {
            Effect::None => delivery::whole(self.paid_answer(None)),
            Effect::Twist(twist) => delivery::whole(self.paid_answer(Some(twist))),
            Effect::Delivery(ending) => delivery::faulty(self.paid_answer(None), ending).await,
            Effect::Trouble(trouble) => {
                self.answer(None);
                delivery::whole(self.vendor.dialect().trouble(&trouble, &self.call(None)))
            }
            Effect::Foreign(answer) => {
                self.answer(None);
                delivery::foreign(&answer)
            }
            Effect::Connection(fault) => {
                self.answer(None);
                delivery::connection(fault)
            }
            Effect::Hang => {
                self.answer(None);
                std::future::pending().await
            }
        }
    }

    /// Asks the vendor, also when a fault will hide the answer: a request
    /// that the vendor would refuse is counted either way.
    fn answer(&self, twist: Option<Twist<'_>>) -> Reply {
        let reply = self.vendor.dialect().answer(&self.call(twist));
        if reply.status.is_client_error() {
            self.simulator.count_refusal(self.vendor);
        }
        reply
    }

    fn paid_answer(&self, twist: Option<Twist<'_>>) -> Reply {
        let mut reply = self.answer(twist);
        if let Some(bill) = reply.bill.take() {
            self.simulator.charge(self.vendor, bill);
        }
        reply
    }

    fn call<'a>(&'a self, twist: Option<Twist<'a>>) -> Call<'a> {
        Call {
            method: &self.parts.method,
            path: self.path,
            query: self.parts.uri.query().unwrap_or_default(),
            headers: &self.parts.headers,
            body: self.body,
            number: self.fate.number,
            seed: self.simulator.seed(),
            now: self.simulator.now(),
            tokens_per_minute: self.simulator.groq_tokens_per_minute(),
            token_lifetime_s: self.simulator.token_lifetime_s(),
            twist,
        }
    }
}
