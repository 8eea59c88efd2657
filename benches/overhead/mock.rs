//! A vendor that answers at once, so that what is left is the gateway.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, Method, Request, Response, header};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

use crate::Fault;
use crate::process::announce;

/// The words by which a load client knows that the answer is ours.
pub(crate) const MARK: &str = "A token bucket admits a request";

/// The pieces of text of a stream.
const CHUNKS: usize = 64;

/// The list of models, for the gateway's probe.
const MODELS: &str = r#"{"object":"list","data":[{"id":"gpt-6-luna","object":"model"}]}"#;

/// A chat completion up to the model's name.
const HEAD: &str =
    r#"{"id":"chatcmpl-mock","object":"chat.completion","created":1790000000,"model":""#;

/// A chat completion from the model's name on, with 600 bytes of text.
const TAIL: &str = concat!(
    r#"","choices":[{"index":0,"message":{"role":"assistant","content":""#,
    "A token bucket admits a request when at least one token is left in the bucket; tokens are ",
    "added at a fixed rate up to the size of the bucket. Short bursts pass, while the rate in the ",
    "long run stays bounded. To apply it per user, keep one bucket per user in a concurrent map, ",
    "refill it lazily from the time that has passed since its last use, and evict the buckets that ",
    "are full and idle. Answer 429 with a Retry-After header worked out from the tokens that are ",
    "missing, so that clients wait just as long as they must. Count the refusals per user in a ",
    "metric, to see who is limited and how often it happens.",
    r#"","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":45,"#,
    r#""completion_tokens":120,"total_tokens":165,"prompt_tokens_details":{"cached_tokens":0},"#,
    r#""completion_tokens_details":{"reasoning_tokens":0}},"service_tier":"default"}"#,
);

/// Serves `/v1/chat/completions` and `/v1/models` on one thread until killed.
pub(crate) fn serve() -> Result<(), Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        announce(listener.local_addr()?)?;
        let connections = TaskTracker::new();
        loop {
            let (socket, _) = listener.accept().await?;
            socket.set_nodelay(true)?;
            let connection =
                http1::Builder::new().serve_connection(TokioIo::new(socket), service_fn(answer));
            connections.spawn(connection);
        }
    })
}

type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

async fn answer(request: Request<Incoming>) -> Result<Answer, hyper::Error> {
    if request.method() == Method::GET {
        return Ok(whole(Bytes::from_static(MODELS.as_bytes())));
    }
    let question = request.into_body().collect().await?.to_bytes();
    let wish = br#""stream":true"#;
    if question.windows(wish.len()).any(|bytes| bytes == wish) {
        return Ok(streamed(model(&question).unwrap_or("gpt-6-luna")));
    }
    Ok(whole(completion(&question)))
}

fn whole(body: Bytes) -> Answer {
    let mut response = Response::new(Full::new(body).boxed_unsync());
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// Streams chunks, each in a write of its own, as fast as they are taken.
fn streamed(model: &str) -> Answer {
    let chunk = |choices: &str, usage: &str| {
        Bytes::from(format!(
            r#"data: {{"id":"chatcmpl-mock","object":"chat.completion.chunk","created":1790000000,"model":"{model}","choices":{choices},"usage":{usage}}}{}"#,
            "\n\n"
        ))
    };
    let text = |number: usize| {
        let piece = if number == 0 { MARK } else { " word" };
        let delta =
            format!(r#"[{{"index":0,"delta":{{"content":"{piece}"}},"finish_reason":null}}]"#);
        chunk(&delta, "null")
    };
    let mut events: Vec<Bytes> = (0..CHUNKS).map(text).collect();
    events.push(chunk(
        r#"[{"index":0,"delta":{},"finish_reason":"stop"}]"#,
        "null",
    ));
    let usage = r#"{"prompt_tokens":45,"completion_tokens":120,"total_tokens":165}"#;
    events.push(chunk("[]", usage));
    events.push(Bytes::from_static(b"data: [DONE]\n\n"));
    let frames = stream::unfold(events.into_iter(), async |mut events| {
        let event = events.next()?;
        // What was written before goes out first.
        tokio::task::yield_now().await;
        Some((Ok(Frame::data(event)), events))
    });
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    let kind = HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// Answers in the name of the model that was asked.
fn completion(question: &[u8]) -> Bytes {
    let model = model(question).unwrap_or("gpt-6-luna");
    Bytes::from([HEAD, model, TAIL].concat())
}

/// Finds the model without reading the rest.
fn model(question: &[u8]) -> Option<&str> {
    let question = std::str::from_utf8(question).ok()?;
    let (_, rest) = question.split_once(r#""model":""#)?;
    Some(rest.split_once('"')?.0)
}
