//! A client of the in-process form.

use std::error::Error;
use std::io;

use axum::body::{Body, Bytes};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;
use vendor_sim::{ConnectionFault, Simulator, Vendor};

/// An answer that arrived, at least its head.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// What arrived of the body.
    pub(crate) bytes: Bytes,
    /// How the body broke off, if it did.
    pub(crate) body_error: Option<io::ErrorKind>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Returns a member's text by its JSON pointer.
    pub(crate) fn at(&self, pointer: &str) -> Value {
        self.json().pointer(pointer).cloned().unwrap_or(Value::Null)
    }
}

/// Returns a request that the vendor accepts, but for its body and, of Vertex,
/// its token.
pub(crate) fn request(vendor: Vendor, method: Method, path: &str) -> http::request::Builder {
    let request = Request::builder()
        .method(method)
        .uri(format!("/{vendor}{path}"))
        .header("content-type", "application/json");
    match vendor {
        Vendor::OpenAi | Vendor::Groq | Vendor::Mistral => {
            request.header("authorization", "Bearer sk-test")
        }
        Vendor::Anthropic => request
            .header("x-api-key", "sk-test")
            .header("anthropic-version", "2023-06-01"),
        Vendor::Google => request.header("x-goog-api-key", "test"),
        Vendor::Vertex => request,
        Vendor::Metadata => request.header("metadata-flavor", "Google"),
    }
}

/// Sends a request and reads all of the answer.
pub(crate) async fn send(
    simulator: &Simulator,
    request: Request<Body>,
) -> Result<Answer, ConnectionFault> {
    let response = simulator.router().oneshot(request).await.unwrap();
    if let Some(fault) = response.extensions().get::<ConnectionFault>() {
        return Err(*fault);
    }
    let (parts, mut body) = response.into_parts();
    let (mut bytes, mut body_error) = (Vec::new(), None);
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => bytes.extend(frame.into_data().unwrap()),
            Err(error) => {
                body_error = io_error(&error);
                break;
            }
        }
    }
    let (status, headers, bytes) = (parts.status, parts.headers, bytes.into());
    Ok(Answer {
        status,
        headers,
        bytes,
        body_error,
    })
}

/// Finds the I/O error below the body's own error.
fn io_error(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
    let mut causes = std::iter::successors(Some(error), |error| (*error).source());
    causes
        .find_map(|error| error.downcast_ref::<io::Error>())
        .map(io::Error::kind)
}

/// Asks for a completion. For Google, which has both in the path, the members
/// `model` (`gemini-3.8-flash` if absent) and `stream` of the body go there.
pub(crate) async fn complete(
    simulator: &Simulator,
    vendor: Vendor,
    body: &Value,
) -> Result<Answer, ConnectionFault> {
    let mut body = body.clone();
    let path = match vendor {
        Vendor::OpenAi | Vendor::Mistral => "/v1/chat/completions".to_owned(),
        Vendor::Groq => "/openai/v1/chat/completions".to_owned(),
        Vendor::Anthropic => "/v1/messages".to_owned(),
        Vendor::Google => format!("/v1beta/models/{}", google_method(&mut body)),
        Vendor::Vertex => format!("{GOOGLE_ON_VERTEX}/{}", google_method(&mut body)),
        Vendor::Metadata => {
            let request = request(vendor, Method::GET, TOKEN);
            return send(simulator, request.body(Body::empty()).unwrap()).await;
        }
    };
    post(simulator, vendor, &path, &body).await
}

/// Where Vertex has Google's models.
pub(crate) const GOOGLE_ON_VERTEX: &str =
    "/v1/projects/simulated-project/locations/global/publishers/google/models";

/// Where the metadata server has its tokens.
pub(crate) const TOKEN: &str = "/v1/instance/service-accounts/default/token";

/// Returns the value of `authorization` that Vertex takes.
pub(crate) async fn bearer(simulator: &Simulator) -> String {
    let answer = get(simulator, Vendor::Metadata, TOKEN).await;
    format!("Bearer {}", answer.at("/access_token").as_str().unwrap())
}

/// Takes the model and the kind of delivery out of a body.
fn google_method(body: &mut Value) -> String {
    let members = body.as_object_mut().unwrap();
    let model = members.remove("model");
    let model = model.unwrap_or_else(|| "gemini-3.8-flash".into());
    let method = match members.remove("stream") {
        Some(Value::Bool(true)) => "streamGenerateContent?alt=sse",
        _ => "generateContent",
    };
    format!("{}:{method}", model.as_str().unwrap())
}

/// Sends a document.
pub(crate) async fn post(
    simulator: &Simulator,
    vendor: Vendor,
    path: &str,
    body: &Value,
) -> Result<Answer, ConnectionFault> {
    let mut request = request(vendor, Method::POST, path);
    if vendor == Vendor::Vertex {
        request = request.header("authorization", bearer(simulator).await);
    }
    let request = request.body(Body::from(body.to_string())).unwrap();
    send(simulator, request).await
}

/// Asks a healthy vendor for something without a body.
pub(crate) async fn get(simulator: &Simulator, vendor: Vendor, path: &str) -> Answer {
    let request = request(vendor, Method::GET, path)
        .body(Body::empty())
        .unwrap();
    send(simulator, request).await.unwrap()
}

/// Returns `base` with the members of `changes`; `null` takes one away.
pub(crate) fn changed(base: &Value, changes: &Value) -> Value {
    let mut document = base.clone();
    for (member, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(document.as_object_mut().unwrap().remove(member)),
            value => document[member] = value.clone(),
        }
    }
    document
}

/// Returns a small request that the vendor answers.
pub(crate) fn question(vendor: Vendor, prompt: &str) -> Value {
    let messages = serde_json::json!([{"role": "user", "content": prompt}]);
    match vendor {
        Vendor::OpenAi => serde_json::json!({
            "model": "gpt-6-luna", "reasoning_effort": "none", "messages": messages}),
        Vendor::Groq => serde_json::json!({
            "model": "openai/gpt-oss-20b", "reasoning_effort": "low", "messages": messages}),
        Vendor::Anthropic => serde_json::json!({
            "model": "claude-haiku-5-5", "max_tokens": 1_000, "messages": messages}),
        Vendor::Metadata => serde_json::json!({}),
        Vendor::Google | Vendor::Vertex => serde_json::json!({
            "contents": [{"role": "user", "parts": [{"text": prompt}]}]}),
        Vendor::Mistral => serde_json::json!({
            "model": "mistral-small-2603", "messages": messages}),
    }
}
