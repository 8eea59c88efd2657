//! The ways in which a vendor misbehaves.

use std::fmt;
use std::str::FromStr;

use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::delivery::{ConnectionFault, Ending};
use crate::dialect::{Trouble, Twist};

mod parse;

pub use parse::ParseFaultError;

/// What goes wrong with one request.
///
/// In JSON: `"hang"`, `{"slow": {"ms": 500}}`. As a word: `hang`, `slow:500`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Nothing: answers this request well, even under a standing fault.
    Healthy,
    /// Refuses connections. Over a socket, where the vendor is known only
    /// from the request, closes the connection without a byte.
    Down,
    /// Resets the connection without an answer.
    Reset,
    /// Accepts the request and never answers.
    Hang,
    /// Sends the first byte late.
    Slow {
        /// How late.
        ms: u64,
    },
    /// Sends one byte of the body at a time.
    Drip {
        /// The pause between bytes.
        gap_ms: u64,
    },
    /// Starts the body and never goes on.
    Stall {
        /// Bytes sent before the silence.
        after_bytes: usize,
    },
    /// Ends the body early and cleanly: nothing but the missing rest tells.
    CutBody {
        /// Bytes sent before the end.
        after_bytes: usize,
    },
    /// Announces the whole body's length, then closes the connection early.
    ShortBody {
        /// Bytes sent before the end.
        after_bytes: usize,
    },
    /// Resets the connection within the body.
    ResetBody {
        /// Bytes sent before the reset.
        after_bytes: usize,
    },
    /// 429 with the vendor's body and limit headers.
    RateLimited {
        /// The value of `retry-after`, sent as it is; no header if absent.
        /// Google has no such header and tells it as `retryDelay`.
        #[serde(default)]
        retry_after: Option<String>,
    },
    /// Says that the account has no money left.
    QuotaExhausted,
    /// Says, under 429 and without a wait, that a spending limit is reached.
    SpendLimit,
    /// Says that there is too much to do, in the vendor's own way: 503, 529, 498 or 429.
    Overloaded,
    /// Any status with the vendor's error body for it.
    Status {
        /// From 400 to 599.
        status: u16,
    },
    /// A proxy's HTML page.
    HtmlError {
        /// Its status; 200 is possible.
        status: u16,
    },
    /// 200 without a body.
    EmptyBody,
    /// 200 with bytes that are not JSON.
    Garbage,
    /// 200 with a body that goes on and on.
    Huge {
        /// Its length.
        bytes: u64,
    },
    /// 200 with a document of arrays within arrays.
    Deep {
        /// How many.
        levels: usize,
    },
    /// 200 with the members that all vendors have, of the wrong types.
    WrongTypes,
    /// 200 with a stream whose first line goes on and on.
    EndlessLine {
        /// Its length.
        bytes: u64,
    },
    /// 200 whose body is the vendor's error, or a stream that breaks off with
    /// one.
    ErrorInside200,
    /// 200, all output spent on thinking: no text, finish reason `length`.
    EmptyLength,
    /// 200, the model declines.
    Refusal,
    /// 200, the prompt is blocked: no answer at all, where the vendor has that.
    /// Elsewhere the same as [`Fault::Refusal`].
    BlockedPrompt,
    /// 200 with a finish reason of choice and the usual content.
    Finish {
        /// In the vendor's own spelling, sent as it is.
        reason: String,
    },
    /// 200 with a finish reason that nobody has heard of.
    UnknownFinish,
    /// 200 with members and kinds of content that nobody has heard of.
    UnknownFields,
    /// 200 without usage.
    NoUsage,
}

/// Where a fault takes hold.
pub(crate) enum Effect<'a> {
    /// None: the answer goes out as it is.
    None,
    /// The connection, before any answer.
    Connection(ConnectionFault),
    /// Silence.
    Hang,
    /// The way that a good answer goes out.
    Delivery(Ending),
    /// The vendor's own error takes the answer's place.
    Trouble(Trouble),
    /// Something that no vendor wrote takes the answer's place.
    Foreign(Foreign),
    /// The answer's content.
    Twist(Twist<'a>),
}

/// An answer that is the same whoever the vendor is.
pub(crate) enum Foreign {
    Html(StatusCode),
    Empty,
    Garbage,
    Huge(u64),
    Deep(usize),
    WrongTypes,
    EndlessLine(u64),
}

