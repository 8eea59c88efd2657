//! Which rows of the roll-ups cover a span of time.

use std::time::Duration;

use jiff::Timestamp;

use super::rollup::Grain;

/// How long rows of minutes answer questions. They are kept an hour longer.
const MINUTES_ANSWER: Duration = Duration::from_hours(48);
/// How long rows of hours answer questions. They are kept a day longer.
const HOURS_ANSWER: Duration = Duration::from_hours(40 * 24);

/// Rows of one grain, by when they start, in seconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// How long each row's span is.
    pub grain: Grain,
    /// From this start on.
    pub from: i64,
    /// Until before this start.
    pub to: i64,
}

/// The most spans that [`spans`] returns.
pub const MAX_SPANS: usize = 5;

/// Covers `from..to` with as few rows as there can be: whole days, and edges
/// of hours and minutes.
///
/// Both ends are widened to the minute, further back than two days to the
/// hour, and further back than forty days to the day of UTC: finer rows are
/// kept no longer. Empty if `to` is not behind `from`.
pub fn spans(from: Timestamp, to: Timestamp, now: Timestamp) -> Vec<Span> {
    let (from, to, now) = (from.as_second(), second_after(to), now.as_second());
    let from = finest_at(from, now).start(from);
    let to = end(finest_at(to, now), to);
    let mut spans = Vec::with_capacity(MAX_SPANS);
    if from < to {
        cover(
            from,
            to,
            &[Grain::Day, Grain::Hour, Grain::Minute],
            &mut spans,
        );
    }
    spans
}

/// Returns the start before which rows of a grain are not needed any more;
/// `None` for days, which are kept for ever.
pub fn needless_before(grain: Grain, now: Timestamp) -> Option<i64> {
    let cut = match grain {
        Grain::Minute => Grain::Hour.start(seconds_before(now, MINUTES_ANSWER)) - 3_600,
        Grain::Hour => Grain::Day.start(seconds_before(now, HOURS_ANSWER)) - 86_400,
        Grain::Day => return None,
    };
    Some(cut)
}

fn cover(from: i64, to: i64, grains: &[Grain], spans: &mut Vec<Span>) {
    let Some((&grain, finer)) = grains.split_first() else {
        return;
    };
    let (first, last) = (end(grain, from), grain.start(to));
    if first >= last {
        return cover(from, to, finer, spans);
    }
    if from < first {
        cover(from, first, finer, spans);
    }
    spans.push(Span {
        grain,
        from: first,
        to: last,
    });
    if last < to {
        cover(last, to, finer, spans);
    }
}

fn finest_at(second: i64, now: i64) -> Grain {
    let age = |answer: Duration| now.saturating_sub(answer.as_secs().cast_signed());
    if second < Grain::Day.start(age(HOURS_ANSWER)) {
        Grain::Day
    } else if second < Grain::Hour.start(age(MINUTES_ANSWER)) {
        Grain::Hour
    } else {
        Grain::Minute
    }
}

/// Rounds up to a grain's next start, unless it is one.
const fn end(grain: Grain, second: i64) -> i64 {
    grain.start(second.saturating_add(grain.seconds() - 1))
}

fn second_after(to: Timestamp) -> i64 {
    to.as_second() + i64::from(to.subsec_nanosecond() > 0)
}

fn seconds_before(now: Timestamp, duration: Duration) -> i64 {
    now.as_second()
        .saturating_sub(duration.as_secs().cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn thirty_days_are_whole_days_and_edges() {
        let now = at("2026-11-22T10:20:30Z");
        let from = at("2026-10-23T10:20:30Z");

        let spans = spans(from, now, now);

        let rows: Vec<_> = spans
            .iter()
            .map(|span| (span.grain, (span.to - span.from) / span.grain.seconds()))
            .collect();
        assert_eq!(
            rows,
            [
                (Grain::Hour, 14),
                (Grain::Day, 29),
                (Grain::Hour, 10),
                (Grain::Minute, 21),
            ]
        );
    }

    #[test]
    fn spans_join_without_gap_or_overlap() {
        let now = at("2026-11-22T10:20:30Z");
        for minutes in (0..80_000).step_by(37) {
            let from = now - Duration::from_secs(60 * minutes);
            for length in [1, 59, 61, 1_439, 1_441, 50_000] {
                let to = now.min(from + Duration::from_secs(60 * length));
                let spans = spans(from, to, now);
                if from < to {
                    assert!(spans.len() <= MAX_SPANS);
                    assert!(spans[0].from <= from.as_second());
                    assert!(spans[spans.len() - 1].to >= to.as_second());
                }
                for pair in spans.windows(2) {
                    assert_eq!(pair[0].to, pair[1].from);
                }
                for span in spans {
                    assert!(span.from < span.to);
                    assert_eq!(span.grain.start(span.from), span.from);
                    assert_eq!(span.grain.start(span.to), span.to);
                    let needless = needless_before(span.grain, now);
                    assert!(needless.is_none_or(|before| span.from >= before));
                }
            }
        }
    }
}
