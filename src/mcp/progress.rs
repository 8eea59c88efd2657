//! Tells a client that waits how its call goes.

use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rmcp::Peer;
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::service::{RequestContext, RoleServer};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::report::MAX_TEXT_BYTES;
use crate::domain::{Chunk, ChunkSink, Target};

/// Between two notifications with text; what comes sooner is put together.
const TEXT_EVERY: Duration = Duration::from_millis(100);
/// After so long a silence a notification without text says that the call is
/// alive: clients give up, and proxies hang up, on what is silent.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);
/// A reader that takes longer than this for one notification gets no more of
/// them; its answer is whole all the same.
const SLOW_READER: Duration = Duration::from_secs(10);
/// Pieces that wait to be put together; the vendor waits with them beyond.
const PIECES: usize = 32;

/// A client that gave a token for its progress.
pub(super) struct Progress {
    peer: Peer<RoleServer>,
    token: ProgressToken,
}

impl Progress {
    /// Returns whom to tell; `None` if the client did not ask.
    pub(super) fn of(context: &RequestContext<RoleServer>) -> Option<Self> {
        Some(Self {
            token: context.meta.get_progress_token()?,
            peer: context.peer.clone(),
        })
    }

    /// Runs `work`, which hands pieces to the other end of `pieces` and ends by
    /// `deadline`, and tells the client their text. A client that reads slowly
    /// stops neither the work nor its clock.
    pub(super) async fn follow<T>(
        self,
        work: impl Future<Output = T>,
        mut pieces: Pieces,
        deadline: Instant,
    ) -> T {
        let mut report = Report {
            progress: self,
            count: 0,
            waiting: String::new(),
            last: Instant::now(),
            next_text: Instant::now(),
            is_over: false,
        };
        let mut work = std::pin::pin!(work);
        let result = loop {
            let text = tokio::select! {
                biased;
                result = &mut work => break result,
                Some(text) = pieces.0.recv() => {
                    report.waiting.push_str(&text);
                    continue;
                }
                () = sleep_until(report.next_text), if !report.waiting.is_empty() => {
                    Some(std::mem::take(&mut report.waiting))
                }
                () = sleep_until(report.last + SIGN_OF_LIFE) => None,
            };
            let ended = beside(work.as_mut(), report.tell(text), deadline).await;
            if let Some(result) = ended {
                break result;
            }
        };
        while let Ok(text) = pieces.0.try_recv() {
            report.waiting.push_str(&text);
        }
        if !report.waiting.is_empty() {
            let rest = std::mem::take(&mut report.waiting);
            let _ = timeout_at(deadline, report.tell(Some(rest))).await;
        }
        result
    }
}

/// Tells something while `work` goes on, until `deadline` once that has ended.
/// Returns what the work came to, if it has ended.
async fn beside<T>(
    mut work: Pin<&mut impl Future<Output = T>>,
    telling: impl Future<Output = ()>,
    deadline: Instant,
) -> Option<T> {
    let mut telling = std::pin::pin!(telling);
    tokio::select! {
        biased;
        () = &mut telling => None,
        result = &mut work => {
            let _ = timeout_at(deadline, telling).await;
            Some(result)
        }
    }
}

/// What the client was told and is yet to be told.
struct Report {
    progress: Progress,
    /// Notifications so far: progress must rise with each.
    count: u32,
    waiting: String,
    last: Instant,
    next_text: Instant,
    /// The reader has gone or is too slow.
    is_over: bool,
}

impl Report {
    async fn tell(&mut self, text: Option<String>) {
        self.last = Instant::now();
        if text.is_some() {
            self.next_text = self.last + TEXT_EVERY;
        }
        if self.is_over {
            return;
        }
        self.count += 1;
        let token = self.progress.token.clone();
        let mut message = ProgressNotificationParam::new(token, f64::from(self.count));
        message.message = text;
        let told = timeout(SLOW_READER, self.progress.peer.notify_progress(message)).await;
        self.is_over = !matches!(told, Ok(Ok(())));
    }
}

/// Where a call's pieces arrive.
pub(super) struct Pieces(mpsc::Receiver<String>);

/// Where a call hands its pieces.
#[derive(Debug)]
pub(super) struct PieceSink {
    sender: mpsc::Sender<String>,
    text: Mutex<Kept>,
}

/// The text so far.
#[derive(Debug, Default)]
struct Kept {
    text: String,
    /// A piece had no room: what follows it would leave a hole.
    is_full: bool,
}

/// Makes both ends.
pub(super) fn pieces() -> (PieceSink, Pieces) {
    let (sender, receiver) = mpsc::channel(PIECES);
    let text = Mutex::default();
    (PieceSink { sender, text }, Pieces(receiver))
}

impl PieceSink {
    /// Returns the text so far, cut like an answer's.
    pub(super) fn into_text(self) -> String {
        let kept = self.text.into_inner();
        kept.unwrap_or_else(PoisonError::into_inner).text
    }

    fn keep(&self, piece: &str) {
        let mut kept = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        kept.is_full |= kept.text.len() + piece.len() > MAX_TEXT_BYTES;
        if !kept.is_full {
            kept.text.push_str(piece);
        }
    }
}

#[async_trait]
impl ChunkSink for PieceSink {
    async fn push(&self, _: &Target, chunk: Chunk) {
        if let Chunk::Text(text) = chunk {
            self.keep(&text);
            // A client that has gone drops the work and this with it.
            let _ = self.sender.send(text).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_slowly_stops_no_clock() {
        let began = Instant::now();
        let second = Duration::from_secs(1);
        let mut work = std::pin::pin!(async {
            tokio::time::sleep(second).await;
            began.elapsed()
        });

        let quick = beside(work.as_mut(), std::future::ready(()), began + second * 2).await;
        let telling = tokio::time::sleep(SLOW_READER);
        let ended = beside(work, telling, began + second * 2).await;

        assert_eq!((quick, ended), (None, Some(second)));
        assert_eq!(began.elapsed(), second * 2);
    }

    #[test]
    fn a_text_that_is_cut_has_no_hole() {
        let (sink, _pieces) = pieces();
        let long = "a".repeat(MAX_TEXT_BYTES - 1);

        for piece in [long.as_str(), "bc", "d"] {
            sink.keep(piece);
        }

        assert_eq!(sink.into_text(), long);
    }
}
