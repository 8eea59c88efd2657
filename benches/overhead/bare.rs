//! The least that does the same work: rmcp or axum in front, reqwest behind,
//! and nothing in between.

use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use axum::serve::ListenerExt as _;
use bytes::Bytes;
use http::{StatusCode, header};
use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{CallToolResult, ContentBlock, ErrorData, ServerCapabilities, ServerConfig};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ServerHandler, schemars, tool, tool_handler, tool_router};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::Fault;
use crate::process::announce;

/// Serves both bare handlers in front of `vendor` (its `/v1`) until killed.
///
/// The runtime is tokio's multi-threaded one with as many workers as
/// `TOKIO_WORKER_THREADS` says, like the gateway's.
pub(crate) fn serve(vendor: &str) -> Result<(), Fault> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let upstream = Upstream {
        client: reqwest::Client::builder()
            .no_proxy()
            .tcp_nodelay(true)
            .build()?,
        address: format!("{vendor}/chat/completions").parse()?,
    };
    let handler = Bare {
        inner: Arc::new(Inner {
            upstream: upstream.clone(),
            tools: Bare::tool_router(),
        }),
    };
    let mcp = StreamableHttpService::new(
        move || Ok(handler.clone()),
        Arc::new(NeverSessionManager::default()),
        StreamableHttpServerConfig::default()
            .with_legacy_session_mode(false)
            .with_json_response(true),
    );
    let router = Router::new()
        .route("/v1/chat/completions", post(forward))
        .with_state(upstream)
        .route_service("/mcp", mcp);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        announce(listener.local_addr()?)?;
        let listener = listener.tap_io(|socket| {
            let _ = socket.set_nodelay(true);
        });
        axum::serve(listener, router).await?;
        Ok(())
    })
}

#[derive(Clone)]
struct Upstream {
    client: reqwest::Client,
    address: reqwest::Url,
}

impl Upstream {
    async fn post(&self, body: Bytes) -> Result<reqwest::Response, reqwest::Error> {
        self.client
            .post(self.address.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, "Bearer mock")
            .body(body)
            .send()
            .await
    }
}

/// Passes a chat completion on, bytes for bytes.
async fn forward(State(upstream): State<Upstream>, body: Bytes) -> Response {
    let answer = match upstream.post(body).await {
        Ok(answer) => answer,
        Err(fault) => return refusal(&fault),
    };
    let kind = answer.headers().get(header::CONTENT_TYPE).cloned();
    let is_stream = kind
        .as_ref()
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    let body = if is_stream {
        Body::from_stream(answer.bytes_stream())
    } else {
        match answer.bytes().await {
            Ok(body) => Body::from(body),
            Err(fault) => return refusal(&fault),
        }
    };
    let mut response = Response::new(body);
    if let Some(kind) = kind {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response
}

fn refusal(fault: &reqwest::Error) -> Response {
    let mut response = Response::new(Body::from(fault.to_string()));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response
}

/// The rmcp handler: cloned for every request, so it is one pointer.
#[derive(Clone)]
struct Bare {
    inner: Arc<Inner>,
}

struct Inner {
    upstream: Upstream,
    tools: ToolRouter<Bare>,
}

#[derive(Deserialize, schemars::JsonSchema)]
struct Input {
    prompt: String,
    model: String,
    max_tokens: u32,
}

#[derive(Serialize)]
struct Output {
    text: String,
    model: String,
    provider: &'static str,
    tokens_used: Tokens,
}

#[derive(Serialize)]
struct Tokens {
    input: u64,
    output: u64,
}

#[derive(Serialize)]
struct Question<'a> {
    model: &'a str,
    messages: [Message<'a>; 1],
    max_tokens: u32,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    model: String,
    choices: Vec<Choice>,
    usage: Usage,
}

#[derive(Deserialize)]
struct Choice {
    message: Content,
}

#[derive(Deserialize)]
struct Content {
    content: String,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: u64,
    completion_tokens: u64,
}

#[tool_router]
impl Bare {
    #[tool(description = "Sends a prompt to a language model.")]
    async fn unified_completion(
        &self,
        Parameters(input): Parameters<Input>,
    ) -> Result<CallToolResult, ErrorData> {
        let answer = self.complete(&input).await;
        answer.map_err(|fault| ErrorData::internal_error(fault.to_string(), None))
    }
}

impl Bare {
    async fn complete(&self, input: &Input) -> Result<CallToolResult, Fault> {
        let question = Question {
            model: &input.model,
            messages: [Message {
                role: "user",
                content: &input.prompt,
            }],
            max_tokens: input.max_tokens,
        };
        let body = serde_json::to_vec(&question)?;
        let answer = self.inner.upstream.post(body.into()).await?;
        let mut answer: Answer = serde_json::from_slice(&answer.bytes().await?)?;
        let text = answer.choices.pop().ok_or("no choice")?.message.content;
        let mut result = CallToolResult::success(vec![ContentBlock::text(text.clone())]);
        result.structured_content = Some(serde_json::to_value(Output {
            text,
            model: answer.model,
            provider: "openai",
            tokens_used: Tokens {
                input: answer.usage.prompt_tokens,
                output: answer.usage.completion_tokens,
            },
        })?);
        Ok(result)
    }
}

#[tool_handler(router = self.inner.tools)]
impl ServerHandler for Bare {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }
}
