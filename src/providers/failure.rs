//! What the failure of a vendor means, as far as it is the same for all.

use std::time::Duration;

use http::StatusCode;

use super::exchange::Reply;
use super::wait;
use crate::domain::{FinishReason, ProviderError, ProviderErrorKind, Secret, TimeoutPhase, Usage};

/// The longest message that is passed on, in characters.
const MAX_MESSAGE_CHARS: usize = 300;
/// As many bytes of a key give it away.
const KEY_PIECE_BYTES: usize = 8;
/// A key shorter than this is no secret but a word like `test`.
const LEAST_KEY_BYTES: usize = 5;
/// How the secrets of vendors begin.
const KEY_SHAPES: [&str; 5] = ["sk-", "gsk_", "AIza", "ya29.", "eyJ"];

/// What an error body says, in no vendor's form.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    /// The kind, by the vendor's own words.
    pub(super) kind: Option<ProviderErrorKind>,
    /// What a person may read.
    pub(super) message: Option<String>,
    /// How long the vendor asks us to wait, where the body says so.
    pub(super) wait: Option<Duration>,
}

/// Makes the error of a reply that is no success.
///
/// The body's own code goes before the status; a server error stays one,
/// whatever its text says.
pub(super) fn of_reply(reply: &Reply, words: Words) -> ProviderError {
    let kind = words.kind.unwrap_or_else(|| by_status(reply.status));
    let message = match words.message {
        Some(message) if !message.trim().is_empty() => message,
        _ => format!("status {} without a message", reply.status.as_u16()),
    };
    let mut error = ProviderError::new(kind, presentable(&message, reply.key.as_ref()));
    error.status = Some(reply.status.as_u16());
    error.may_be_billed = matches!(kind, ProviderErrorKind::Timeout(_));
    error.should_retry = wait::should_retry(&reply.headers);
    if may_heal(kind) {
        let asked = words.wait.map(wait::bounded);
        error.retry_after = asked.or_else(|| wait::asked_for(&reply.headers));
    }
    error
}

/// Makes the error of a success that is not one: an answer that cannot be
/// understood, or that says nothing.
pub(super) fn broken(reply: &Reply, message: impl AsRef<str>) -> ProviderError {
    let message = presentable(message.as_ref(), reply.key.as_ref());
    let mut error = ProviderError::new(ProviderErrorKind::Broken, message);
    error.status = Some(reply.status.as_u16());
    error.may_be_billed = true;
    error
}

/// Makes the error that a reply of status 200 carries inside.
pub(super) fn inside_success(reply: &Reply, words: Words, usage: Option<Usage>) -> ProviderError {
    let kind = words.kind.unwrap_or(ProviderErrorKind::Broken);
    let message = words.message.unwrap_or_default();
    let mut error = broken(reply, format!("an error inside a success: {message}"));
    error.kind = kind;
    error.usage = usage;
    error
}

/// Makes the error of an answer without visible text.
pub(super) fn empty(reply: &Reply, usage: Option<Usage>) -> ProviderError {
    let mut error = broken(reply, "the answer is empty");
    error.usage = usage;
    error
}

/// Makes the error of an answer that hidden thinking left no room for; the
/// vendor bills it all the same.
pub(super) fn starved(reply: &Reply, usage: Option<Usage>) -> ProviderError {
    let message = "the output limit was used up before any text; \
                   raise max_tokens or lower reasoning_effort";
    let mut error = broken(reply, message);
    error.usage = usage;
    error
}

/// Makes the error of a tool call that cannot be carried out.
pub(super) fn garbled_call(reply: &Reply, usage: Option<Usage>) -> ProviderError {
    let mut error = broken(reply, "the arguments of a tool call are no JSON object");
    error.usage = usage;
    error
}

/// Makes the error of an answer without visible text that ended for
/// `finish`.
pub(super) fn textless(reply: &Reply, finish: FinishReason, usage: Option<Usage>) -> ProviderError {
    if finish == FinishReason::Length {
        starved(reply, usage)
    } else {
        empty(reply, usage)
    }
}

/// Makes the error of an answer that does not say why it ended.
pub(super) fn unfinished(reply: &Reply, usage: Option<Usage>) -> ProviderError {
    let mut error = broken(reply, "the answer has no finish reason");
    error.usage = usage;
    error
}

