//! Answers as a stream of events, in whichever form a door has.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use axum::body::{Body, Bytes};
use axum::response::Response;
use bytes::BytesMut;
use futures_util::stream;
use http::{HeaderValue, header};
use tokio::sync::{Notify, mpsc};
use tokio::task::{JoinError, yield_now};
use tokio::time::{sleep, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::body::Taken;
use super::{Door, headers};
use crate::domain::{
    CacheStatus, Chunk, ChunkSink, Completion, CompletionRequest, ContentPart, Error, ErrorKind,
    RequestId, Target,
};
use crate::gateway::Origin;

/// Pieces that wait for a slow reader; the vendor waits with them beyond.
const PIECES: usize = 32;
/// A reader that takes nothing for so long loses its answer.
const STALLED_READER: Duration = Duration::from_secs(30);
/// After so long a silence, before the first piece too, a sign of life tells
/// clients and proxies that somebody is there.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// Writes an answer's events in one door's form.
pub(super) trait EventWriter: Send + 'static {
    /// Writes what comes before all pieces.
    fn begin(&mut self, model: &str) -> Vec<Bytes>;

    /// Writes a piece; `None` if it says nothing.
    fn piece(&mut self, chunk: &Chunk) -> Option<Bytes>;

    /// Writes what comes after all pieces.
    fn end(&mut self, completion: &Completion) -> Vec<Bytes>;

    /// Writes the failure of an answer that has begun.
    fn failure(&mut self, error: &Error) -> Bytes;

    /// Writes a sign of life.
    fn silence(&self) -> Bytes;

    /// Answers a failure before anything went out.
    fn refusal(&self, error: &Error, id: RequestId) -> Response;
}

/// A call under way. It has a task of its own, so that its waits end whether
/// or not the client reads; dropped, it is cancelled.
type Work = AbortOnDropHandle<Result<Completion, Error>>;

/// Answers a request as a stream. The head goes out with the first piece, so
/// that a failure before it is an error with its own status; or with the first
/// sign of life, if the vendor thinks for so long.
pub(super) async fn respond(
    door: &Door,
    origin: Origin<'_>,
    (request, taken): (CompletionRequest, Taken),
    writer: impl EventWriter,
) -> Response {
    let gateway = Arc::clone(&door.gateway);
    let (id, tool, caller) = (origin.id, origin.tool, origin.caller.clone());
    let (sender, pieces) = mpsc::channel(PIECES);
    let early = Arc::new(Mutex::new(Early::default()));
    let told = Arc::clone(&early);
    let mut work = Work::new(door.shutdown.calls.spawn(async move {
        let _taken = taken;
        let sink = Pieces {
            sender,
            has_begun: AtomicBool::new(false),
            stalled: Notify::new(),
            early: told,
        };
        let origin = Origin {
            id,
            caller: &caller,
            tool,
        };
        tokio::select! {
            result = gateway.complete_into(origin, &request, &sink) => result,
            // Dropped like this, the call is one whose caller has left.
            () = sink.stalled.notified() => {
                let message = "the reader took nothing for 30 s";
                Err(Error::new(ErrorKind::GatewayTimeout, message))
            }
        }
    }));
    let mut following = Following {
        work: None,
        pieces,
        writer,
        has_begun: false,
        events: Vec::new(),
    };
    tokio::select! {
        biased;
        Some((target, chunk)) = following.pieces.recv() => {
            following.take(&target, &chunk);
            following.work = Some(work);
            let mut response = streaming(following);
            headers::announce(&mut response, id, &lock(&early));
            headers::name_target(&mut response, &target);
            response
        }
        result = &mut work => match ended(result) {
            Err(error) => following.writer.refusal(&error, id),
            Ok(completion) => {
                following.end(&completion);
                let mut response = streaming(following);
                headers::describe(&mut response, &completion);
                response
            }
        },
        () = sleep(KEEP_ALIVE) => {
            following.events.push(following.writer.silence());
            following.work = Some(work);
            let mut response = streaming(following);
            headers::announce(&mut response, id, &lock(&early));
            response
        }
    }
}

/// What is known of an answer before its first piece.
#[derive(Debug, Default)]
pub(super) struct Early {
    /// How the cache took part.
    pub(super) cache: Option<CacheStatus>,
    /// What the model that was asked last does not take.
    pub(super) dropped: Vec<&'static str>,
}

