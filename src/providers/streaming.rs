//! Follows an answer that comes as a stream of events.

use std::time::Duration;

use bytes::Bytes;
use http::header;
use serde_json::Value;
use tokio::time::timeout;

use super::event_stream::EventStream;
use super::exchange::{self, MAX_BODY_BYTES, OpenReply, Pause, Reply};
use crate::domain::{Chunk, ChunkSink, ProviderCall, ProviderError, ProviderErrorKind, Usage};

/// The longest stream that is read, in bytes. Around each token stand some
/// 300 bytes, and the longest answer has tens of thousands of tokens.
const MAX_STREAM_BYTES: usize = 32 << 20;
/// How long the end of the body may take when that of the answer has come. It
/// is there at once as a rule.
const END_OF_BODY: Duration = Duration::from_millis(50);

/// Puts a vendor's events together to the document that it would have sent at
/// once, so that one reader understands both.
pub(super) trait Assembly: Send + Sync {
    /// Takes an event, and returns what it adds.
    fn take(&mut self, event: &Value) -> Added;

    /// Returns the document of all events so far.
    fn document(&self) -> Value;

    /// Returns the vendor's latest counts.
    fn usage(&self) -> Option<Usage>;

    /// Tells whether the vendor has said that nothing follows.
    fn is_complete(&self) -> bool;

    /// Tells whether an answer that has its reason to end lacks what always
    /// comes behind it: the connection was cut.
    fn lacks_end(&self) -> bool;
}

/// What an event adds to an answer.
#[derive(Debug, Default)]
pub(super) struct Added {
    /// Visible text.
    pub(super) text: String,
    /// Thoughts, and arguments of calls.
    pub(super) unseen: String,
    /// A thought that is complete, and the seal on it.
    pub(super) thought: Option<(String, String)>,
}

/// Reads all events of `open`, gives the text to the call's sink as it comes,
/// and returns the whole as one document.
///
/// A vendor that answers with a document all the same is read as one. Models
/// may think in silence for as long as the call lasts; once something has
/// come, pauses have their own limit.
///
/// # Errors
/// `Timeout` or `Broken` if the stream does not come to its end, with the
/// usage that was reported until then.
pub(super) async fn follow(
    mut open: OpenReply,
    call: &ProviderCall<'_>,
    assembly: &mut dyn Assembly,
) -> Result<Reply, ProviderError> {
    let kind = open.headers.get(header::CONTENT_TYPE);
    let kind = kind
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if !open.status.is_success() || !kind.starts_with("text/event-stream") {
        return open.whole().await;
    }
    let mut following = Following {
        call,
        assembly,
        text_bytes: 0,
        thoughts: Vec::new(),
        has_begun: false,
        is_done: false,
    };
    if let Err(mut error) = following.read(&mut open).await {
        error.usage = error.usage.or(assembly.usage());
        return Err(error);
    }
    let document = assembly.document().to_string();
    Ok(open.with(document.into()))
}

/// A stream under way.
struct Following<'a, 'c> {
    call: &'a ProviderCall<'c>,
    assembly: &'a mut dyn Assembly,
    /// The text so far, in bytes.
    text_bytes: usize,
    /// Thoughts that go out with the next text: till then another vendor may
    /// answer.
    thoughts: Vec<(String, String)>,
    /// Whether anything of the answer has come.
    has_begun: bool,
    /// Whether `[DONE]` has come.
    is_done: bool,
}

impl Following<'_, '_> {
    /// Reads to the end of the answer: that of the body, or what the vendor
    /// says is the end, for some keep the connection open behind it.
    async fn read(&mut self, open: &mut OpenReply) -> Result<(), ProviderError> {
        let mut stream = EventStream::default();
        let mut read_bytes = 0;
        let mut events = Vec::new();
        while let Some(piece) = self.next_piece(open).await? {
            read_bytes += piece.len();
            if read_bytes > MAX_STREAM_BYTES || stream.push(&piece, &mut events).is_err() {
                return Err(exchange::too_long(MAX_STREAM_BYTES));
            }
            for event in events.drain(..) {
                self.take(&event).await?;
            }
            if self.text_bytes > MAX_BODY_BYTES {
                return Err(exchange::too_long(MAX_BODY_BYTES));
            }
            if self.call.sink.is_some_and(ChunkSink::has_begun) {
                open.goes_on_until(self.call.end);
            }
        }
        let stray = stream.finish(&mut events);
        for event in events {
            self.take(&event).await?;
        }
        if let Some(error) = bare_error(&stray) {
            self.assembly.take(&error);
        }
        if !self.is_done && self.assembly.lacks_end() {
            let message = "the stream broke off before its end";
            let mut error = ProviderError::new(ProviderErrorKind::Broken, message);
            error.may_be_billed = true;
            return Err(error);
        }
        Ok(())
    }

    async fn next_piece(&self, open: &mut OpenReply) -> Result<Option<Bytes>, ProviderError> {
        if self.is_done || self.assembly.is_complete() {
            // Read to its end, the connection can be used again.
            let rest = timeout(END_OF_BODY, open.next_piece(Pause::Limited)).await;
            return Ok(rest.ok().and_then(Result::ok).flatten());
        }
        let pause = if self.has_begun {
            Pause::Limited
        } else {
            Pause::Thinking
        };
        open.next_piece(pause).await
    }

    async fn take(&mut self, event: &[u8]) -> Result<(), ProviderError> {
        if event.trim_ascii() == b"[DONE]" {
            self.is_done = true;
            return Ok(());
        }
        let event: Value = serde_json::from_slice(event).map_err(|_| {
            let message = "an event of the answer is not JSON";
            let mut error = ProviderError::new(ProviderErrorKind::Broken, message);
            error.may_be_billed = true;
            error
        })?;
        let Added {
            text,
            unseen,
            thought,
        } = self.assembly.take(&event);
        self.thoughts.extend(thought);
        self.text_bytes += text.len() + unseen.len();
        self.has_begun |= !text.is_empty() || !unseen.is_empty();
        if let Some(sink) = self.call.sink {
            if !unseen.is_empty() {
                sink.unseen(&unseen);
            }
            if !text.is_empty() {
                let target = self.call.target;
                for (text, signature) in self.thoughts.drain(..) {
                    sink.push(target, Chunk::Reasoning { text, signature })
                        .await;
                }
                sink.push(target, Chunk::Text(text)).await;
            }
        }
        Ok(())
    }
}

/// Returns what is at a JSON pointer, `null` if nothing is.
pub(super) fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    static NULL: Value = Value::Null;
    value.pointer(pointer).unwrap_or(&NULL)
}

/// Reads an error that stands in a stream without being an event, alone or
/// in an array.
fn bare_error(stray: &[u8]) -> Option<Value> {
    let document: Value = serde_json::from_slice(stray).ok()?;
    let error = match document {
        Value::Array(elements) => elements.into_iter().next()?,
        other => other,
    };
    error.get("error").is_some().then_some(error)
}
