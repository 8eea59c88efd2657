//! Google's Gemini API: `generateContent`, `streamGenerateContent`,
//! `countTokens` and the model list, under `/v1` and `/v1beta`.
//!
//! Sources: the published SDK types and discovery document for names and
//! types; error texts from responses quoted in public issue threads. Vertex
//! answers with the same engine, see `vertex`.

use http::Method;

use crate::dialect::{Call, Dialect, Reply, Trouble};

mod api;
mod check;
mod count;
mod document;
mod error;
mod list;
mod models;
mod proto;
mod query;
mod request;
mod response;
mod signature;
mod stream;
mod trouble;
mod usage;

pub(crate) use api::Api;
pub(crate) use document::{MAX_BODY_BYTES, no_such_page};
pub(crate) use error::ApiError;
pub(crate) use list::publisher_models;
pub(crate) use models::no_such_model;
pub(crate) use trouble::reply as trouble;

/// The vendor.
pub(crate) struct Google;

/// How an answer goes out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Delivery {
    /// As one document.
    Whole,
    /// As server-sent events.
    Events,
    /// As an array whose elements come one by one.
    Array,
}

impl Delivery {
    /// Returns the name of the method that delivers so.
    fn method(self) -> &'static str {
        match self {
            Self::Whole => "generateContent",
            Self::Events | Self::Array => "streamGenerateContent",
        }
    }
}

impl Dialect for Google {
    fn base_path(&self) -> &'static str {
        "/google"
    }

    fn max_body_bytes(&self) -> usize {
        document::MAX_BODY_BYTES
    }

    fn answer(&self, call: &Call<'_>) -> Reply {
        route(call).unwrap_or_else(|error| error.reply())
    }

    fn trouble(&self, trouble: &Trouble, _call: &Call<'_>) -> Reply {
        trouble::reply(trouble, Api::GeminiV1)
    }
}

fn route(call: &Call<'_>) -> Result<Reply, ApiError> {
    let Some((api, path)) = versioned(call.path) else {
        return Ok(document::no_such_page(call.path));
    };
    // `/models`, or what follows `/models/`: an id and perhaps a method.
    let (id, method) = match path.strip_prefix("/models/") {
        Some(rest) => rest.rsplit_once(':').unwrap_or((rest, "")),
        None => ("", ""),
    };
    match *call.method {
        Method::GET if path == "/models" => {
            authenticate(call, api)?;
            query::check(call.query, &list::PARAMETERS)?;
            list::page(call, api)
        }
        Method::GET if !id.is_empty() && method.is_empty() => {
            authenticate(call, api)?;
            query::check(call.query, &[])?;
            list::one(id, api)
        }
        Method::POST if !id.is_empty() && is_method(method) => {
            authenticate(call, api)?;
            act(id, method, api, call)
        }
        // The servers in front do not tell a wrong method from a wrong path.
        _ => Ok(document::no_such_page(call.path)),
    }
}

fn versioned(path: &str) -> Option<(Api, &str)> {
    let beta = path.strip_prefix("/v1beta/");
    let (api, rest) = match beta {
        Some(rest) => (Api::GeminiV1Beta, rest),
        None => (Api::GeminiV1, path.strip_prefix("/v1/")?),
    };
    // Keeps the slash before the rest.
    let at = path.len() - rest.len() - 1;
    Some((api, path.get(at..)?))
}

/// Tells whether the engine has this method.
pub(crate) fn is_method(name: &str) -> bool {
    matches!(
        name,
        "generateContent" | "streamGenerateContent" | "countTokens"
    )
}

/// Carries out a method for the model `id`.
///
/// # Errors
///
/// What the vendor refuses.
pub(crate) fn act(id: &str, method: &str, api: Api, call: &Call<'_>) -> Result<Reply, ApiError> {
    query::check(call.query, &[])?;
    let body = document::read(call)?;
    let delivery = match (method, query::value(call.query, "alt")) {
        ("countTokens", _) => return count::count(&body, id, api),
        ("generateContent", _) => Delivery::Whole,
        (_, Some("sse")) => Delivery::Events,
        _ => Delivery::Array,
    };
    let checked = check::check(&body, id, api, delivery)?;
    Ok(response::generate(&checked, api, delivery, call))
}

/// Takes any key but one that starts with `bad`, from the header or the
/// query.
fn authenticate(call: &Call<'_>, api: Api) -> Result<(), ApiError> {
    let header = call.header("x-goog-api-key");
    let key = header
        .or_else(|| query::value(call.query, "key"))
        .unwrap_or_default()
        .trim();
    if key.is_empty() && call.header("authorization").is_some() {
        return Err(ApiError::unauthenticated(
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login \
             cookie or other valid authentication credential.",
        )
        .because("ACCESS_TOKEN_TYPE_UNSUPPORTED", api));
    }
    if key.is_empty() {
        return Err(ApiError::forbidden(
            "Method doesn't allow unregistered callers (callers without established identity). \
             Please use API Key or other form of API consumer identity to call this API.",
        ));
    }
    if key.starts_with("bad") {
        return Err(
            ApiError::invalid("API key not valid. Please pass a valid API key.")
                .because("API_KEY_INVALID", api),
        );
    }
    Ok(())
}
