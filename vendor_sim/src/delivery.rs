//! How an answer goes out: whole, late, in drops, or not to its end.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures_util::stream;
use http::StatusCode;
use http::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use tokio::time::sleep;

use crate::dialect::Reply;
use crate::fault::Foreign;

/// A fault that no HTTP response can express.
///
/// [`Server`](crate::Server) acts on it. A test that calls the router itself
/// finds it in the response's extensions, and shall turn the response into
/// the transport's error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionFault {
    /// The connection was refused.
    Refused,
    /// The connection was reset before an answer.
    Reset,
}

/// Marks a response whose body ends in a reset, so that the server can make
/// the socket end that way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResetsWithinBody;

/// How the body goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// All of it, but late.
    Late { ms: u64 },
    /// All of it, byte by byte.
    Drip { gap_ms: u64 },
    /// Silence after some bytes.
    Stall { after_bytes: usize },
    /// A clean end after some bytes.
    Cut { after_bytes: usize },
    /// An end before the announced length.
    Short { after_bytes: usize },
    /// A reset after some bytes.
    Reset { after_bytes: usize },
}

/// Time for the bytes before a broken end to leave. Without a pause hyper
/// drops the connection with the bytes still in its buffer. Chosen: well
/// below any timeout under test.
const FLUSH: Duration = Duration::from_millis(5);

/// Sends a whole answer.
pub(crate) fn whole(reply: Reply) -> Response {
    let mut pieces = VecDeque::from(reply.pieces);
    let body = match pieces.len() {
        0 => Body::empty(),
        1 => pieces.pop_front().map_or_else(Body::empty, Body::from),
        _ => streamed(pieces, Duration::ZERO, Last::End),
    };
    respond(reply.status, reply.headers, body)
}

/// Sends an answer in the way that `ending` says.
pub(crate) async fn faulty(reply: Reply, ending: Ending) -> Response {
    match ending {
        Ending::Late { ms } => {
            sleep(Duration::from_millis(ms)).await;
            whole(reply)
        }
        Ending::Drip { gap_ms } => {
            let bytes: Bytes = reply.pieces.concat().into();
            let drops = (0..bytes.len()).map(|at| bytes.slice(at..=at)).collect();
            let body = streamed(drops, Duration::from_millis(gap_ms), Last::End);
            respond(reply.status, reply.headers, body)
        }
        Ending::Stall { after_bytes } => cut(reply, after_bytes, Last::Silence),
        Ending::Cut { after_bytes } => cut(reply, after_bytes, Last::End),
        Ending::Short { after_bytes } => {
            let length: usize = reply.pieces.iter().map(Bytes::len).sum();
            let mut response = cut(
                reply,
                after_bytes,
                Last::Error(io::ErrorKind::UnexpectedEof),
            );
            response
                .headers_mut()
                .insert(CONTENT_LENGTH, HeaderValue::from(length));
            response
        }
        Ending::Reset { after_bytes } => {
            let mut response = cut(
                reply,
                after_bytes,
                Last::Error(io::ErrorKind::ConnectionReset),
            );
            response.extensions_mut().insert(ResetsWithinBody);
            response
        }
    }
}

/// Returns the stand-in for an answer that never comes.
pub(crate) fn connection(fault: ConnectionFault) -> Response {
    let mut response = Response::new(Body::from(
        "this response stands for a failed connection: look for ConnectionFault in its extensions",
    ));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response.extensions_mut().insert(fault);
    response
}

/// Sends what is no vendor's.
pub(crate) fn foreign(answer: &Foreign) -> Response {
    let (status, content_type, body) = match *answer {
        Foreign::Html(status) => (status, "text/html", Body::from(page(status))),
        Foreign::Empty => (StatusCode::OK, "application/json", Body::empty()),
        Foreign::Garbage => (StatusCode::OK, "application/json", Body::from(GARBAGE)),
        Foreign::Huge(bytes) => (
            StatusCode::OK,
            "application/json",
            long(br#"{"id":""#, bytes),
        ),
        Foreign::Deep(levels) => (StatusCode::OK, "application/json", Body::from(deep(levels))),
        Foreign::WrongTypes => (StatusCode::OK, "application/json", Body::from(WRONG_TYPES)),
        Foreign::EndlessLine(bytes) => {
            (StatusCode::OK, "text/event-stream", long(b"data: ", bytes))
        }
    };
    respond(
        status,
        vec![("content-type", content_type.to_owned())],
        body,
    )
}

/// NUL, a lone UTF-8 continuation byte and half a document.
const GARBAGE: &[u8] = b"\x00\x9f{\"id\": \"chat\xff";

/// What some vendor sends, with something else in each place.
const WRONG_TYPES: &str = r#"{"id":7,"model":[],"choices":{"0":"none"},"content":"text","candidates":3,"stop_reason":{},"usage":["many"],"usageMetadata":false}"#;

/// A document that is nothing but its depth.
fn deep(levels: usize) -> String {
    "[".repeat(levels) + &"]".repeat(levels)
}

/// The page of a proxy in front of the vendor.
fn page(status: StatusCode) -> String {
    let title = format!(
        "{} {}",
        status.as_u16(),
        status.canonical_reason().unwrap_or("Unknown Status")
    );
    format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
         <hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n"
    )
}

fn respond(status: StatusCode, headers: Vec<(&'static str, String)>, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    for (name, value) in headers {
        // A scripted `retry-after` may be anything; what HTTP cannot carry is
        // left out.
        if let Ok(value) = HeaderValue::try_from(value) {
            response
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
    }
    response
}

/// What comes after the last byte.
#[derive(Clone, Copy)]
enum Last {
    End,
    Silence,
    Error(io::ErrorKind),
}

fn cut(reply: Reply, after_bytes: usize, last: Last) -> Response {
    let whole: Bytes = reply.pieces.concat().into();
    let begun = whole.slice(..after_bytes.min(whole.len()));
    let body = streamed(VecDeque::from([begun]), Duration::ZERO, last);
    respond(reply.status, reply.headers, body)
}

fn streamed(pieces: VecDeque<Bytes>, gap: Duration, last: Last) -> Body {
    let stream = stream::unfold(Some(pieces), move |state| async move {
        let mut pieces = state?;
        if let Some(piece) = pieces.pop_front() {
            if !gap.is_zero() {
                sleep(gap).await;
            }
            return Some((Ok(piece), Some(pieces)));
        }
        match last {
            Last::End => None,
            Last::Silence => std::future::pending().await,
            Last::Error(kind) => {
                sleep(FLUSH).await;
                Some((Err(io::Error::from(kind)), None))
            }
        }
    });
    Body::from_stream(stream)
}

/// Something that begins like this and does not end, made as it is read.
fn long(beginning: &'static [u8], bytes: u64) -> Body {
    const PIECE: &[u8] = &[b'a'; 65_536];
    let opening = Bytes::from_static(beginning);
    let stream = stream::unfold((Some(opening), bytes), |(opening, left)| async move {
        let next = opening.unwrap_or(Bytes::from_static(PIECE));
        let length = u64::try_from(next.len()).unwrap_or(u64::MAX).min(left);
        let piece = next.slice(..usize::try_from(length).unwrap_or(0));
        (length > 0).then(|| (Ok::<_, io::Error>(piece), (None, left - length)))
    });
    Body::from_stream(stream)
}