impl Fault {
    /// Returns the fault's name, without its values.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Down => "down",
            Self::Reset => "reset",
            Self::Hang => "hang",
            Self::Slow { .. } => "slow",
            Self::Drip { .. } => "drip",
            Self::Stall { .. } => "stall",
            Self::CutBody { .. } => "cut_body",
            Self::ShortBody { .. } => "short_body",
            Self::ResetBody { .. } => "reset_body",
            Self::RateLimited { .. } => "rate_limited",
            Self::QuotaExhausted => "quota_exhausted",
            Self::SpendLimit => "spend_limit",
            Self::Overloaded => "overloaded",
            Self::Status { .. } => "status",
            Self::HtmlError { .. } => "html_error",
            Self::EmptyBody => "empty_body",
            Self::Garbage => "garbage",
            Self::Huge { .. } => "huge",
            Self::Deep { .. } => "deep",
            Self::WrongTypes => "wrong_types",
            Self::EndlessLine { .. } => "endless_line",
            Self::ErrorInside200 => "error_inside200",
            Self::EmptyLength => "empty_length",
            Self::Refusal => "refusal",
            Self::BlockedPrompt => "blocked_prompt",
            Self::Finish { .. } => "finish",
            Self::UnknownFinish => "unknown_finish",
            Self::UnknownFields => "unknown_fields",
            Self::NoUsage => "no_usage",
        }
    }

    pub(crate) fn effect(&self) -> Effect<'_> {
        match *self {
            Self::Healthy => Effect::None,
            Self::Down => Effect::Connection(ConnectionFault::Refused),
            Self::Reset => Effect::Connection(ConnectionFault::Reset),
            Self::Hang => Effect::Hang,
            Self::Slow { ms } => Effect::Delivery(Ending::Late { ms }),
            Self::Drip { gap_ms } => Effect::Delivery(Ending::Drip { gap_ms }),
            Self::Stall { after_bytes } => Effect::Delivery(Ending::Stall { after_bytes }),
            Self::CutBody { after_bytes } => Effect::Delivery(Ending::Cut { after_bytes }),
            Self::ShortBody { after_bytes } => Effect::Delivery(Ending::Short { after_bytes }),
            Self::ResetBody { after_bytes } => Effect::Delivery(Ending::Reset { after_bytes }),
            Self::RateLimited { ref retry_after } => {
                Effect::Trouble(Trouble::RateLimited(retry_after.clone()))
            }
            Self::QuotaExhausted => Effect::Trouble(Trouble::QuotaExhausted),
            Self::SpendLimit => Effect::Trouble(Trouble::SpendLimit),
            Self::Overloaded => Effect::Trouble(Trouble::Overloaded),
            Self::Status { status } => Effect::Trouble(Trouble::Status(status_code(status))),
            Self::HtmlError { status } => Effect::Foreign(Foreign::Html(status_code(status))),
            Self::EmptyBody => Effect::Foreign(Foreign::Empty),
            Self::Garbage => Effect::Foreign(Foreign::Garbage),
            Self::Huge { bytes } => Effect::Foreign(Foreign::Huge(bytes)),
            Self::Deep { levels } => Effect::Foreign(Foreign::Deep(levels)),
            Self::WrongTypes => Effect::Foreign(Foreign::WrongTypes),
            Self::EndlessLine { bytes } => Effect::Foreign(Foreign::EndlessLine(bytes)),
            Self::ErrorInside200 => Effect::Twist(Twist::ErrorInside200),
            Self::EmptyLength => Effect::Twist(Twist::EmptyLength),
            Self::Refusal => Effect::Twist(Twist::Refusal),
            Self::BlockedPrompt => Effect::Twist(Twist::BlockedPrompt),
            Self::Finish { ref reason } => Effect::Twist(Twist::Finish(reason)),
            Self::UnknownFinish => Effect::Twist(Twist::UnknownFinish),
            Self::UnknownFields => Effect::Twist(Twist::UnknownFields),
            Self::NoUsage => Effect::Twist(Twist::NoUsage),
        }
    }
}

/// Returns the status, or 500 for a number that is none.
fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self {
            Self::Slow { ms } => write!(f, "{name}:{ms}"),
            Self::Drip { gap_ms } => write!(f, "{name}:{gap_ms}"),
            Self::Stall { after_bytes }
            | Self::CutBody { after_bytes }
            | Self::ShortBody { after_bytes }
            | Self::ResetBody { after_bytes } => write!(f, "{name}:{after_bytes}"),
            Self::RateLimited {
                retry_after: Some(value),
            } => write!(f, "{name}:{value}"),
            Self::Status { status } | Self::HtmlError { status } => write!(f, "{name}:{status}"),
            Self::Huge { bytes } | Self::EndlessLine { bytes } => write!(f, "{name}:{bytes}"),
            Self::Deep { levels } => write!(f, "{name}:{levels}"),
            Self::Finish { reason } => write!(f, "{name}:{reason}"),
            _ => f.write_str(name),
        }
    }
}

impl FromStr for Fault {
    type Err = ParseFaultError;

    fn from_str(word: &str) -> Result<Self, ParseFaultError> {
        parse::parse(word)
    }
}
