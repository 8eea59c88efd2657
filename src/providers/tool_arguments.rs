//! The arguments of a tool call, in the forms that vendors write them.

use serde_json::{Map, Value};

/// Reads arguments: an object, or a string that holds one; an empty string
/// stands for no arguments. `None` for anything else.
pub(super) fn read(arguments: Option<Value>) -> Option<Value> {
    match arguments {
        None | Some(Value::Null) => Some(Value::Object(Map::new())),
        Some(object @ Value::Object(_)) => Some(object),
        Some(Value::String(text)) if text.trim().is_empty() => Some(Value::Object(Map::new())),
        Some(Value::String(text)) => {
            let value: Option<Value> = serde_json::from_str(&text).ok();
            value.filter(Value::is_object)
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_form_of_an_object_is_read() {
        let one = Some(json!({"a": 1}));

        assert_eq!(read(one.clone()), one);
        assert_eq!(read(Some(json!(" {\"a\": 1}"))), one);
        for nothing in [None, Some(json!(null)), Some(json!("")), Some(json!("{}"))] {
            assert_eq!(read(nothing), Some(json!({})));
        }
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for odd in [
            json!("{\"a\":"),
            json!("[1]"),
            json!("5"),
            json!(5),
            json!([1]),
        ] {
            assert_eq!(read(Some(odd.clone())), None, "{odd}");
        }
    }
}
