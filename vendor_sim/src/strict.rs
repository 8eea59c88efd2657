//! Reads JSON into serde types, and says exactly where and why it fails.
//!
//! serde_json's own errors are text, and inside tagged enums they lose the
//! path. The vendors name both the member and the fault, so this reader keeps
//! them apart for the dialects to put into words. It walks a parsed document
//! and follows two conventions:
//!
//! - An enum whose serde name is lower case (`#[serde(rename = "type")]`) is
//!   an object that the member of that name tells apart; the variant's content
//!   is the object's other members. Any other enum is a string.
//! - [`present`] on an optional member refuses `null`.

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::Value;

mod content;
mod mismatch;
mod object;
mod reader;

pub(crate) use content::Content;
pub(crate) use mismatch::{Kind, Mismatch, Reason, Step};
pub(crate) use object::Object;

use reader::Reader;

/// Reads `value` as a `T`.
pub(crate) fn read<T: DeserializeOwned>(value: &Value) -> Result<T, Mismatch> {
    T::deserialize(Reader::new(value))
}

/// Reads the member `field` of a document as a `T`.
pub(crate) fn read_member<T: DeserializeOwned>(field: &str, value: &Value) -> Result<T, Mismatch> {
    read(value).map_err(|mismatch| mismatch.inside(Step::Field(field.to_owned())))
}

/// Reads a member that may be absent but not `null`.
pub(crate) fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Order {
        id: String,
        #[serde(default, deserialize_with = "present")]
        count: Option<i64>,
        parts: Option<Content<Part>>,
        size: Option<Size>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename = "type", rename_all = "snake_case")]
    enum Part {
        Text(Text),
        Gap,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Text {
        text: String,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Size {
        Small,
        Large,
    }

    fn failure(value: Value) -> (String, Reason) {
        let mismatch = read::<Order>(&value).unwrap_err();
        let path = mismatch.path.iter().map(|step| match step {
            Step::Field(name) => format!(".{name}"),
            Step::Index(index) => format!("[{index}]"),
            Step::Variant(name) => format!("<{name}>"),
        });
        (path.collect(), mismatch.reason)
    }

    #[test]
    fn a_fitting_document_is_read() {
        let value = json!({"id": "a", "size": "large", "parts": [
            {"type": "text", "text": "hello"}, {"type": "gap"}]});

        let order: Order = read(&value).unwrap();

        let parts = vec![
            Part::Text(Text {
                text: "hello".to_owned(),
            }),
            Part::Gap,
        ];
        assert_eq!(order.parts, Some(Content::Parts(parts)));
        assert_eq!(order.size, Some(Size::Large));
    }

    #[test]
    fn a_failure_names_its_place_and_reason() {
        let wrong = |expected, got| Reason::WrongType { expected, got };
        let unknown = |name: &str| Reason::Unknown(name.to_owned());
        let cases = [
            (json!({}), "", Reason::Missing("id")),
            (json!({"id": "a", "x": 1}), "", unknown("x")),
            (json!({"id": 1}), ".id", wrong(Kind::String, Kind::Integer)),
            (
                json!({"id": "a", "count": null}),
                ".count",
                wrong(Kind::Integer, Kind::Null),
            ),
            (
                json!({"id": "a", "count": 1.5}),
                ".count",
                wrong(Kind::Integer, Kind::Number),
            ),
            (json!([]), "", wrong(Kind::Object, Kind::Array)),
            (
                json!({"id": "a", "parts": 1}),
                ".parts",
                wrong(Kind::Content, Kind::Integer),
            ),
            (
                json!({"id": "a", "parts": [1]}),
                ".parts[0]",
                wrong(Kind::Object, Kind::Integer),
            ),
            (
                json!({"id": "a", "parts": [{}]}),
                ".parts[0]",
                Reason::Missing("type"),
            ),
            (
                json!({"id": "a", "parts": [{"type": "gap", "x": 1}]}),
                ".parts[0]<gap>",
                unknown("x"),
            ),
            (
                json!({"id": "a", "parts": [{"type": "text", "text": "b", "y": 2}]}),
                ".parts[0]<text>",
                unknown("y"),
            ),
            (
                json!({"id": "a", "parts": [{"type": "z"}]}),
                ".parts[0]",
                Reason::NotOneOf {
                    got: "z".to_owned(),
                    known: &["text", "gap"],
                    tag: Some("type"),
                },
            ),
            (
                json!({"id": "a", "size": "huge"}),
                ".size",
                Reason::NotOneOf {
                    got: "huge".to_owned(),
                    known: &["small", "large"],
                    tag: None,
                },
            ),
        ];

        for (value, path, reason) in cases {
            assert_eq!(failure(value.clone()), (path.to_owned(), reason), "{value}");
        }
    }
}
