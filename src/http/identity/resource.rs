//! What this server is to clients that look for an authorization server
//! (RFC 9728).

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use serde::Serialize;

use super::Identity;
use crate::http::{Door, error, guard};

const METADATA: &str = "/.well-known/oauth-protected-resource";
const MCP: &str = "/mcp";

#[derive(Serialize)]
struct Metadata<'a> {
    resource: String,
    authorization_servers: [&'a str; 1],
    bearer_methods_supported: [&'static str; 1],
    resource_name: &'static str,
}

/// Names the authorization server, where there is one.
pub(in crate::http) async fn metadata(State(door): State<Door>, request: Request) -> Response {
    let base = base_url(&door.identity, &request);
    let (Some(issuer), Some(base)) = (&door.identity.issuer, base) else {
        let message = "this server takes no tokens of an authorization server";
        return error::refusal(StatusCode::NOT_FOUND, message);
    };
    let suffix = request.uri().path().strip_prefix(METADATA);
    Json(Metadata {
        resource: base + suffix.unwrap_or_default(),
        authorization_servers: [issuer],
        bearer_methods_supported: ["header"],
        resource_name: "ai-gateway-mcp",
    })
    .into_response()
}

/// Returns where the metadata of the door that was asked is; `None` where no
/// issuer's tokens are taken.
pub(super) fn metadata_url(identity: &Identity, request: &Request) -> Option<String> {
    identity.issuer.as_ref()?;
    let base = base_url(identity, request)?;
    let is_mcp = matches!(request.uri().path(), "/mcp" | "/mcp/");
    let suffix = if is_mcp { MCP } else { "" };
    Some(format!("{base}{METADATA}{suffix}"))
}

/// Returns how this server is reached: as configured, else by the `Host` of
/// the request, which the guard has let pass. Beyond this machine that is
/// TLS, which ends before us.
fn base_url(identity: &Identity, request: &Request) -> Option<String> {
    if let Some(url) = &identity.public_url {
        return Some(url.trim_end_matches('/').to_owned());
    }
    let named = request.headers().get(header::HOST);
    let host = match named {
        Some(host) => host.to_str().ok()?,
        None => request.uri().authority()?.as_str(),
    };
    let scheme = if guard::is_loopback_authority(host) {
        "http"
    } else {
        "https"
    };
    Some(format!("{scheme}://{host}"))
}
