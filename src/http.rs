//! The doors: routes, who may come in, and how the server stops.

mod activity;
mod body;
mod cache_mark;
mod chat;
mod error;
mod event_stream;
mod guard;
mod headers;
mod health;
mod identity;
mod mcp_door;
mod messages;
mod models;
mod notices;
mod options;
mod others;
mod picture;
mod posted;
mod server;
mod settings;
mod text_or_list;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post};
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

pub(crate) use guard::{is_host, is_origin};
pub(crate) use identity::is_issuer_url;
pub use identity::{ApiKeys, FreshKey, Identity, IdentityParts};
pub use notices::Notices;
pub use server::{Shutdown, serve};
pub use settings::{AuthMode, IapSettings, OidcSettings, Settings};

use crate::gateway::Gateway;
use crate::mcp::McpHandler;
use crate::telemetry::Metrics;
use body::BodyRoom;
use guard::Allowed;

/// What every route needs, cheap to clone.
type Door = Arc<DoorParts>;

struct DoorParts {
    gateway: Arc<Gateway>,
    metrics: Arc<Metrics>,
    allowed: Arc<Allowed>,
    identity: Arc<Identity>,
    notices: Arc<Notices>,
    shutdown: Shutdown,
    max_mcp_body_bytes: usize,
    max_v1_body_bytes: usize,
    body_room: BodyRoom,
    body_pause: Duration,
    v1_timeout: Duration,
}

/// What the routes lead to.
pub struct RouterParts {
    /// The pipeline.
    pub gateway: Arc<Gateway>,
    /// Where to count.
    pub metrics: Arc<Metrics>,
    /// What answers at `/mcp`.
    pub mcp: McpHandler,
    /// Who calls.
    pub identity: Arc<Identity>,
    /// What is amiss with the process.
    pub notices: Arc<Notices>,
    /// The end of the process.
    pub shutdown: Shutdown,
}

/// Builds all routes.
///
/// `/health` and `/ready` are open to any name, so that load balancers can ask by address. All other
/// routes but the metadata for clients that look for an issuer need a caller.
pub fn router(settings: &Settings, parts: RouterParts) -> Router {
    let RouterParts {
        gateway,
        metrics,
        mcp,
        identity,
        notices,
        shutdown,
    } = parts;
    let allowed = Arc::new(Allowed::new(
        &settings.allowed_hosts,
        &settings.allowed_origins,
    ));
    let door = Arc::new(DoorParts {
        gateway,
        metrics,
        allowed: Arc::clone(&allowed),
        identity,
        notices,
        shutdown,
        max_mcp_body_bytes: settings.max_mcp_body_bytes,
        max_v1_body_bytes: settings.max_v1_body_bytes,
        body_room: BodyRoom::new(settings.max_body_bytes_in_flight),
        body_pause: Duration::from_millis(settings.body_read_timeout_ms),
        v1_timeout: Duration::from_millis(settings.v1_timeout_ms),
    });
    let figures = Router::new()
        .route("/metrics", get(health::metrics))
        .layer(from_fn_with_state(door.clone(), identity::require_admin));
    let known = Router::new()
        .route("/v1/chat/completions", post(chat::complete))
        .route("/v1/messages", post(messages::create))
        .route("/v1/messages/count_tokens", post(messages::count_tokens))
        .route("/v1/models", get(models::list))
        .route("/v1/models/{*name}", get(models::one))
        .merge(figures)
        .with_state(door.clone())
        // Inside the layers: a preflight is a method that no route has.
        .method_not_allowed_fallback(wrong_method)
        .merge(mcp_door::routes(mcp, &door))
        .layer(from_fn_with_state(door.clone(), identity::identify));
    let metadata = get(identity::metadata);
    let guarded = Router::new()
        .route("/.well-known/oauth-protected-resource", metadata.clone())
        .route("/.well-known/oauth-protected-resource/mcp", metadata)
        .with_state(door.clone())
        .merge(known)
        .layer(cors(allowed))
        .layer(from_fn_with_state(door.clone(), guard::check));
    Router::new()
        .route("/health", get(health::health))
        .route("/ready", get(health::ready))
        .with_state(door)
        .merge(guarded)
        .fallback(no_such_route)
        .method_not_allowed_fallback(wrong_method)
}

/// Answers preflights outside identity, for a preflight carries no proof.
///
/// A page that the guard lets in may send any header: the vendors' SDKs send
/// a dozen of their own and add some every month, and none of them is a proof.
fn cors(allowed: Arc<Allowed>) -> CorsLayer {
    let origins =
        AllowOrigin::predicate(move |origin: &HeaderValue, _| allowed.admits_origin(origin));
    let answered = [
        "x-gateway-provider",
        "x-gateway-model",
        "x-gateway-cache",
        "x-gateway-cost-usd",
        "x-gateway-attempts",
        "x-gateway-dropped-parameters",
        "x-gateway-budget-remaining-usd",
        "x-ratelimit-remaining-requests",
        "x-ratelimit-remaining-tokens",
        "x-gateway-request-id",
        "request-id",
        "retry-after",
        "retry-after-ms",
        "x-should-retry",
        "www-authenticate",
    ];
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(answered.map(HeaderName::from_static))
        .max_age(Duration::from_secs(600))
}

async fn no_such_route(uri: Uri) -> Response {
    let path: String = uri.path().chars().take(80).collect();
    refuse(
        &uri,
        StatusCode::NOT_FOUND,
        &format!("there is nothing at {path}"),
    )
}

async fn wrong_method(method: Method, uri: Uri) -> Response {
    let message = format!("{} does not take {method}", uri.path());
    refuse(&uri, StatusCode::METHOD_NOT_ALLOWED, &message)
}

/// Refuses in the form of the door that was knocked at.
fn refuse(uri: &Uri, status: StatusCode, message: &str) -> Response {
    let rest = uri.path().strip_prefix("/v1/messages");
    if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
        messages::refusal(status, message)
    } else {
        error::refusal(status, message)
    }
}
