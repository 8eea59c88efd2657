//! A call that goes on when its caller's time is over, so that a repeat with
//! the same idempotency key collects the answer.

use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sha2::{Digest as _, Sha256};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{Instant, timeout_at};

use super::Gateway;
use super::audit::Origin;
use super::complete::Run;
use super::refusal;
use super::relay::Relay;
use super::shared_calls::{CallKey, Joined, Ticket, Waiter};
use crate::domain::{
    CacheStatus, Caller, Chunk, ChunkSink, Completion, CompletionRequest, Cost, Error, NanoUsd,
    RequestId, Target,
};
use crate::limit::Admission;

/// How many pieces of an answer wait for their reader.
const PIECES: usize = 32;

impl Gateway {
    /// Makes the call of an idempotency key, or collects what it made.
    pub(super) async fn run_once(
        &self,
        origin: Origin<'_>,
        (request, key): (&CompletionRequest, &str),
        relay: Option<&Relay<'_>>,
        (admission, place): (Admission, OwnedSemaphorePermit),
        started: Instant,
    ) -> Result<Completion, Error> {
        let name = CallKey {
            caller: origin.caller.clone(),
            key: key.to_owned(),
        };
        let deadline = started + request.timeout;
        match self.shared.join(name, question(request)) {
            Joined::Mismatch => Err(Error::invalid(
                "idempotency_key was used for another request; choose a new one",
            )),
            Joined::Full(most) => Err(refusal::overloaded(most)),
            Joined::Later(waiter) => collect(waiter, deadline).await,
            Joined::First(ticket, waiter) => {
                let (pieces, coming) = mpsc::channel(PIECES);
                let call = Detached {
                    id: origin.id,
                    caller: origin.caller.clone(),
                    tool: origin.tool,
                    request: request.clone(),
                    pieces: relay.is_some().then_some(Pieces(pieces)),
                    admission,
                    _place: place,
                    started,
                    run_on: Duration::from_millis(self.settings.idempotency_run_on_ms),
                };
                let Some(gateway) = self.this.upgrade() else {
                    return Err(refusal::stopping(Vec::new()));
                };
                self.tasks.spawn(call.run(gateway, ticket));
                if let Some(relay) = relay {
                    let handing_on = hand_on(coming, relay);
                    if timeout_at(deadline, handing_on).await.is_err() {
                        return Err(goes_on());
                    }
                }
                collect(waiter, deadline).await
            }
        }
    }
}

/// Waits for a call's end, but no longer than its own caller does.
async fn collect(waiter: Waiter, deadline: Instant) -> Result<Completion, Error> {
    let Ok(ended) = timeout_at(deadline, waiter.wait()).await else {
        return Err(goes_on());
    };
    let kept = ended.unwrap_or_else(|| Err(refusal::stopping(Vec::new())))?;
    let (completion, is_first) = kept.deliver();
    let mut completion = completion.clone();
    if !is_first {
        completion.cost = Cost::Priced {
            amount: NanoUsd::ZERO,
            is_incomplete: false,
        };
        // It was saved once.
        completion.cache.saved = None;
    }
    Ok(completion)
}

fn goes_on() -> Error {
    Error {
        message: "timeout_ms ran out; the call goes on: ask again with the same idempotency_key"
            .to_owned(),
        retry_after: Some(Duration::from_secs(1)),
        ..refusal::out_of_time(Vec::new())
    }
}

/// A call without its caller.
struct Detached {
    id: RequestId,
    caller: Caller,
    tool: &'static str,
    request: CompletionRequest,
    pieces: Option<Pieces>,
    admission: Admission,
    /// It is one of the process's calls as long as it lasts.
    _place: OwnedSemaphorePermit,
    started: Instant,
    run_on: Duration,
}

impl Detached {
    async fn run(self, gateway: Arc<Gateway>, ticket: Ticket) {
        let result = self.made_by(&gateway).await;
        // Its reader is told the end after the last piece.
        drop(self.pieces);
        ticket.end(result);
    }

    async fn made_by(&self, gateway: &Gateway) -> Result<Completion, Error> {
        let relay = self.pieces.as_ref().map(|pieces| Relay::new(pieces));
        let run = Run {
            origin: Origin {
                id: self.id,
                caller: &self.caller,
                tool: self.tool,
            },
            request: &self.request,
            relay: relay.as_ref(),
            admission: &self.admission,
            started: self.started,
            deadline: self.started + self.request.timeout + self.run_on,
            is_shared: true,
        };
        gateway.run(run).await
    }
}

/// What comes of a call, on its way to whoever still reads.
#[derive(Debug)]
enum Piece {
    Chunk(Target, Chunk),
    LookedUp(CacheStatus),
    Dropped(Vec<&'static str>),
}

#[derive(Debug)]
struct Pieces(mpsc::Sender<Piece>);

#[async_trait]
impl ChunkSink for Pieces {
    async fn push(&self, target: &Target, chunk: Chunk) {
        // Without a reader the call goes on.
        let _ = self.0.send(Piece::Chunk(target.clone(), chunk)).await;
    }

    fn looked_up(&self, status: CacheStatus) {
        let _ = self.0.try_send(Piece::LookedUp(status));
    }

    fn dropped(&self, parameters: &[&'static str]) {
        let _ = self.0.try_send(Piece::Dropped(parameters.to_vec()));
    }
}

async fn hand_on(mut coming: mpsc::Receiver<Piece>, relay: &Relay<'_>) {
    while let Some(piece) = coming.recv().await {
        match piece {
            Piece::Chunk(target, chunk) => relay.push(&target, chunk).await,
            Piece::LookedUp(status) => relay.looked_up(status),
            Piece::Dropped(parameters) => relay.dropped(&parameters),
        }
    }
}

/// Hashes what is asked, without how long the caller waits for it.
fn question(request: &CompletionRequest) -> [u8; 32] {
    struct Hasher(Sha256);
    impl fmt::Write for Hasher {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.update(text.as_bytes());
            Ok(())
        }
    }
    let CompletionRequest {
        messages,
        model,
        max_tokens,
        sampling,
        effort,
        may_think,
        tools,
        tool_choice,
        parallel_tool_calls,
        response_format,
        cache,
        requirements,
        prompt_cache,
        timeout: _,
        idempotency_key: _,
        route_only,
    } = request;
    let mut hasher = Hasher(Sha256::new());
    let asked = (messages, model, max_tokens, sampling, effort, may_think);
    let form = (tools, tool_choice, parallel_tool_calls, response_format);
    let wishes = (cache, requirements, prompt_cache, route_only);
    // Writing into a hash cannot fail.
    let _ = write!(hasher, "{asked:?}{form:?}{wishes:?}");
    hasher.0.finalize().into()
}
