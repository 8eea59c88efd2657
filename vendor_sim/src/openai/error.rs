//! OpenAI's errors: `{"error": {message, type, param, code}}`.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::dialect::Reply;
use crate::strict::{Kind, Mismatch, Reason, Step};

/// An error in OpenAI's words.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ApiError {
    pub(super) status: StatusCode,
    pub(super) message: String,
    pub(super) kind: &'static str,
    pub(super) param: Option<String>,
    /// Usually a string; a number in errors of the edge.
    pub(super) code: Value,
}

impl ApiError {
    /// Returns a 400 `invalid_request_error` without `param` and `code`.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", message)
    }

    pub(super) fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            kind,
            param: None,
            code: Value::Null,
        }
    }

    pub(super) fn at(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }

    pub(super) fn coded(mut self, code: impl Into<Value>) -> Self {
        self.code = code.into();
        self
    }

    pub(super) fn body(&self) -> Value {
        json!({"error": {
            "message": self.message,
            "type": self.kind,
            "param": self.param,
            "code": self.code,
        }})
    }

    pub(super) fn reply(&self) -> Reply {
        Reply::json(self.status, &self.body())
    }

    pub(super) fn no_key() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "invalid_request_error",
            "You didn't provide an API key. You need to provide your API key in an Authorization \
             header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY). You can obtain an API \
             key from https://platform.openai.com/account/api-keys.",
        )
        .coded("invalid_api_key")
    }

    pub(super) fn wrong_key(key: &str) -> Self {
        let shown: String = key.chars().take(3).chain("*****".chars()).collect();
        let message = format!(
            "Incorrect API key provided: {shown}. You can find your API key at \
             https://platform.openai.com/account/api-keys."
        );
        Self::new(StatusCode::UNAUTHORIZED, "invalid_request_error", message)
            .coded("invalid_api_key")
    }

    pub(super) fn no_such_url(method: &Method, path: &str) -> Self {
        let message = format!("Invalid URL ({method} {path})");
        Self::new(StatusCode::NOT_FOUND, "invalid_request_error", message)
    }

    pub(super) fn wrong_method(method: &Method, path: &str) -> Self {
        let message = format!(
            "Not allowed to {method} on {path}. (HINT: Perhaps you meant to use a different HTTP \
             method?)"
        );
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "invalid_request_error",
            message,
        )
        .coded("method_not_supported")
    }

    pub(super) fn no_such_model(id: &str) -> Self {
        let message = format!("The model `{id}` does not exist or you do not have access to it.");
        Self::new(StatusCode::NOT_FOUND, "invalid_request_error", message).coded("model_not_found")
    }

    pub(super) fn too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "invalid_request_error",
            "The request body is larger than 50 MB.",
        )
        .coded("request_too_large")
    }

    pub(super) fn wrong_content_type(content_type: &str) -> Self {
        Self::invalid(format!(
            "Unsupported content type: '{content_type}'. This API method only accepts \
             'application/json' requests, but you specified the header 'Content-Type: \
             {content_type}'. Please try again with a supported content type."
        ))
        .coded("unsupported_content_type")
    }

    pub(super) fn not_json() -> Self {
        Self::invalid(
            "We could not parse the JSON body of your request. (HINT: This likely means you \
             aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, but \
             what was sent was not valid JSON.)",
        )
    }

    /// Refuses a parameter that the model does not have.
    pub(super) fn unsupported_parameter(param: &str, hint: &str) -> Self {
        Self::invalid(format!(
            "Unsupported parameter: '{param}' is not supported with this model.{hint}"
        ))
        .at(param)
        .coded("unsupported_parameter")
    }

    /// Refuses a parameter that exists and does not fit.
    pub(super) fn unsupported_value(param: &str, problem: &str) -> Self {
        Self::invalid(format!("Unsupported value: '{param}' {problem}"))
            .at(param)
            .coded("unsupported_value")
    }

    /// Refuses a value out of its range; `problem` is the text after the
    /// parameter's name.
    pub(super) fn out_of_range(param: &str, code: &'static str, problem: &str) -> Self {
        Self::invalid(format!("Invalid '{param}': {problem}"))
            .at(param)
            .coded(code)
    }
}

impl From<Mismatch> for ApiError {
    fn from(mismatch: Mismatch) -> Self {
        let place = path(&mismatch.path);
        let member = |name: &str| {
            if place.is_empty() {
                name.to_owned()
            } else {
                format!("{place}.{name}")
            }
        };
        match mismatch.reason {
            Reason::Missing(name) => {
                let param = member(name);
                Self::invalid(format!("Missing required parameter: '{param}'."))
                    .at(param)
                    .coded("missing_required_parameter")
            }
            Reason::Unknown(name) if place.is_empty() => {
                Self::invalid(format!("Unrecognized request argument supplied: {name}"))
            }
            Reason::Unknown(name) => {
                let param = member(&name);
                Self::invalid(format!("Unknown parameter: '{param}'."))
                    .at(param)
                    .coded("unknown_parameter")
            }
            Reason::WrongType { expected, got } => Self::invalid(format!(
                "Invalid type for '{place}': expected {}, but got {} instead.",
                words(expected),
                words(got)
            ))
            .at(place)
            .coded("invalid_type"),
            Reason::NotOneOf { got, known, tag } => {
                let param = tag.map_or(place.clone(), member);
                Self::invalid(format!(
                    "Invalid value: '{got}'. Supported values are: {}.",
                    listed(known)
                ))
                .at(param)
                .coded("invalid_value")
            }
            Reason::Other(message) => {
                Self::invalid(format!("Invalid value for '{place}': {message}"))
                    .at(place)
                    .coded("invalid_value")
            }
        }
    }
}

/// Writes a path as OpenAI does: `messages[0].content[1].text`.
fn path(steps: &[Step]) -> String {
    steps.iter().fold(String::new(), |path, step| match step {
        Step::Field(name) if path.is_empty() => name.clone(),
        Step::Field(name) => format!("{path}.{name}"),
        Step::Index(index) => format!("{path}[{index}]"),
        Step::Variant(_) => path,
    })
}

fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::Null => "null",
        Kind::Boolean => "a boolean",
        Kind::Integer => "an integer",
        Kind::Number => "a decimal",
        Kind::String => "a string",
        Kind::Array => "an array",
        Kind::Object => "an object",
        Kind::Content => "one of a string or array of objects",
    }
}

/// Writes `'a', 'b', and 'c'`.
pub(super) fn listed(values: &[&str]) -> String {
    let quoted: Vec<_> = values.iter().map(|value| format!("'{value}'")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, [first])) => format!("{first} and {last}"),
        Some((last, others)) => format!("{}, and {last}", others.join(", ")),
    }
}
