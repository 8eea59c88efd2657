//! Calls that were answered lately, so that callers can say how good the
//! answers were.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::domain::{CacheKey, CacheScope, Caller, RequestId, Target};
use crate::routing::TaskEstimate;

/// How long a call is remembered.
const KEPT: Duration = Duration::from_hours(24);
/// What all may take together, in bytes: some 15,000 usual calls.
const MAX_BYTES: usize = 8 << 20;
/// What a call takes beside its prompt and its vector, about.
const FRAME_BYTES: usize = 256;
/// How much of a long prompt is remembered, from its beginning and its end, in
/// characters. The router looks at no more.
const HEAD: usize = 1_500;
const TAIL: usize = 400;

/// A call that was answered.
#[derive(Clone, Debug)]
pub(super) struct Remembered {
    pub(super) caller: Caller,
    /// Who answered, now or when the answer was stored.
    pub(super) target: Target,
    /// The kind of work, if somebody looked.
    pub(super) task: Option<TaskEstimate>,
    /// The last question, cut.
    pub(super) prompt: Box<str>,
    pub(super) vector: Option<Arc<[f32]>>,
    /// Where the answer is kept for others who ask the same.
    pub(super) place: Option<(CacheScope, CacheKey)>,
    /// When somebody said how good it was, last.
    pub(super) rated_at: Option<Timestamp>,
    /// It was kept for others and is not any more.
    pub(super) is_forgotten: bool,
}

impl Remembered {
    fn bytes(&self) -> usize {
        let vector = self.vector.as_ref().map_or(0, |vector| vector.len() * 4);
        FRAME_BYTES + self.prompt.len() + vector
    }
}

/// The calls of the last day, as many as there is room for.
#[derive(Debug, Default)]
pub(super) struct RememberedCalls {
    calls: HashMap<RequestId, (Remembered, Instant)>,
    order: VecDeque<RequestId>,
    bytes: usize,
}

impl RememberedCalls {
    pub(super) fn add(&mut self, id: RequestId, call: Remembered) {
        let now = Instant::now();
        self.bytes += call.bytes();
        match self.calls.insert(id, (call, now)) {
            Some((before, _)) => self.bytes = self.bytes.saturating_sub(before.bytes()),
            None => self.order.push_back(id),
        }
        while let Some(oldest) = self.order.front() {
            let is_fresh = self
                .calls
                .get(oldest)
                .is_some_and(|(_, since)| is_kept(*since));
            if is_fresh && self.bytes <= MAX_BYTES {
                break;
            }
            if let Some((gone, _)) = self.calls.remove(oldest) {
                self.bytes = self.bytes.saturating_sub(gone.bytes());
            }
            self.order.pop_front();
        }
    }

    pub(super) fn get_mut(&mut self, id: RequestId) -> Option<&mut Remembered> {
        let (call, since) = self.calls.get_mut(&id)?;
        is_kept(*since).then_some(call)
    }
}

fn is_kept(since: Instant) -> bool {
    since.elapsed() <= KEPT
}

/// Cuts a prompt to what the router looks at.
pub(super) fn cut(prompt: &str) -> Box<str> {
    let Some((head, _)) = prompt.char_indices().nth(HEAD) else {
        return prompt.into();
    };
    let tail = prompt.char_indices().rev().nth(TAIL - 1);
    let tail = tail.map_or(head, |(tail, _)| tail.max(head));
    let parts = prompt.get(..head).zip(prompt.get(tail..));
    parts.map_or_else(Box::default, |(head, tail)| {
        format!("{head}\n{tail}").into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ModelId, ProviderName};

    fn call(prompt: &str) -> Remembered {
        Remembered {
            caller: Caller::new("a"),
            target: Target {
                provider: ProviderName::new("openai"),
                model: ModelId::new("m"),
                effort: None,
            },
            task: None,
            prompt: prompt.into(),
            vector: None,
            place: None,
            rated_at: None,
            is_forgotten: false,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_go_when_there_is_no_room_and_all_after_a_day() {
        let mut calls = RememberedCalls::default();
        let long = "x".repeat(10_000);
        for bits in 0..1_000 {
            calls.add(RequestId::from_bits(bits), call(&long));
        }
        assert!(calls.bytes <= MAX_BYTES && calls.bytes > MAX_BYTES - 20_000);
        assert!(calls.get_mut(RequestId::from_bits(0)).is_none());
        assert!(calls.get_mut(RequestId::from_bits(999)).is_some());

        tokio::time::advance(KEPT + Duration::from_secs(1)).await;
        assert!(calls.get_mut(RequestId::from_bits(999)).is_none());
        calls.add(RequestId::from_bits(5_000), call("short"));

        assert_eq!(calls.calls.len(), 1);
        assert_eq!(calls.bytes, FRAME_BYTES + 5);
    }

    #[test]
    fn what_is_long_is_cut_at_characters() {
        assert_eq!(&*cut("short"), "short");
        for text in ["é".repeat(1_501), "é".repeat(1_899), "ab".repeat(5_000)] {
            let cut = cut(&text);

            assert!(cut.chars().count() <= HEAD + TAIL + 1, "{}", cut.len());
        }
    }
}
