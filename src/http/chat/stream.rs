//! Answers as a stream of chunks.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::{Body, Bytes};
use axum::response::Response;
use futures_util::stream;
use http::{HeaderValue, header};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::response::{self, chunk_usage};
use crate::domain::{
    Caller, Chunk, ChunkSink, Completion, CompletionRequest, ContentPart, Error, FinishReason,
    RequestId, Target,
};
use crate::gateway::Gateway;
use crate::http::error::{openai_error, openai_error_text, put};

/// Pieces that wait for a slow reader; the vendor waits with them beyond.
const PIECES: usize = 32;
/// After so long a silence a comment tells proxies that somebody is there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Whether the last chunk tells the usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UsageWish {
    Wanted,
    Unwanted,
}

type Work = Pin<Box<dyn Future<Output = Result<Completion, Error>> + Send>>;

/// Answers a request as a stream. The head goes out with the first piece, so
/// that a failure before it is an error with its own status.
pub(super) async fn respond(
    gateway: Arc<Gateway>,
    caller: Caller,
    id: RequestId,
    request: CompletionRequest,
    usage: UsageWish,
) -> Response {
    let (sender, mut pieces) = mpsc::channel(PIECES);
    let created = gateway.now().as_second();
    let mut work: Work = Box::pin(async move {
        let sink = Pieces(sender);
        gateway.complete_into(id, &caller, &request, &sink).await
    });
    let mut writer = Writer {
        id: format!("chatcmpl-{id}"),
        created,
        model: String::new(),
        usage,
    };
    let mut events = VecDeque::new();
    tokio::select! {
        biased;
        Some((target, chunk)) = pieces.recv() => {
            target.model.as_str().clone_into(&mut writer.model);
            events.push_back(writer.role());
            events.extend(writer.piece(&chunk));
            let mut response = streaming(Following { work: Some(work), pieces, writer, events });
            head(&mut response, id, &target);
            response
        }
        result = &mut work => match result {
            Err(error) => openai_error(&error, id),
            // It came at once: its pieces wait, if there were any.
            Ok(completion) => {
                completion.model.as_str().clone_into(&mut writer.model);
                events.push_back(writer.role());
                let whole = Chunk::Text(completion.text());
                let waiting = std::iter::from_fn(|| Some(pieces.try_recv().ok()?.1));
                let waiting: Vec<Chunk> = waiting.collect();
                let all = if waiting.is_empty() { vec![whole] } else { waiting };
                events.extend(all.iter().filter_map(|chunk| writer.piece(chunk)));
                events.extend(writer.end(&completion));
                let mut response = streaming(Following { work: None, pieces, writer, events });
                response::describe(&mut response, &completion);
                response
            }
        },
    }
}

/// Hands pieces to the body.
#[derive(Debug)]
struct Pieces(mpsc::Sender<(Target, Chunk)>);

#[async_trait]
impl ChunkSink for Pieces {
    async fn push(&self, target: &Target, chunk: Chunk) {
        // A reader that has gone drops the work and this with it.
        let _ = self.0.send((target.clone(), chunk)).await;
    }
}

/// A body under way.
struct Following {
    /// The call; `None` once it has ended.
    work: Option<Work>,
    pieces: mpsc::Receiver<(Target, Chunk)>,
    writer: Writer,
    /// Events that are written and not yet sent.
    events: VecDeque<Bytes>,
}

impl Following {
    /// Waits for the next event; `None` at the end.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            let work = self.work.as_mut()?;
            tokio::select! {
                biased;
                Some((_, chunk)) = self.pieces.recv() => {
                    self.events.extend(self.writer.piece(&chunk));
                }
                result = work => {
                    self.work = None;
                    while let Ok((_, chunk)) = self.pieces.try_recv() {
                        self.events.extend(self.writer.piece(&chunk));
                    }
                    match result {
                        Ok(completion) => self.events.extend(self.writer.end(&completion)),
                        Err(error) => self.events.push_back(event(&openai_error_text(&error))),
                    }
                }
                () = sleep(KEEP_ALIVE) => return Some(Bytes::from_static(b": still there\n\n")),
            }
        }
    }
}

fn streaming(following: Following) -> Response {
    let events = stream::unfold(following, async |mut following| {
        let event = following.next().await?;
        Some((Ok::<_, std::convert::Infallible>(event), following))
    });
    let mut response = Response::new(Body::from_stream(events));
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("text/event-stream; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Buffering proxies would keep the pieces back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

fn head(response: &mut Response, id: RequestId, target: &Target) {
    let headers = response.headers_mut();
    put(headers, "x-gateway-request-id", &id.to_string());
    put(headers, "x-gateway-provider", target.provider.as_str());
    put(headers, "x-gateway-model", target.model.as_str());
}

/// Writes chunks in OpenAI's form.
struct Writer {
    id: String,
    created: i64,
    model: String,
    usage: UsageWish,
}

impl Writer {
    fn role(&self) -> Bytes {
        self.chunk(&json!({"role": "assistant", "content": ""}), &Value::Null)
    }

    fn piece(&self, chunk: &Chunk) -> Option<Bytes> {
        match chunk {
            Chunk::Text(text) if !text.is_empty() => {
                Some(self.chunk(&json!({ "content": text }), &Value::Null))
            }
            _ => None,
        }
    }

    /// Writes what comes at the end: calls, which are of no use in part, the
    /// reason, and usage if it is wanted.
    fn end(&self, completion: &Completion) -> Vec<Bytes> {
        let calls = completion.content.iter().filter_map(|part| match part {
            ContentPart::ToolCall(call) => Some(call),
            _ => None,
        });
        let mut events: Vec<Bytes> = calls
            .enumerate()
            .map(|(index, call)| {
                let function = json!({"name": call.name, "arguments": call.arguments.to_string()});
                let call = json!({"index": index, "id": call.id, "type": "function",
                    "function": function});
                self.chunk(&json!({"tool_calls": [call]}), &Value::Null)
            })
            .collect();
        let finish = completion.finish.unwrap_or(FinishReason::Stop).as_str();
        events.push(self.chunk(&json!({}), &json!(finish)));
        if self.usage == UsageWish::Wanted {
            let mut last = self.frame(&json!([]));
            if let Some(members) = last.as_object_mut() {
                members.insert("usage".to_owned(), chunk_usage(completion));
            }
            events.push(event(&last.to_string()));
        }
        events.push(Bytes::from_static(b"data: [DONE]\n\n"));
        events
    }

    fn chunk(&self, delta: &Value, finish: &Value) -> Bytes {
        let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish});
        event(&self.frame(&json!([choice])).to_string())
    }

    fn frame(&self, choices: &Value) -> Value {
        let mut frame = json!({
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "choices": choices,
        });
        if self.usage == UsageWish::Wanted
            && let Some(members) = frame.as_object_mut()
        {
            members.insert("usage".to_owned(), Value::Null);
        }
        frame
    }
}

fn event(json: &str) -> Bytes {
    Bytes::from(format!("data: {json}\n\n"))
}
