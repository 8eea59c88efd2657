//! Protocol buffers in JSON, as Google's servers read them.
//!
//! A request is checked against tables of its messages, which keeps the rules
//! of the encoding in one place: both spellings of a name, `null` for what is
//! absent, numbers in strings, one element in place of a list. What comes out
//! has one spelling only, lowerCamelCase, and every fault is told at once with
//! its path, as the real servers do.

use serde_json::{Map, Value};

use super::api::Api;

mod content;
mod generation;
mod read;
mod request;
mod scalar;

pub(super) use request::{COUNT_TOKENS, GENERATE_CONTENT};

/// A message type.
pub(super) struct Message {
    name: &'static str,
    fields: &'static [Field],
}

/// A field of a message.
struct Field {
    /// The name in lowerCamelCase.
    name: &'static str,
    kind: Kind,
    repeated: bool,
    /// The group of which only one field may be set.
    oneof: Option<&'static str>,
    only: Option<Service>,
}

/// The one service that knows a field.
#[derive(Clone, Copy, PartialEq)]
enum Service {
    Gemini,
    Vertex,
}

/// What a field holds.
#[derive(Clone, Copy)]
enum Kind {
    Bool,
    Int32,
    Int64,
    Float,
    Text,
    Bytes,
    Enum(&'static str, &'static [&'static str]),
    Message(&'static Message),
    /// Names of the caller's choice, each with a message.
    MapOf(&'static Message),
    /// Names of the caller's choice, each with a text.
    Labels,
    /// An object that is the caller's own.
    Struct,
    /// Anything.
    Any,
}

const fn one(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        repeated: false,
        oneof: None,
        only: None,
    }
}

const fn many(name: &'static str, kind: Kind) -> Field {
    Field {
        repeated: true,
        ..one(name, kind)
    }
}

const fn either(oneof: &'static str, name: &'static str, kind: Kind) -> Field {
    Field {
        oneof: Some(oneof),
        ..one(name, kind)
    }
}

const fn only(service: Service, field: Field) -> Field {
    Field {
        only: Some(service),
        ..field
    }
}

/// A fault of a document.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Violation {
    /// The path in snake_case: `contents[0].parts[1].text`.
    pub(super) field: String,
    pub(super) description: String,
}

/// Reads `document` as `message` and returns it in canonical spelling.
///
/// # Errors
///
/// Every fault of the document, in its order.
pub(super) fn read(
    message: &'static Message,
    document: &Map<String, Value>,
    api: Api,
) -> Result<Value, Vec<Violation>> {
    read::document(message, document, api)
}
