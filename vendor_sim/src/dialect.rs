//! What a vendor's module provides, and what it is given.

use axum::body::Bytes;
use http::{HeaderMap, Method, StatusCode};

use crate::bill::Bill;
use crate::clock::Timestamp;
use crate::dice::Dice;

/// One vendor's API.
pub(crate) trait Dialect: Sync {
    /// Where a client's base URL ends: `/openai/v1`.
    fn base_path(&self) -> &'static str;

    /// The largest request body the vendor reads.
    fn max_body_bytes(&self) -> usize;

    /// Answers as the vendor does on a good day: with a completion, or with
    /// the refusal that the request deserves.
    fn answer(&self, call: &Call<'_>) -> Reply;

    /// Writes the vendor's own error for a fault on its side.
    fn trouble(&self, trouble: &Trouble, call: &Call<'_>) -> Reply;
}

/// One request, as far as a dialect looks at it.
pub(crate) struct Call<'a> {
    pub(crate) method: &'a Method,
    /// The path below the vendor's name, from `/v1` on.
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a RequestBody,
    /// How many requests the vendor has received, this one included.
    pub(crate) number: u64,
    pub(crate) seed: u64,
    pub(crate) now: Timestamp,
    /// Tokens a minute of the account's plan, where the vendor counts what is
    /// asked for before it runs.
    pub(crate) tokens_per_minute: u64,
    /// How long a new access token is taken, in seconds.
    pub(crate) token_lifetime_s: u64,
    /// What is odd about the answer, if anything.
    pub(crate) twist: Option<Twist<'a>>,
}

impl Call<'_> {
    /// Returns a source of chance of its own for `purpose`: the same request
    /// of the same run always sees the same numbers.
    pub(crate) fn dice(&self, purpose: &str) -> Dice {
        Dice::new(self.seed, self.number, purpose)
    }

    /// Returns the header's value, or nothing if it is absent or not text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// What came as the request's body.
pub(crate) enum RequestBody {
    /// All of it.
    Complete(Bytes),
    /// More than the vendor reads.
    TooLarge,
    /// The client went away before the end.
    Broken,
}

/// A well-formed answer that is not what a client hopes for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Twist<'a> {
    /// Thinking used up the output limit.
    EmptyLength,
    /// The model declines.
    Refusal,
    /// The prompt is blocked before the model reads it; a vendor without such
    /// an answer declines.
    BlockedPrompt,
    /// This finish reason, whatever the content.
    Finish(&'a str),
    /// A finish reason from next month.
    UnknownFinish,
    /// Members and kinds of content from next month.
    UnknownFields,
    /// No usage at all.
    NoUsage,
    /// A 200 that carries an error: as the body, or in mid-stream.
    ErrorInside200,
}

/// A fault of the vendor that it reports in its own words.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Trouble {
    /// 429; the value of `retry-after`, sent verbatim.
    RateLimited(Option<String>),
    /// The account has no money left.
    QuotaExhausted,
    /// A spending limit set by the customer is reached: 429 without a wait.
    SpendLimit,
    /// The vendor has too much to do.
    Overloaded,
    /// Any other status.
    Status(StatusCode),
}

/// An answer before delivery.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The body's pieces: one for a document, one an event for a stream.
    pub(crate) pieces: Vec<Bytes>,
    /// What the vendor charges for it.
    pub(crate) bill: Option<Bill>,
}

impl Reply {
    /// Returns an answer with a JSON document.
    pub(crate) fn json(status: StatusCode, body: &serde_json::Value) -> Self {
        Self {
            status,
            headers: vec![("content-type", "application/json".to_owned())],
            pieces: vec![Bytes::from(body.to_string())],
            bill: None,
        }
    }

    /// Returns a 200 that is a stream of server-sent events.
    pub(crate) fn events(pieces: Vec<Bytes>) -> Self {
        Self {
            status: StatusCode::OK,
            headers: vec![(
                "content-type",
                "text/event-stream; charset=utf-8".to_owned(),
            )],
            pieces,
            bill: None,
        }
    }

    /// Adds headers.
    pub(crate) fn with(mut self, headers: Vec<(&'static str, String)>) -> Self {
        self.headers.extend(headers);
        self
    }
}
