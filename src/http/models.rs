//! `GET /v1/models`: what can be asked for, in OpenAI's form.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde::Serialize;

use super::Door;
use super::error::openai_error;
use crate::domain::{Caller, Error, ErrorKind, ModelSpec, RequestId};

#[derive(Serialize)]
struct List<'a> {
    object: &'static str,
    data: Vec<Model<'a>>,
}

#[derive(Serialize)]
struct Model<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    owned_by: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    context_window: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u32>,
}

const AUTO: Model<'static> = Model {
    id: "auto",
    object: "model",
    created: 0,
    owned_by: "ai-gateway-mcp",
    context_window: None,
    max_output_tokens: None,
};

impl<'a> From<&'a ModelSpec> for Model<'a> {
    fn from(spec: &'a ModelSpec) -> Self {
        Self {
            id: spec.id.as_str(),
            object: "model",
            // No catalogue says when a model was made.
            created: 0,
            owned_by: spec.provider.as_str(),
            context_window: Some(spec.context_window),
            max_output_tokens: Some(spec.max_output),
        }
    }
}

/// Lists `auto` and every model of the configured providers that the caller
/// may ask for.
pub(super) async fn list(
    State(door): State<Door>,
    Extension(caller): Extension<Caller>,
) -> Response {
    let known = door.gateway.known();
    let permit = door.gateway.permit(&caller);
    let models = known.catalogue.models().iter();
    let allowed = models.filter(|spec| permit.allows(spec));
    let models = allowed.map(Model::from);
    let data = std::iter::once(AUTO).chain(models).collect();
    Json(List {
        object: "list",
        data,
    })
    .into_response()
}

/// Describes one model, by any name that a completion takes.
pub(super) async fn one(
    State(door): State<Door>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
) -> Response {
    if name == AUTO.id {
        return Json(AUTO).into_response();
    }
    let known = door.gateway.known();
    match known.catalogue.find(&name) {
        Ok(spec) if door.gateway.permit(&caller).allows(spec) => {
            Json(Model::from(spec)).into_response()
        }
        Ok(spec) => {
            let message = format!("caller {caller} may not use {}", spec.canonical());
            let blocked = Error::new(ErrorKind::PolicyBlocked, message);
            openai_error(&blocked, RequestId::random())
        }
        Err(unknown) => openai_error(
            &Error::unknown("model", unknown.to_string()),
            RequestId::random(),
        ),
    }
}
