//! Why a document does not fit, and where.

use std::fmt;

use serde::de::{Error, Expected, Unexpected};

/// A document that does not fit its type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mismatch {
    /// From the document's root to the faulty value, outermost first.
    pub(crate) path: Vec<Step>,
    pub(crate) reason: Reason,
}

/// One step down into a document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    Field(String),
    Index(usize),
    /// Into the variant that a tag has chosen: not a step of the document, but
    /// some vendors name it.
    Variant(String),
}

/// Why a value does not fit.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reason {
    /// The object lacks this member.
    Missing(&'static str),
    /// The object has this member, which does not exist.
    Unknown(String),
    /// The value has another type.
    WrongType { expected: Kind, got: Kind },
    /// The string, or the object's `tag`, is none of the known ones.
    NotOneOf {
        got: String,
        known: &'static [&'static str],
        tag: Option<&'static str>,
    },
    /// Anything else that serde found.
    Other(String),
}

/// A JSON type, as far as messages tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
    /// A string or an array of parts.
    Content,
}

impl Mismatch {
    pub(super) fn new(reason: Reason) -> Self {
        Self {
            path: Vec::new(),
            reason,
        }
    }

    /// Returns the same fault, seen from one step further out.
    pub(crate) fn inside(mut self, step: Step) -> Self {
        self.path.insert(0, step);
        self
    }
}

impl Kind {
    fn of_unexpected(unexpected: &Unexpected<'_>) -> Self {
        match unexpected {
            Unexpected::Bool(_) => Self::Boolean,
            Unexpected::Unsigned(_) | Unexpected::Signed(_) => Self::Integer,
            Unexpected::Float(_) => Self::Number,
            Unexpected::Unit | Unexpected::Option => Self::Null,
            Unexpected::Seq => Self::Array,
            Unexpected::Map => Self::Object,
            _ => Self::String,
        }
    }

    /// Reads serde's own words for what a type wants. A test of each type in
    /// use holds them in place.
    fn of_expected(words: &str) -> Self {
        match words {
            "a boolean" => Self::Boolean,
            "i64" | "u64" => Self::Integer,
            "f64" => Self::Number,
            "a sequence" => Self::Array,
            "a string or an array" => Self::Content,
            "a map" => Self::Object,
            words if words.starts_with("struct ") || words.starts_with("enum ") => Self::Object,
            _ => Self::String,
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {:?}", self.reason, self.path)
    }
}

impl std::error::Error for Mismatch {}

impl Error for Mismatch {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(Reason::Other(message.to_string()))
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(Reason::WrongType {
            expected: Kind::of_expected(&expected.to_string()),
            got: Kind::of_unexpected(&unexpected),
        })
    }

    fn unknown_variant(variant: &str, known: &'static [&'static str]) -> Self {
        Self::new(Reason::NotOneOf {
            got: variant.to_owned(),
            known,
            tag: None,
        })
    }

    fn unknown_field(field: &str, _known: &'static [&'static str]) -> Self {
        Self::new(Reason::Unknown(field.to_owned()))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(Reason::Missing(field))
    }
}
