//! Whether a connection is in use.
//!
//! hyper has no clock for a connection that has not yet shown which version of
//! HTTP it speaks, none for an HTTP/2 connection without requests, and none
//! for a client that does not read its answer: each would keep its slot for
//! ever.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::response::Response;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::sync::watch;
use tokio::time::timeout;

/// Longer than any call may take, its time-out being 600 s at most.
const LONGEST_CALL: Duration = Duration::from_secs(660);

/// Counts a connection's requests, from their arrival until their answers are
/// written.
#[derive(Clone)]
pub(super) struct Activity(watch::Sender<usize>);

impl Activity {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    /// Counts a request until the guard is dropped.
    pub(super) fn begin(&self) -> InUse {
        self.0.send_modify(|count| *count += 1);
        InUse(self.0.clone())
    }

    /// Returns when the connection has been of no use for too long: `first`
    /// until its first request, `later` between two, or longer with one than
    /// any call takes.
    pub(super) async fn ends(&self, first: Duration, later: Duration) {
        let mut count = self.0.subscribe();
        let mut patience = first;
        loop {
            let is_busy = *count.borrow_and_update() > 0;
            let limit = if is_busy { LONGEST_CALL } else { patience };
            if is_busy {
                patience = later;
            }
            // The sender lives as long as `self`, so only time can end this.
            if timeout(limit, count.changed()).await.is_err() {
                return;
            }
        }
    }
}

/// A request under way.
pub(super) struct InUse(watch::Sender<usize>);

impl InUse {
    /// Holds the guard until the body of `response` has been written.
    pub(super) fn until_written(self, response: Response) -> Response {
        response.map(|body| Body::new(WatchedBody { body, _guard: self }))
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

struct WatchedBody {
    body: Body,
    _guard: InUse,
}

impl HttpBody for WatchedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, advance};

    use super::*;

    const FIRST: Duration = Duration::from_secs(10);
    const LATER: Duration = Duration::from_secs(100);

    #[tokio::test(start_paused = true)]
    async fn a_connection_ends_by_the_clock_of_its_state() {
        let (idle, used, stuck) = (Activity::new(), Activity::new(), Activity::new());
        let began = Instant::now();

        idle.ends(FIRST, LATER).await;
        let idle_for = began.elapsed();
        let guard = used.begin();
        let (used_until, ()) = tokio::join!(
            async {
                used.ends(FIRST, LATER).await;
                began.elapsed()
            },
            async {
                advance(Duration::from_secs(300)).await;
                drop(guard);
            }
        );
        let _guard = stuck.begin();
        let began = Instant::now();
        stuck.ends(FIRST, LATER).await;

        assert_eq!(idle_for, FIRST);
        assert_eq!(used_until, FIRST + Duration::from_secs(300) + LATER);
        assert_eq!(began.elapsed(), LONGEST_CALL);
    }
}
