//! Vertex AI: Google's models and Claude, under `/v1` and `/v1beta1`.
//!
//! Sources: the published discovery document, and the SDKs for the paths and
//! bodies of Claude. Bearer tokens come from the simulated metadata server.

use http::Method;

use crate::access_token::{self, Rejection};
use crate::anthropic::vertex as claude;
use crate::dialect::{Call, Dialect, Reply, Trouble};
use crate::google::{self, Api, ApiError};

/// The vendor.
pub(crate) struct Vertex;

impl Dialect for Vertex {
    fn base_path(&self) -> &'static str {
        "/vertex"
    }

    fn max_body_bytes(&self) -> usize {
        google::MAX_BODY_BYTES
    }

    fn answer(&self, call: &Call<'_>) -> Reply {
        route(call).unwrap_or_else(|error| error.reply())
    }

    fn trouble(&self, trouble: &Trouble, _call: &Call<'_>) -> Reply {
        google::trouble(trouble, Api::VertexV1)
    }
}

fn route(call: &Call<'_>) -> Result<Reply, ApiError> {
    let Some((api, path)) = versioned(call.path) else {
        return Ok(google::no_such_page(call.path));
    };
    if let Some(id) = path.strip_prefix("publishers/google/models")
        && *call.method == Method::GET
    {
        authenticate(call, api)?;
        return google::publisher_models(id, call, api);
    }
    match Target::of_path(path).filter(|_| *call.method == Method::POST) {
        None => Ok(google::no_such_page(call.path)),
        Some(target) => {
            authenticate(call, api)?;
            target.check_place(api)?;
            target.act(call, api)
        }
    }
}

fn versioned(path: &str) -> Option<(Api, &str)> {
    match path.strip_prefix("/v1beta1/") {
        Some(rest) => Some((Api::VertexV1Beta1, rest)),
        None => Some((Api::VertexV1, path.strip_prefix("/v1/")?)),
    }
}

/// Takes the tokens of the metadata server while they last.
fn authenticate(call: &Call<'_>, api: Api) -> Result<(), ApiError> {
    let Some(header) = call.header("authorization") else {
        return Err(ApiError::unauthenticated(
            "Request is missing required authentication credential. Expected OAuth 2 access \
             token, login cookie or other valid authentication credential.",
        )
        .because("CREDENTIALS_MISSING", api));
    };
    let token = header.strip_prefix("Bearer ").unwrap_or_default();
    let reason = match access_token::check(token, call.seed, call.now) {
        Ok(()) => return Ok(()),
        Err(Rejection::Expired) => "ACCESS_TOKEN_EXPIRED",
        Err(Rejection::Foreign) => "ACCESS_TOKEN_TYPE_UNSUPPORTED",
    };
    Err(ApiError::unauthenticated(
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login \
         cookie or other valid authentication credential.",
    )
    .because(reason, api))
}

/// What a path of a model names.
struct Target<'a> {
    project: &'a str,
    location: &'a str,
    publisher: &'a str,
    model: &'a str,
    method: &'a str,
}

impl<'a> Target<'a> {
    fn of_path(path: &'a str) -> Option<Self> {
        let segments: Vec<_> = path.split('/').collect();
        let [
            "projects",
            project,
            "locations",
            location,
            "publishers",
            publisher,
            "models",
            action,
        ] = segments.as_slice()
        else {
            return None;
        };
        let (model, method) = action.rsplit_once(':')?;
        Some(Self {
            project,
            location,
            publisher,
            model,
            method,
        })
    }

    fn name(&self) -> String {
        let Self {
            project,
            location,
            publisher,
            model,
            ..
        } = self;
        format!("projects/{project}/locations/{location}/publishers/{publisher}/models/{model}")
    }

    /// Refuses projects that start with `bad`, as keys that do, and locations
    /// that cannot be.
    fn check_place(&self, api: Api) -> Result<(), ApiError> {
        if self.project.is_empty() || self.project.starts_with("bad") {
            return Err(ApiError::forbidden(format!(
                "Permission 'aiplatform.endpoints.predict' denied on resource \
                 '//aiplatform.googleapis.com/{}' (or it may not exist).",
                self.name()
            ))
            .because("IAM_PERMISSION_DENIED", api));
        }
        let is_region = self.location.contains('-') && self.location.ends_with(is_digit);
        if !is_region && !["global", "us", "eu"].contains(&self.location) {
            return Err(ApiError::invalid(format!(
                "Unsupported region for Vertex AI, location {}.",
                self.location
            )));
        }
        Ok(())
    }

    fn act(&self, call: &Call<'_>, api: Api) -> Result<Reply, ApiError> {
        match (self.publisher, self.method) {
            ("google", method) if google::is_method(method) => {
                google::act(self.model, method, api, call)
            }
            ("anthropic", "rawPredict") if self.model == "count-tokens" => Ok(claude::count(call)),
            ("anthropic", "rawPredict") if claude::is_served(self.model) => {
                Ok(claude::create(self.model, claude::Delivery::Whole, call))
            }
            ("anthropic", "streamRawPredict") if claude::is_served(self.model) => {
                Ok(claude::create(self.model, claude::Delivery::Events, call))
            }
            ("google" | "anthropic", "rawPredict" | "streamRawPredict") => {
                Err(google::no_such_model(&self.name()))
            }
            _ => Ok(google::no_such_page(call.path)),
        }
    }
}

fn is_digit(letter: char) -> bool {
    letter.is_ascii_digit()
}
