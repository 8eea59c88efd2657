//! The metadata server of Google's machines: who runs here, and its tokens.
//!
//! Sources: Google's documentation of the server, and the published clients
//! that read it. A client finds it by `GCE_METADATA_HOST`.

use axum::body::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::access_token;
use crate::dialect::{Call, Dialect, Reply, Trouble};

/// The vendor.
pub(crate) struct Metadata;

const PROJECT: &str = "simulated-project";
const PROJECT_NUMBER: &str = "123456789012";
const EMAIL: &str = "simulated@simulated-project.iam.gserviceaccount.com";
const SCOPES: [&str; 2] = [
    "https://www.googleapis.com/auth/cloud-platform",
    "https://www.googleapis.com/auth/userinfo.email",
];

/// Nothing reads a body, so any size will do. Chosen.
const MAX_BODY_BYTES: usize = 1 << 10;

impl Dialect for Metadata {
    fn base_path(&self) -> &'static str {
        "/computeMetadata/v1"
    }

    fn max_body_bytes(&self) -> usize {
        MAX_BODY_BYTES
    }

    fn answer(&self, call: &Call<'_>) -> Reply {
        let is_asked_rightly = call.header("metadata-flavor") == Some("Google");
        // A request that was passed on may be somebody else's.
        let is_passed_on = call.header("x-forwarded-for").is_some();
        if !is_asked_rightly || is_passed_on {
            return page(StatusCode::FORBIDDEN, "Missing required header.");
        }
        if *call.method != Method::GET {
            return page(StatusCode::METHOD_NOT_ALLOWED, "Only GET is allowed.");
        }
        let found = value(call).or_else(|| account(call));
        found.unwrap_or_else(|| page(StatusCode::NOT_FOUND, "The path was not found."))
    }

    fn trouble(&self, trouble: &Trouble, _call: &Call<'_>) -> Reply {
        let status = match trouble {
            Trouble::RateLimited(_) | Trouble::QuotaExhausted | Trouble::SpendLimit => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Trouble::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Trouble::Status(status) => *status,
        };
        page(status, "The metadata server has a problem.")
    }
}

/// Answers the ping of clients that ask whether they run on Google's
/// machines: `GET /`, looking at nothing but the header of the answer.
pub(crate) fn ping() -> [(&'static str, &'static str); 2] {
    [FLAVOR, ("content-type", "application/text")]
}

/// The header by which clients know the server.
const FLAVOR: (&str, &str) = ("metadata-flavor", "Google");

fn value(call: &Call<'_>) -> Option<Reply> {
    let text = match call.path {
        "/v1/project/project-id" => PROJECT.to_owned(),
        "/v1/project/numeric-project-id" => PROJECT_NUMBER.to_owned(),
        "/v1/universe/universe-domain" | "/v1/universe/universe_domain" => {
            "googleapis.com".to_owned()
        }
        "/v1/instance/zone" => format!("projects/{PROJECT_NUMBER}/zones/us-central1-a"),
        "/v1/instance/region" => format!("projects/{PROJECT_NUMBER}/regions/us-central1"),
        "/v1/instance/service-accounts/" => format!("default/\n{EMAIL}/\n"),
        _ => return None,
    };
    Some(plain(text))
}

/// Answers what is below an account, of which there is one.
fn account(call: &Call<'_>) -> Option<Reply> {
    let rest = call.path.strip_prefix("/v1/instance/service-accounts/")?;
    let (name, member) = rest.split_once('/')?;
    if name != "default" && name != EMAIL {
        return None;
    }
    match member {
        "" if call.query.contains("recursive=true") => Some(document(
            &json!({"aliases": ["default"], "email": EMAIL, "scopes": SCOPES}),
        )),
        "" => Some(plain(
            "aliases\nemail\nidentity\nscopes\ntoken\n".to_owned(),
        )),
        "aliases" => Some(plain("default".to_owned())),
        "email" => Some(plain(EMAIL.to_owned())),
        "scopes" => Some(plain(format!("{}\n", SCOPES.join("\n")))),
        "token" => Some(token(call)),
        _ => None,
    }
}

/// Issues a token, a new one for every request.
fn token(call: &Call<'_>) -> Reply {
    let expires = call.now.plus(call.token_lifetime_s);
    document(&json!({
        "access_token": access_token::issue(call.seed, call.number, expires),
        "expires_in": call.token_lifetime_s,
        "token_type": "Bearer",
    }))
}

fn plain(text: String) -> Reply {
    flavored(StatusCode::OK, "application/text", text)
}

fn document(body: &Value) -> Reply {
    flavored(StatusCode::OK, "application/json", body.to_string())
}

fn page(status: StatusCode, text: &str) -> Reply {
    flavored(
        status,
        "text/html; charset=UTF-8",
        format!("<!DOCTYPE html>\n<html lang=en>\n<title>{status}</title>\n<p>{text}\n"),
    )
}

fn flavored(status: StatusCode, content_type: &str, body: String) -> Reply {
    let (flavor, google) = FLAVOR;
    Reply {
        status,
        headers: vec![
            ("content-type", content_type.to_owned()),
            (flavor, google.to_owned()),
            ("server", "Metadata Server for VM".to_owned()),
        ],
        pieces: vec![Bytes::from(body)],
        bill: None,
    }
}
