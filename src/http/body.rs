//! Reads request bodies within bounds.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body_util::BodyExt as _;
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// How many pauses a whole body may take: 4 MiB in two minutes is slow enough.
const PAUSES: u32 = 8;
/// The deepest JSON that is read; parsers that recurse end well beyond it.
const MAX_DEPTH: usize = 64;

/// A body that is not taken.
#[derive(Debug, Error)]
pub(super) enum BodyError {
    /// It is too long.
    #[error("the request body exceeds {0} bytes")]
    TooLarge(usize),
    /// Its JSON is nested too deeply.
    #[error("the request body is nested more than {0} levels deep")]
    TooDeep(usize),
    /// The client paused for too long.
    #[error("the request body did not arrive in time")]
    TooSlow,
    /// Too many bytes of other requests are under way.
    #[error("{0} bytes of requests are under way, which is this gateway's limit")]
    Crowded(usize),
    /// The connection broke.
    #[error("the request body could not be read")]
    Broken,
}

impl BodyError {
    /// Returns the status that says so.
    pub(super) const fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Crowded(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken | Self::TooDeep(_) => StatusCode::BAD_REQUEST,
        }
    }

    /// Returns when there is room for the same body, if that is what lacks.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        matches!(self, Self::Crowded(_)).then_some(ROOM_AFTER)
    }
}

/// A completion lasts seconds; some end within this time (chosen).
const ROOM_AFTER: Duration = Duration::from_millis(250);

/// Room for the bodies of all requests under way. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct BodyRoom {
    /// In units of [`UNIT`] bytes.
    units: Arc<Semaphore>,
    bytes: usize,
}

/// What a body takes of the room. Dropped, it is free.
#[derive(Debug, Default)]
pub(super) struct Taken(Option<OwnedSemaphorePermit>);

/// The least that is taken, in bytes.
const UNIT: usize = 1 << 10;

impl BodyRoom {
    /// Makes room for so many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        let units = (bytes / UNIT).clamp(1, Semaphore::MAX_PERMITS);
        Self {
            units: Arc::new(Semaphore::new(units)),
            bytes,
        }
    }

    fn take(&self, taken: &mut Taken, bytes: usize) -> Result<(), BodyError> {
        let has = taken
            .0
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits);
        let more = bytes.div_ceil(UNIT).saturating_sub(has);
        if more == 0 {
            return Ok(());
        }
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        let permit = Arc::clone(&self.units).try_acquire_many_owned(more);
        let permit = permit.map_err(|_| BodyError::Crowded(self.bytes))?;
        match &mut taken.0 {
            Some(has) => has.merge(permit),
            none => *none = Some(permit),
        }
        Ok(())
    }
}

/// Reads a whole body of at most `max_bytes`, whose sender never pauses for
/// longer than `pause` and takes no longer than eight pauses in all. Returns
/// it with what it takes of `room`, to be kept as long as the request lasts.
pub(super) async fn read(
    body: Body,
    max_bytes: usize,
    pause: Duration,
    room: &BodyRoom,
) -> Result<(Bytes, Taken), BodyError> {
    let mut taken = Taken::default();
    let mut body = pin!(body);
    let mut pieces: Vec<Bytes> = Vec::new();
    let mut size = 0_usize;
    let deadline = Instant::now() + pause * PAUSES;
    loop {
        let end = deadline.min(Instant::now() + pause);
        let frame = timeout_at(end, body.frame())
            .await
            .map_err(|_| BodyError::TooSlow)?;
        let Some(frame) = frame else { break };
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else {
            continue;
        };
        size += data.len();
        if size > max_bytes {
            return Err(BodyError::TooLarge(max_bytes));
        }
        room.take(&mut taken, size)?;
        // A sender of single bytes must not make a list of a million pieces.
        match pieces.last() {
            Some(last) if last.len() < 4096 => {
                let mut joined = BytesMut::with_capacity(last.len() + data.len());
                joined.extend_from_slice(last);
                joined.extend_from_slice(&data);
                pieces.pop();
                pieces.push(joined.freeze());
            }
            _ => pieces.push(data),
        }
    }
    // Most bodies arrive in one piece, which is not copied.
    let whole = match pieces.as_slice() {
        [] => Bytes::new(),
        [only] => only.clone(),
        many => many.concat().into(),
    };
    if is_nested_deeper(&whole, MAX_DEPTH) {
        return Err(BodyError::TooDeep(MAX_DEPTH));
    }
    Ok((whole, taken))
}

