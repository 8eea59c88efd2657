//! Control from another process: `/_sim/…`.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::{Deserialize, Deserializer, Serialize};

use crate::fault::Fault;
use crate::profile::Profile;
use crate::simulator::Simulator;
use crate::vendor::Vendor;

/// The body of `POST /_sim/faults`. What is absent stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    vendor: Vendor,
    /// Added to the script.
    #[serde(default)]
    script: Vec<Fault>,
    /// `null` ends the standing fault.
    #[serde(default, deserialize_with = "given")]
    standing: Option<Option<Fault>>,
    profile: Option<Profile>,
    /// The plan of the account at Groq.
    groq_tokens_per_minute: Option<u64>,
    /// Ends all faults first.
    #[serde(default)]
    heal: bool,
    /// How long new access tokens are taken, whichever the vendor.
    token_lifetime_s: Option<u64>,
}

/// Tells a member that is `null` from one that is absent.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Fault>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Picks what `of` returns for the vendor in `?vendor=openai`, or for all.
fn select<T: Serialize>(query: Option<&str>, of: impl Fn(Vendor) -> T) -> Response {
    let name = match query.map(|query| query.strip_prefix("vendor=").ok_or(query)) {
        None => {
            let all: BTreeMap<_, _> = Vendor::ALL.iter().map(|v| (v.name(), of(*v))).collect();
            return document(&all);
        }
        Some(Ok(name)) => name,
        Some(Err(query)) => query,
    };
    match name.parse::<Vendor>() {
        Ok(vendor) => document(&of(vendor)),
        Err(error) => (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response(),
    }
}

pub(crate) async fn set_faults(State(simulator): State<Simulator>, body: Bytes) -> Response {
    let order: Order = match serde_json::from_slice(&body) {
        Ok(order) => order,
        Err(error) => return (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response(),
    };
    if order.heal {
        simulator.heal(order.vendor);
    }
    simulator.push_many(order.vendor, order.script);
    if let Some(standing) = order.standing {
        simulator.set_standing(order.vendor, standing);
    }
    if let Some(tokens) = order.groq_tokens_per_minute {
        simulator.set_groq_tokens_per_minute(tokens);
    }
    if let Some(profile) = order.profile {
        simulator.set_profile(order.vendor, profile);
    }
    if let Some(seconds) = order.token_lifetime_s {
        simulator.set_token_lifetime(Duration::from_secs(seconds));
    }
    StatusCode::NO_CONTENT.into_response()
}

pub(crate) async fn requests(
    State(simulator): State<Simulator>,
    RawQuery(query): RawQuery,
) -> Response {
    select(query.as_deref(), |vendor| simulator.requests(vendor))
}

pub(crate) async fn stats(
    State(simulator): State<Simulator>,
    RawQuery(query): RawQuery,
) -> Response {
    select(query.as_deref(), |vendor| simulator.stats(vendor))
}

fn document<T: Serialize>(value: &T) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => ([(CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
