//! How long a vendor asks us to wait.

use std::time::{Duration, UNIX_EPOCH};

use http::HeaderMap;

/// The longest wait that a header may ask for.
const MAX_WAIT: Duration = Duration::from_secs(15 * 60);

/// Reads the wait off the headers of an answer.
///
/// `retry-after-ms` goes before `retry-after`, in seconds or as a date, which
/// is compared with the vendor's own `date`, so that clocks need not agree;
/// without either, the reset of a rate-limit bucket that is empty. What is
/// negative, zero or unreadable counts as absent, and a date that has passed
/// as no wait. Nothing is longer than 15 minutes.
pub(super) fn asked_for(headers: &HeaderMap) -> Option<Duration> {
    let wait = number(headers, "retry-after-ms")
        .and_then(|value| positive(value / 1e3))
        .or_else(|| number(headers, "retry-after").and_then(positive))
        .or_else(|| until(headers, text(headers, "retry-after")?))
        .or_else(|| empty_bucket(headers))?;
    Some(bounded(wait))
}

/// Reads what the vendor says about asking it again (`x-should-retry`, which
/// the SDKs of OpenAI and Anthropic obey).
pub(super) fn should_retry(headers: &HeaderMap) -> Option<bool> {
    text(headers, "x-should-retry")?.parse().ok()
}

/// Cuts a wait to what is believed.
pub(super) fn bounded(wait: Duration) -> Duration {
    wait.min(MAX_WAIT)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn number(headers: &HeaderMap, name: &str) -> Option<f64> {
    text(headers, name)?.parse().ok()
}

fn positive(seconds: f64) -> Option<Duration> {
    (seconds > 0.0).then(|| Duration::try_from_secs_f64(seconds).unwrap_or(MAX_WAIT))
}

/// Returns the time from the answer's own date to another date.
fn until(headers: &HeaderMap, date: &str) -> Option<Duration> {
    let then = httpdate::parse_http_date(date).ok()?;
    let now = httpdate::parse_http_date(text(headers, "date")?).ok()?;
    Some(then.duration_since(now).unwrap_or(Duration::ZERO))
}

/// Returns the longest reset among the buckets in which nothing is left.
fn empty_bucket(headers: &HeaderMap) -> Option<Duration> {
    let openai = ["requests", "tokens"].map(|bucket| {
        (
            format!("x-ratelimit-remaining-{bucket}"),
            format!("x-ratelimit-reset-{bucket}"),
        )
    });
    let anthropic = ["requests", "tokens", "input-tokens", "output-tokens"].map(|bucket| {
        (
            format!("anthropic-ratelimit-{bucket}-remaining"),
            format!("anthropic-ratelimit-{bucket}-reset"),
        )
    });
    openai
        .into_iter()
        .chain(anthropic)
        .filter(|(left, _)| text(headers, left) == Some("0"))
        .filter_map(|(_, reset)| reset_wait(headers, text(headers, &reset)?))
        .max()
}

fn reset_wait(headers: &HeaderMap, reset: &str) -> Option<Duration> {
    if let Ok(at) = reset.parse::<jiff::Timestamp>() {
        let at = UNIX_EPOCH.checked_add(Duration::try_from(at.as_duration()).ok()?)?;
        let now = httpdate::parse_http_date(text(headers, "date")?).ok()?;
        return at.duration_since(now).ok().filter(|wait| !wait.is_zero());
    }
    span(reset)
}

/// Reads OpenAI's durations: `12ms`, `1s`, `6m0s`, `1h2m3.5s`.
fn span(text: &str) -> Option<Duration> {
    let mut seconds = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|sign: char| !sign.is_ascii_digit() && sign != '.')?;
        let (amount, tail) = rest.split_at(end);
        let units = [("ms", 0.001), ("h", 3600.0), ("m", 60.0), ("s", 1.0)];
        let (unit, factor) = units.into_iter().find(|(unit, _)| tail.starts_with(unit))?;
        seconds += amount.parse::<f64>().ok()? * factor;
        rest = tail.strip_prefix(unit)?;
    }
    positive(seconds)
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn wait(pairs: &[(&str, &str)]) -> Option<f64> {
        let headers = pairs.iter().map(|(name, value)| {
            (
                HeaderName::try_from(*name).unwrap(),
                HeaderValue::try_from(*value).unwrap(),
            )
        });
        asked_for(&headers.collect()).map(|wait| wait.as_secs_f64())
    }

    #[test]
    fn milliseconds_go_before_seconds() {
        assert_eq!(
            wait(&[("retry-after", "3"), ("retry-after-ms", "250.5")]),
            Some(0.2505)
        );
        assert_eq!(wait(&[("retry-after", "1.5")]), Some(1.5));
        assert_eq!(
            wait(&[("retry-after", "5"), ("retry-after-ms", "0")]),
            Some(5.0)
        );
    }

    #[test]
    fn what_makes_no_sense_counts_as_absent() {
        for value in ["0", "-1", "soon", "", "NaN", "-inf"] {
            assert_eq!(wait(&[("retry-after", value)]), None, "{value:?}");
        }
    }

    #[test]
    fn nothing_is_longer_than_a_quarter_of_an_hour() {
        for value in ["901", "1e99", "inf"] {
            assert_eq!(wait(&[("retry-after", value)]), Some(900.0), "{value}");
        }
    }

    #[test]
    fn a_date_is_measured_by_the_vendors_own_clock() {
        let date = ("date", "Wed, 25 Nov 2026 12:00:00 GMT");

        assert_eq!(
            wait(&[date, ("retry-after", "Wed, 25 Nov 2026 12:00:30 GMT")]),
            Some(30.0)
        );
        assert_eq!(
            wait(&[date, ("retry-after", "Wed, 25 Nov 2026 11:00:00 GMT")]),
            Some(0.0)
        );
        assert_eq!(
            wait(&[("retry-after", "Wed, 25 Nov 2026 12:00:30 GMT")]),
            None
        );
    }

    #[test]
    fn an_empty_bucket_says_when_it_is_full_again() {
        let openai = [
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-reset-requests", "1m0.5s"),
            ("x-ratelimit-remaining-tokens", "7"),
            ("x-ratelimit-reset-tokens", "6m0s"),
        ];
        let anthropic = [
            ("date", "Wed, 25 Nov 2026 12:00:00 GMT"),
            ("anthropic-ratelimit-tokens-remaining", "0"),
            ("anthropic-ratelimit-tokens-reset", "2026-11-25T12:00:05Z"),
        ];

        assert_eq!(wait(&openai), Some(60.5));
        assert_eq!(wait(&anthropic), Some(5.0));
        assert_eq!(wait(&openai[2..]), None);
    }

    #[test]
    fn spans_of_all_units_are_read() {
        let seconds = |text| span(text).map(|span| span.as_secs_f64());

        assert_eq!(seconds("12ms"), Some(0.012));
        assert_eq!(seconds("1h2m3s"), Some(3723.0));
        assert_eq!(seconds("s"), None);
        assert_eq!(seconds("5"), None);
        assert_eq!(seconds("1.2.3s"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_header_makes_anyone_wait_for_ever(value in "[ -~]{0,40}", date in "[ -~]{0,40}") {
            for name in ["retry-after", "retry-after-ms", "x-ratelimit-reset-tokens"] {
                let found = wait(&[(name, &value), ("date", &date), ("x-ratelimit-remaining-tokens", "0")]);
                proptest::prop_assert!(found.is_none_or(|seconds| (0.0..=900.0).contains(&seconds)));
            }
        }
    }
}
