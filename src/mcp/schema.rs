//! JSON schemas as clients can bear them: every host puts them into its
//! model's context, so each byte costs every user tokens.

use std::sync::Arc;

use rmcp::model::JsonObject;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// How deep an answer is spelled out; what lies below is just an object.
const MAX_OUTPUT_DEPTH: usize = 1;

/// Returns the schema of a tool's arguments.
///
/// `null` counts as absent, but no client needs to be told.
pub(super) fn input<T: JsonSchema>() -> Arc<JsonObject> {
    let mut schema = object::<T>();
    schema.values_mut().for_each(forget_null);
    Arc::new(schema)
}

/// Returns the schema of a tool's answer: names and types of what stands at
/// its top, which say most (docs/tools.md says the rest). It admits the contract's error in
/// place of the answer, so no property is required.
pub(super) fn output<T: JsonSchema>() -> Arc<JsonObject> {
    let mut schema = object::<T>();
    flatten(&mut schema, 0);
    let error = json!({
        "type": "object",
        "description": "Instead of all else, if the call failed.",
    });
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert("error".to_owned(), error);
    }
    Arc::new(schema)
}

/// Writes a schema without references.
fn object<T: JsonSchema>() -> JsonObject {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let schema = settings.into_generator().into_root_schema_for::<T>();
    let mut schema = Value::from(schema);
    tidy(&mut schema);
    match schema {
        Value::Object(mut schema) => {
            schema.remove("$schema");
            schema.remove("description");
            schema.insert("type".to_owned(), json!("object"));
            schema
        }
        _ => JsonObject::new(),
    }
}

/// Takes out titles, and formats, of which Ajv warns; a property may have
/// either name, but is no string.
fn tidy(node: &mut Value) {
    match node {
        Value::Object(members) => {
            for word in ["format", "title"] {
                if members.get(word).is_some_and(Value::is_string) {
                    members.remove(word);
                }
            }
            members.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

fn forget_null(node: &mut Value) {
    match node {
        Value::Object(members) => {
            if let Some(Value::Array(types)) = members.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    members.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(values)) = members.get_mut("enum") {
                values.retain(|value| !value.is_null());
            }
            if members.get("default").is_some_and(Value::is_null) {
                members.remove("default");
            }
            members.values_mut().for_each(forget_null);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_null),
        _ => {}
    }
}

fn flatten(schema: &mut Map<String, Value>, depth: usize) {
    for word in ["required", "minimum", "description", "additionalProperties"] {
        schema.remove(word);
    }
    if depth >= MAX_OUTPUT_DEPTH {
        schema.remove("properties");
    }
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for member in properties
        .into_iter()
        .flat_map(|members| members.values_mut())
    {
        flatten_member(member, depth + 1);
    }
}

fn flatten_member(member: &mut Value, depth: usize) {
    if let Value::Object(schema) = member {
        if let Some(items) = schema.get_mut("items") {
            flatten_member(items, depth);
        }
        flatten(schema, depth);
    }
}
