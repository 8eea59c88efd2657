//! The smallest document that fits a JSON schema.

use serde_json::{Map, Value, json};

/// How deep a schema is followed. Chosen: schemas may refer to themselves.
const MAX_DEPTH: usize = 16;

/// Returns a small instance of `schema`, with every property filled in.
///
/// Knows the keywords that structured output allows: `type`, `enum`, `const`,
/// `anyOf`, `properties`, `items`, `minItems`, `minimum` and local `$ref`s.
pub(crate) fn instance(schema: &Value) -> Value {
    Generator { root: schema }.value(schema, 0)
}

struct Generator<'a> {
    root: &'a Value,
}

impl Generator<'_> {
    fn value(&self, schema: &Value, depth: usize) -> Value {
        if depth > MAX_DEPTH {
            return Value::Null;
        }
        let first = |keyword: &str| schema.get(keyword).and_then(|list| list.get(0));
        if let Some(value) = schema.get("const").or_else(|| first("enum")) {
            return value.clone();
        }
        let elsewhere = schema
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|reference| self.root.pointer(reference.strip_prefix('#')?));
        if let Some(other) = elsewhere
            .or_else(|| first("anyOf"))
            .or_else(|| first("oneOf"))
        {
            return self.value(other, depth + 1);
        }
        match type_name(schema) {
            "object" => self.object(schema, depth),
            "array" => self.array(schema, depth),
            "integer" | "number" => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
            "boolean" => json!(true),
            "null" => Value::Null,
            _ => json!("simulated"),
        }
    }

    fn object(&self, schema: &Value, depth: usize) -> Value {
        let properties = schema.get("properties").and_then(Value::as_object);
        let filled = properties.into_iter().flatten();
        let members: Map<_, _> = filled
            .map(|(name, property)| (name.clone(), self.value(property, depth + 1)))
            .collect();
        Value::Object(members)
    }

    fn array(&self, schema: &Value, depth: usize) -> Value {
        let least = schema
            .get("minItems")
            .and_then(Value::as_u64)
            .unwrap_or(1)
            .min(100);
        let element = schema
            .get("items")
            .map(|items| self.value(items, depth + 1));
        let elements = element
            .into_iter()
            .cycle()
            .take(usize::try_from(least).unwrap_or(1));
        Value::Array(elements.collect())
    }
}

fn type_name(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(name)) => name,
        Some(Value::Array(names)) => names.first().and_then(Value::as_str).unwrap_or_default(),
        _ if schema.get("properties").is_some() => "object",
        _ => "",
    }
}

/// Returns what a strict schema must have and this one has not: closed objects
/// that require every property.
pub(crate) fn strict_problem(schema: &Value) -> Option<&'static str> {
    match schema {
        Value::Object(object) => {
            if let Some(properties) = object.get("properties").and_then(Value::as_object) {
                if object.get("additionalProperties") != Some(&Value::Bool(false)) {
                    return Some(
                        "'additionalProperties' is required to be supplied and to be false.",
                    );
                }
                let required = object.get("required").and_then(Value::as_array);
                let lists = |name: &String| {
                    required.is_some_and(|list| list.iter().any(|entry| entry == name))
                };
                if !properties.keys().all(lists) {
                    return Some(
                        "'required' is required to be supplied and to be an array including every \
                         key in properties.",
                    );
                }
            }
            object.values().find_map(strict_problem)
        }
        Value::Array(values) => values.iter().find_map(strict_problem),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_keyword_in_use_is_followed() {
        let schema = json!({
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "age": {"type": "integer", "minimum": 18},
                "kind": {"enum": ["a", "b"]},
                "tags": {"type": "array", "minItems": 2, "items": {"type": ["boolean", "null"]}},
                "child": {"$ref": "#/$defs/child"},
                "either": {"anyOf": [{"type": "null"}, {"type": "string"}]},
            },
            "$defs": {"child": {"properties": {"self": {"const": 7}}}},
        });

        let expected = json!({
            "name": "simulated", "age": 18, "kind": "a", "tags": [true, true],
            "child": {"self": 7}, "either": null,
        });
        assert_eq!(instance(&schema), expected);
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let schema = json!({"properties": {"next": {"$ref": "#"}}});

        assert!(instance(&schema).is_object());
    }
}
