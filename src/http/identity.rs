//! Who calls.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::Door;
use super::settings::AuthMode;
use crate::domain::Caller;

/// Finds out who calls, before the body is read, and writes it into the
/// request's extensions.
pub(super) async fn identify(
    State(door): State<Door>,
    mut request: Request,
    next: Next,
) -> Response {
    let caller = match door.auth_mode {
        // Configuration refuses this mode for any address but loopback.
        AuthMode::None => Caller::new("local"),
    };
    request.extensions_mut().insert(caller);
    next.run(request).await
}
