//! JSON schemas as clients can bear them.

use std::sync::Arc;

use rmcp::model::JsonObject;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::error::ErrorReport;

/// Returns the schema of a tool's arguments.
pub(super) fn input<T: JsonSchema>() -> Arc<JsonObject> {
    Arc::new(object::<T>())
}

/// Returns the schema of a tool's answer. It admits the contract's error in
/// place of the answer, so no property is required.
pub(super) fn output<T: JsonSchema>() -> Arc<JsonObject> {
    let mut schema = object::<T>();
    schema.remove("required");
    let error = Value::Object(object::<ErrorReport>());
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert("error".to_owned(), error);
    }
    Arc::new(schema)
}

/// Writes a schema without references, and without what only costs tokens.
fn object<T: JsonSchema>() -> JsonObject {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let schema = settings.into_generator().into_root_schema_for::<T>();
    let mut schema = Value::from(schema);
    tidy(&mut schema);
    match schema {
        Value::Object(mut schema) => {
            schema.remove("$schema");
            schema.insert("type".to_owned(), json!("object"));
            schema
        }
        _ => JsonObject::new(),
    }
}

fn tidy(node: &mut Value) {
    match node {
        Value::Object(members) => {
            // Ajv warns about every format of Rust's integers.
            if members.get("format").is_some_and(is_foreign_format) {
                members.remove("format");
            }
            // A property may be called `title`; a title is a string.
            if members.get("title").is_some_and(Value::is_string) {
                members.remove("title");
            }
            members.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

fn is_foreign_format(format: &Value) -> bool {
    let known = ["int32", "int64", "float", "double"];
    let is_number = |name: &str| name.starts_with("uint") || name.starts_with("int");
    format
        .as_str()
        .is_some_and(|name| is_number(name) && !known.contains(&name))
}