fn lock(early: &Mutex<Early>) -> MutexGuard<'_, Early> {
    early.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes the piece that a part of an answer is that came at once; calls are
/// written at the end.
fn whole(part: &ContentPart) -> Option<Chunk> {
    match part {
        ContentPart::Text(text) => Some(Chunk::Text(text.clone())),
        ContentPart::Reasoning {
            text,
            signature: Some(signature),
        } => Some(Chunk::Reasoning {
            text: text.clone(),
            signature: signature.clone(),
        }),
        _ => None,
    }
}

/// Returns a call's own result; a task that panics is a fault of ours.
fn ended(result: Result<Result<Completion, Error>, JoinError>) -> Result<Completion, Error> {
    result.unwrap_or_else(|fault| {
        tracing::error!(%fault, "a call broke");
        Err(Error::new(ErrorKind::GatewayInternal, "the call broke"))
    })
}

/// Hands pieces to the body.
#[derive(Debug)]
struct Pieces {
    sender: mpsc::Sender<(Target, Chunk)>,
    has_begun: AtomicBool,
    /// The reader takes nothing any more.
    stalled: Notify,
    early: Arc<Mutex<Early>>,
}

#[async_trait]
impl ChunkSink for Pieces {
    async fn push(&self, target: &Target, chunk: Chunk) {
        // A reader that has gone drops the work and this with it.
        let sent = self.sender.send((target.clone(), chunk));
        if timeout(STALLED_READER, sent).await.is_err() {
            self.stalled.notify_one();
            std::future::pending::<()>().await;
        }
        // The first piece goes out before the next is looked at.
        if !self.has_begun.swap(true, Ordering::Relaxed) {
            yield_now().await;
        }
    }

    fn looked_up(&self, status: CacheStatus) {
        lock(&self.early).cache = Some(status);
    }

    fn dropped(&self, parameters: &[&'static str]) {
        lock(&self.early).dropped = parameters.to_vec();
    }
}

/// A body under way.
struct Following<Writer> {
    /// The call; `None` once it has ended.
    work: Option<Work>,
    pieces: mpsc::Receiver<(Target, Chunk)>,
    writer: Writer,
    /// The writer has begun.
    has_begun: bool,
    /// Events that are written and not yet sent.
    events: Vec<Bytes>,
}

impl<Writer: EventWriter> Following<Writer> {
    /// Waits for the next events; `None` at the end. All that are there go
    /// out together: each write costs more than all that it carries.
    async fn next(&mut self) -> Option<Bytes> {
        while self.events.is_empty() {
            let work = self.work.as_mut()?;
            tokio::select! {
                biased;
                Some((target, chunk)) = self.pieces.recv() => {
                    self.take(&target, &chunk);
                    self.take_waiting();
                }
                result = work => {
                    self.work = None;
                    self.take_waiting();
                    match ended(result) {
                        Ok(completion) => self.end(&completion),
                        Err(error) => self.events.push(self.writer.failure(&error)),
                    }
                }
                () = sleep(KEEP_ALIVE) => return Some(self.writer.silence()),
            }
        }
        if let [_] = self.events.as_slice() {
            return self.events.pop();
        }
        let mut together = BytesMut::with_capacity(self.events.iter().map(Bytes::len).sum());
        self.events
            .drain(..)
            .for_each(|event| together.extend_from_slice(&event));
        Some(together.freeze())
    }

    fn take(&mut self, target: &Target, chunk: &Chunk) {
        self.begin(target.model.as_str());
        self.events.extend(self.writer.piece(chunk));
    }

    fn take_waiting(&mut self) {
        while let Ok((target, chunk)) = self.pieces.try_recv() {
            self.take(&target, &chunk);
        }
    }

    fn begin(&mut self, model: &str) {
        if !self.has_begun {
            self.events.extend(self.writer.begin(model));
            self.has_begun = true;
        }
    }

    /// Writes the rest of an answer, or all of one that came at once.
    fn end(&mut self, completion: &Completion) {
        self.take_waiting();
        if !self.has_begun {
            self.begin(completion.model.as_str());
            let pieces = completion.content.iter().filter_map(whole);
            let pieces: Vec<Chunk> = pieces.collect();
            let events = pieces.iter().filter_map(|piece| self.writer.piece(piece));
            self.events.extend(events);
        }
        self.events.extend(self.writer.end(completion));
    }
}

fn streaming<Writer: EventWriter>(following: Following<Writer>) -> Response {
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