/// Makes the error of an answer that the vendor itself gave up.
pub(super) fn given_up(reply: &Reply, usage: Option<Usage>) -> ProviderError {
    let mut error = broken(reply, "the vendor ended the answer with an error");
    error.usage = usage;
    error
}

/// Makes the error of a request that cannot be put on the wire.
pub(super) fn unsendable(message: impl AsRef<str>) -> ProviderError {
    ProviderError::new(
        ProviderErrorKind::InvalidRequest,
        presentable(message.as_ref(), None),
    )
}

/// Tells what a status means when the body does not say.
pub(super) fn by_status(status: StatusCode) -> ProviderErrorKind {
    match status.as_u16() {
        401 => ProviderErrorKind::Unauthorized,
        // The key is known, and may not do this: another model it may.
        403 => ProviderErrorKind::ModelUnavailable,
        402 => ProviderErrorKind::QuotaExhausted,
        404 => ProviderErrorKind::ModelUnavailable,
        408 | 504 => ProviderErrorKind::Timeout(TimeoutPhase::Vendor),
        409 => ProviderErrorKind::Server,
        413 => ProviderErrorKind::ContextLength,
        429 => ProviderErrorKind::RateLimited,
        498 | 503 | 529 => ProviderErrorKind::Overloaded,
        400..=499 => ProviderErrorKind::InvalidRequest,
        500..=599 => ProviderErrorKind::Server,
        _ => ProviderErrorKind::Broken,
    }
}

/// Shortens a vendor's words, drops control characters, and takes out what
/// looks like a key or a piece of `key`: vendors repeat keys in refusals,
/// whole or masked in part.
pub(super) fn presentable(text: &str, key: Option<&Secret>) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        if has_key_shape(word) || key.is_some_and(|key| has_piece(word, key.expose())) {
            line.push_str("***");
        } else {
            line.extend(word.chars().filter(|letter| !letter.is_control()));
        }
        if line.len() > MAX_MESSAGE_CHARS * 4 {
            break;
        }
    }
    match line.char_indices().nth(MAX_MESSAGE_CHARS) {
        None => line,
        Some((end, _)) => {
            line.truncate(end);
            line.push('…');
            line
        }
    }
}

/// Tells whether a word holds the beginning of a key, or all of a short one.
fn has_piece(word: &str, key: &str) -> bool {
    let piece = key.get(..KEY_PIECE_BYTES).unwrap_or(key);
    piece.len() >= LEAST_KEY_BYTES && word.contains(piece)
}

fn has_key_shape(word: &str) -> bool {
    KEY_SHAPES.iter().any(|shape| {
        word.match_indices(shape).any(|(at, _)| {
            // `task-based` is no key.
            let before = word.get(..at).and_then(|head| head.chars().next_back());
            !before.is_some_and(char::is_alphanumeric)
        })
    })
}

const fn may_heal(kind: ProviderErrorKind) -> bool {
    matches!(
        kind,
        ProviderErrorKind::RateLimited | ProviderErrorKind::Overloaded | ProviderErrorKind::Server
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_a_vendors_words_are_masked_whole() {
        let text = "Incorrect API key provided: sk-proj-abc***xyz. Task-based\nkeys (AIzaSyA1)";

        assert_eq!(
            presentable(text, None),
            "Incorrect API key provided: *** Task-based keys ***"
        );
    }

    #[test]
    fn a_key_is_masked_wherever_it_is_cut() {
        let key = Secret::new("zq-secret-4711-abcdef");
        let far = format!("{} zq-secret-4711-abcdef is wrong", "x".repeat(290));
        let masked = "bad key (zq-secret-47****), or 'zq-secret-4711-abcdef'";

        assert!(!presentable(&far, Some(&key)).contains("zq-"));
        assert_eq!(presentable(masked, Some(&key)), "bad key *** or ***");
        assert_eq!(presentable("a test", Some(&Secret::new("test"))), "a test");
    }

    #[test]
    fn no_control_character_reaches_a_log() {
        assert_eq!(presentable("a\u{1b}[31mb\u{7}\r\nc\0", None), "a[31mb c");
    }

    #[test]
    fn long_words_are_cut_at_a_character() {
        let cut = presentable(&"é".repeat(5_000), None);

        assert_eq!(cut.chars().count(), 301);
        assert!(cut.ends_with('…'));
    }

    #[test]
    fn a_redirect_is_no_answer() {
        assert_eq!(by_status(StatusCode::FOUND), ProviderErrorKind::Broken);
    }
}
