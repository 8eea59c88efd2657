//! One request and its whole answer, within every wait and bound.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use tokio::time::{Instant, timeout_at};

use super::settings::Timeouts;
use super::transport::{Transport, TransportBody, TransportError};
use crate::domain::{ProviderError, ProviderErrorKind, Secret, TimeoutPhase};

/// The longest answer that is read, in bytes.
pub(super) const MAX_BODY_BYTES: usize = 8 << 20;
/// How much of an error's body is read, in bytes.
const MAX_ERROR_BYTES: usize = 64 << 10;

/// Sends requests to vendors and keeps their answers within bounds. Cheap to
/// clone.
#[derive(Clone)]
pub struct Exchange {
    transport: Arc<dyn Transport>,
    timeouts: Timeouts,
}

/// An answer that arrived whole, whatever its status.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) time_to_first_byte: Duration,
    /// The key that the request carried, which the vendor may repeat.
    pub(super) key: Option<Secret>,
}

impl Exchange {
    /// Sends through `transport` and waits as `timeouts` say.
    pub fn new(transport: Arc<dyn Transport>, timeouts: Timeouts) -> Self {
        Self {
            transport,
            timeouts,
        }
    }

    /// Sends a request and waits for the head of the answer, all of which must
    /// be there by `deadline`.
    ///
    /// # Errors
    /// `Transport` or `Timeout`, billed or not as far as is known.
    pub(super) async fn open(
        &self,
        request: Request<Bytes>,
        deadline: Instant,
    ) -> Result<OpenReply, ProviderError> {
        let started = Instant::now();
        let after = |limit_ms, phase| (started + Duration::from_millis(limit_ms), phase);
        let limit = after(self.timeouts.total_ms, TimeoutPhase::Total);
        let whole = earlier(limit, (deadline, TimeoutPhase::Deadline));
        let head = match self.timeouts.first_byte_ms {
            0 => whole,
            limit_ms => earlier(after(limit_ms, TimeoutPhase::FirstByte), whole),
        };
        let response = timeout_at(head.0, self.transport.send(request))
            .await
            .map_err(|_| timed_out(head.1))?
            .map_err(unanswered)?;
        let (head, body) = response.into_parts();
        Ok(OpenReply {
            status: head.status,
            headers: head.headers,
            time_to_first_byte: started.elapsed(),
            key: None,
            body,
            idle: Duration::from_millis(self.timeouts.idle_ms),
            limit,
            end: whole,
        })
    }
}

/// An answer whose head has arrived.
pub(super) struct OpenReply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) time_to_first_byte: Duration,
    /// The key that the request carried, which the vendor may repeat.
    pub(super) key: Option<Secret>,
    body: TransportBody,
    idle: Duration,
    /// The attempt's end by the vendors' settings alone.
    limit: End,
    end: End,
}

/// How long an answer may pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pause {
    /// As long as the attempt lasts: the model may be thinking.
    Thinking,
    /// As long as the settings say.
    Limited,
}

impl OpenReply {
    /// Reads the rest. The body of an error is cut at its bound; that of a
    /// success must not exceed its own.
    ///
    /// # Errors
    /// `Timeout` or `Broken`.
    pub(super) async fn whole(mut self) -> Result<Reply, ProviderError> {
        let body = if self.status.is_success() {
            self.read(MAX_BODY_BYTES).await?
        } else {
            // What an error says helps, but its status stands without it.
            self.read_error().await
        };
        Ok(self.with(body))
    }

    /// Makes a reply of what was read of the body.
    pub(super) fn with(self, body: Bytes) -> Reply {
        Reply {
            status: self.status,
            headers: self.headers,
            body,
            time_to_first_byte: self.time_to_first_byte,
            key: self.key,
        }
    }

    /// Gives the answer until `end`, or until the vendors' own limit.
    pub(super) fn goes_on_until(&mut self, end: Instant) {
        self.end = earlier(self.limit, (end, TimeoutPhase::Deadline));
    }

    async fn read(&mut self, max_bytes: usize) -> Result<Bytes, ProviderError> {
        let mut whole = Pieces::default();
        while let Some(piece) = self.next_piece(Pause::Limited).await? {
            if whole.len() + piece.len() > max_bytes {
                return Err(too_long(max_bytes));
            }
            whole.push(piece);
        }
        Ok(whole.into_bytes())
    }

