//! One client's connection and the calls that it makes.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::Fault;
use crate::mock;

/// 200 bytes with the number that makes each prompt a new one.
const PROMPT: &str = "Explain to a colleague how a token bucket limits rates and how to apply it per user \
     in an HTTP service written in Rust. Keep it short and practical, and mention eviction. This is request";

/// What a client of 2026-07-28 says about itself in each request.
const META: &str = r#","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"overhead","version":"1.0.0"},"io.modelcontextprotocol/clientCapabilities":{}}"#;

static PROMPTS: AtomicU64 = AtomicU64::new(0);

/// How a completion is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// The tool `unified_completion` by MCP 2025-11-25, without initialise.
    Mcp2025,
    /// The same by MCP 2026-07-28.
    Mcp2026,
    /// `POST /v1/chat/completions`.
    V1,
    /// The same, as a stream.
    V1Stream,
}

impl Door {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Mcp2025 => "MCP 2025-11-25",
            Self::Mcp2026 => "MCP 2026-07-28",
            Self::V1 => "/v1/chat/completions",
            Self::V1Stream => "/v1/chat/completions, streamed",
        }
    }

    /// Returns how the vendor itself is asked for the same.
    pub(crate) const fn at_vendor(self) -> Self {
        match self {
            Self::V1Stream => Self::V1Stream,
            Self::Mcp2025 | Self::Mcp2026 | Self::V1 => Self::V1,
        }
    }

    /// Writes a request with a prompt that was never sent before, or always the
    /// same one, which the cache may answer.
    fn request(
        self,
        host: &HeaderValue,
        model: &str,
        repeats: bool,
    ) -> Result<Request<Full<Bytes>>, http::Error> {
        let number = if repeats {
            0
        } else {
            PROMPTS.fetch_add(1, Ordering::Relaxed)
        };
        let (path, version) = match self {
            Self::Mcp2025 => ("/mcp", Some("2025-11-25")),
            Self::Mcp2026 => ("/mcp", Some("2026-07-28")),
            Self::V1 | Self::V1Stream => ("/v1/chat/completions", None),
        };
        let mut request = Request::post(path)
            .header(header::HOST, host.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json, text/event-stream");
        if let Some(version) = version {
            request = request.header("mcp-protocol-version", version);
        }
        if self == Self::Mcp2026 {
            request = request
                .header("mcp-method", "tools/call")
                .header("mcp-name", "unified_completion");
        }
        let meta = if self == Self::Mcp2026 { META } else { "" };
        let stream = if self == Self::V1Stream {
            r#","stream":true"#
        } else {
            ""
        };
        let body = match self {
            Self::V1 | Self::V1Stream => format!(
                r#"{{"model":"{model}","messages":[{{"role":"user","content":"{PROMPT} {number:09}"}}],"max_tokens":1000{stream}}}"#
            ),
            Self::Mcp2025 | Self::Mcp2026 => format!(
                r#"{{"jsonrpc":"2.0","id":{number},"method":"tools/call","params":{{"name":"unified_completion","arguments":{{"prompt":"{PROMPT} {number:09}","model":"{model}","max_tokens":1000,"cache_enabled":{repeats}}}{meta}}}}}"#
            ),
        };
        request.body(Full::new(Bytes::from(body)))
    }
}

/// A connection that is kept open, with one request in flight at a time.
pub(crate) struct Connection {
    requests: SendRequest<Full<Bytes>>,
    host: HeaderValue,
    _driver: JoinSet<()>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self, Fault> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        let (requests, connection) = handshake(TokioIo::new(socket)).await?;
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            let _ = connection.await;
        });
        Ok(Self {
            requests,
            host: HeaderValue::try_from(address.to_string())?,
            _driver: driver,
        })
    }

    /// Makes one call and returns the time to the mock's words.
    ///
    /// # Errors
    /// Anything but status 200 with the mock's words in a success.
    pub(crate) async fn ask(
        &mut self,
        door: Door,
        model: &str,
        repeats: bool,
    ) -> Result<Duration, Fault> {
        let asked = Instant::now();
        let request = door.request(&self.host, model, repeats)?;
        self.requests.ready().await?;
        let response = self.requests.send_request(request).await?;
        let status = response.status();
        let mut body = response.into_body();
        let (mut text, mut first) = (Vec::new(), None);
        while let Some(frame) = body.frame().await {
            if let Ok(data) = frame?.into_data() {
                text.extend_from_slice(&data);
                if first.is_none() && has(&text, mock::MARK) {
                    first = Some(asked.elapsed());
                }
            }
        }
        let is_failure = match door {
            Door::Mcp2025 | Door::Mcp2026 => has(&text, r#""isError":true"#),
            Door::V1 => false,
            Door::V1Stream => !text.ends_with(b"data: [DONE]\n\n"),
        };
        match first {
            Some(first) if status == StatusCode::OK && !is_failure => Ok(first),
            _ => {
                let text = String::from_utf8_lossy(&text);
                Err(format!("{}: {status} {text}", door.name()).into())
            }
        }
    }
}

fn has(text: &[u8], words: &str) -> bool {
    text.windows(words.len())
        .any(|bytes| bytes == words.as_bytes())
}