/// Tells whether brackets outside of strings stand more than `most` deep.
fn is_nested_deeper(json: &[u8], most: usize) -> bool {
    let (mut depth, mut is_string, mut is_escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_string => is_escaped = true,
            b'"' => is_string = !is_string,
            b'{' | b'[' if !is_string => {
                depth += 1;
                if depth > most {
                    return true;
                }
            }
            b'}' | b']' if !is_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt as _, stream};

    use super::*;

    const PAUSE: Duration = Duration::from_secs(15);

    async fn read_alone(body: Body, most: usize, pause: Duration) -> Result<Bytes, BodyError> {
        let room = BodyRoom::new(1 << 20);
        let read = read(body, most, pause, &room).await;
        read.map(|(body, _)| body)
    }

    #[tokio::test]
    async fn bodies_under_way_share_a_room_and_give_it_back() {
        let room = BodyRoom::new(4 << 10);
        let body = |bytes: usize| Body::from("x".repeat(bytes));
        let one = read(body(3_000), 9_000, PAUSE, &room).await.unwrap();

        let refused = read(body(1_025), 9_000, PAUSE, &room).await.unwrap_err();
        let small = read(body(1_024), 9_000, PAUSE, &room).await;
        drop((one, small));
        let alone = read(body(4_096), 9_000, PAUSE, &room).await;

        assert!(matches!(refused, BodyError::Crowded(4_096)));
        assert!(alone.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn pieces_of_any_size_come_together() {
        let text = "0123456789".repeat(2_000);
        for size in [1, 7, 4096, 20_000] {
            let pieces: Vec<_> = text.as_bytes().chunks(size).map(<[u8]>::to_vec).collect();
            let body = Body::from_stream(stream::iter(pieces).map(Ok::<_, std::io::Error>));

            assert_eq!(
                read_alone(body, 20_000, PAUSE).await.unwrap(),
                text,
                "pieces of {size}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_byte_too_many_is_refused() {
        let refused = read_alone(Body::from("12345"), 4, PAUSE).await.unwrap_err();

        assert!(matches!(refused, BodyError::TooLarge(4)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_sender_of_single_bytes_does_not_go_on_for_ever() {
        let drops = stream::unfold((), |()| async {
            tokio::time::advance(PAUSE / 2).await;
            Some((Ok::<_, std::io::Error>(Bytes::from_static(b"a")), ()))
        });
        let began = Instant::now();

        let refused = read_alone(Body::from_stream(drops), 1_000, PAUSE).await;

        assert!(matches!(refused.unwrap_err(), BodyError::TooSlow));
        assert!(began.elapsed() <= PAUSE * (PAUSES + 1));
    }

    #[test]
    fn depth_counts_brackets_outside_of_strings() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);

        assert!(!is_nested_deeper(nested(64).as_bytes(), 64));
        assert!(is_nested_deeper(nested(65).as_bytes(), 64));
        assert!(!is_nested_deeper(nested(2).repeat(100).as_bytes(), 64));
        let quoted = format!(r#"{{"a": "\"{}", "b": "\\"}}"#, "[".repeat(100));
        assert!(!is_nested_deeper(quoted.as_bytes(), 64));
    }

    #[tokio::test(start_paused = true)]
    async fn a_sender_that_stops_is_not_waited_for() {
        let endless = stream::pending::<Result<Bytes, std::io::Error>>();

        let refused = read_alone(Body::from_stream(endless), 4, PAUSE)
            .await
            .unwrap_err();

        assert!(matches!(refused, BodyError::TooSlow));
    }
}