    async fn read_error(&mut self) -> Bytes {
        let mut whole = Pieces::default();
        while whole.len() < MAX_ERROR_BYTES
            && let Ok(Some(piece)) = self.next_piece(Pause::Limited).await
        {
            let room = MAX_ERROR_BYTES - whole.len();
            whole.push(piece.slice(..piece.len().min(room)));
        }
        whole.into_bytes()
    }

    /// Waits for the next piece of the body; `None` at its end.
    ///
    /// # Errors
    /// `Timeout` or `Broken`.
    pub(super) async fn next_piece(
        &mut self,
        pause: Pause,
    ) -> Result<Option<Bytes>, ProviderError> {
        loop {
            let (deadline, phase) = match pause {
                Pause::Thinking => self.end,
                Pause::Limited => {
                    let idle = Instant::now() + self.idle;
                    earlier((idle, TimeoutPhase::Idle), self.end)
                }
            };
            let frame = timeout_at(deadline, self.body.frame())
                .await
                .map_err(|_| timed_out(phase))?;
            match frame {
                None => return Ok(None),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
                Some(Err(error)) => {
                    let message = format!("the answer broke off: {error}");
                    return Err(billable(ProviderErrorKind::Broken, message));
                }
            }
        }
    }
}

/// The pieces of a body; the only one of a short body is not copied.
#[derive(Default)]
struct Pieces {
    first: Bytes,
    rest: BytesMut,
}

impl Pieces {
    fn len(&self) -> usize {
        self.first.len() + self.rest.len()
    }

    fn push(&mut self, piece: Bytes) {
        if self.first.is_empty() {
            self.first = piece;
        } else {
            self.rest.extend_from_slice(&piece);
        }
    }

    fn into_bytes(self) -> Bytes {
        if self.rest.is_empty() {
            return self.first;
        }
        let mut whole = BytesMut::with_capacity(self.len());
        whole.extend_from_slice(&self.first);
        whole.extend_from_slice(&self.rest);
        whole.freeze()
    }
}

/// When a wait ends, and which wait it then was.
type End = (Instant, TimeoutPhase);

fn earlier(one: End, other: End) -> End {
    if one.0 < other.0 { one } else { other }
}

fn timed_out(phase: TimeoutPhase) -> ProviderError {
    let message = match phase {
        TimeoutPhase::Connect => "connecting took too long",
        TimeoutPhase::FirstByte => "the answer did not begin in time",
        TimeoutPhase::Idle => "the answer stopped arriving",
        TimeoutPhase::Total => "no whole answer within the vendors' time-out",
        TimeoutPhase::Deadline => "no whole answer within the call's time",
        TimeoutPhase::Vendor => "the vendor took too long",
    };
    let mut error = ProviderError::new(ProviderErrorKind::Timeout(phase), message);
    error.may_be_billed = phase != TimeoutPhase::Connect;
    error
}

fn unanswered(error: TransportError) -> ProviderError {
    match error {
        TransportError::Connect(_) => {
            ProviderError::new(ProviderErrorKind::Transport, error.to_string())
        }
        TransportError::ConnectTimeout => timed_out(TimeoutPhase::Connect),
        TransportError::Lost(_) => billable(ProviderErrorKind::Transport, error.to_string()),
    }
}

/// Makes the error of an answer without end.
pub(super) fn too_long(max_bytes: usize) -> ProviderError {
    let message = format!("the answer exceeds {max_bytes} bytes");
    billable(ProviderErrorKind::Broken, message)
}

fn billable(kind: ProviderErrorKind, message: String) -> ProviderError {
    let mut error = ProviderError::new(kind, message);
    error.may_be_billed = true;
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vendor_that_has_seen_nothing_bills_nothing() {
        let connect = unanswered(TransportError::Connect("refused".to_owned()));
        let timeout = unanswered(TransportError::ConnectTimeout);
        let lost = unanswered(TransportError::Lost("reset".to_owned()));

        assert!(!connect.may_be_billed && !timeout.may_be_billed);
        assert!(lost.may_be_billed);
        assert_eq!(
            timeout.kind,
            ProviderErrorKind::Timeout(TimeoutPhase::Connect)
        );
    }
}
