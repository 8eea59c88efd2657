//! Follows an answer that comes as a stream of events.

use http::header;
use serde_json::Value;

use super::event_stream::EventStream;
use super::exchange::{self, MAX_BODY_BYTES, OpenReply, Reply};
use crate::domain::{Chunk, ProviderCall, ProviderError, ProviderErrorKind};

/// The longest stream that is read, in bytes. Around each token stand some
/// 300 bytes, and the longest answer has tens of thousands of tokens.
const MAX_STREAM_BYTES: usize = 32 << 20;

/// Puts a vendor's events together to the document that it would have sent at
/// once, so that one reader understands both.
pub(super) trait Assembly: Send {
    /// Takes an event, and returns the text that it adds.
    fn take(&mut self, event: &Value) -> Option<String>;

    /// Returns the document of all events so far.
    fn document(&self) -> Value;
}

/// Reads all events of `open`, gives the text to the call's sink as it comes,
/// and returns the whole as one document.
///
/// A vendor that answers with a document all the same is read as one.
///
/// # Errors
/// `Timeout` or `Broken` if the stream does not come to its end.
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
    let mut stream = EventStream::default();
    let (mut read_bytes, mut text_bytes) = (0, 0);
    let mut events = Vec::new();
    while let Some(piece) = open.next_piece().await? {
        read_bytes += piece.len();
        if read_bytes > MAX_STREAM_BYTES || stream.push(&piece, &mut events).is_err() {
            return Err(exchange::too_long(MAX_STREAM_BYTES));
        }
        for event in events.drain(..) {
            text_bytes += take(&event, call, assembly).await?;
        }
        if text_bytes > MAX_BODY_BYTES {
            return Err(exchange::too_long(MAX_BODY_BYTES));
        }
    }
    let stray = stream.finish(&mut events);
    for event in events {
        take(&event, call, assembly).await?;
    }
    if let Some(error) = bare_error(&stray) {
        assembly.take(&error);
    }
    let document = assembly.document().to_string();
    Ok(open.with(document.into()))
}

/// Takes an event, and returns how many bytes of text it has.
async fn take(
    event: &[u8],
    call: &ProviderCall<'_>,
    assembly: &mut dyn Assembly,
) -> Result<usize, ProviderError> {
    if event.trim_ascii() == b"[DONE]" {
        return Ok(0);
    }
    let event: Value = serde_json::from_slice(event).map_err(|_| {
        let message = "an event of the answer is not JSON";
        let mut error = ProviderError::new(ProviderErrorKind::Broken, message);
        error.may_be_billed = true;
        error
    })?;
    let text = assembly.take(&event).unwrap_or_default();
    let bytes = text.len();
    if let (false, Some(sink)) = (text.is_empty(), call.sink) {
        sink.push(call.target, Chunk::Text(text)).await;
    }
    Ok(bytes)
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
