//! The walk through a document.

use serde_json::{Map, Value, json};

use super::scalar;
use super::{Field, Kind, Message, Service, Violation};
use crate::google::api::Api;

pub(super) fn document(
    message: &'static Message,
    document: &Map<String, Value>,
    api: Api,
) -> Result<Value, Vec<Violation>> {
    let mut reader = Reader {
        api,
        violations: Vec::new(),
    };
    let read = reader.message(message, document, "");
    if reader.violations.is_empty() {
        Ok(read)
    } else {
        Err(reader.violations)
    }
}

struct Reader {
    api: Api,
    violations: Vec<Violation>,
}

impl Reader {
    fn message(&mut self, message: &Message, given: &Map<String, Value>, path: &str) -> Value {
        let mut read = Map::new();
        let mut chosen: Vec<&str> = Vec::new();
        for (name, value) in given {
            let Some(field) = self.field(message, name) else {
                self.unknown(name, path);
                continue;
            };
            if value.is_null() {
                continue;
            }
            if let Some(group) = field.oneof {
                if chosen.contains(&group) {
                    self.refuse(
                        path,
                        format!(
                            "Invalid value at '{path}' (oneof), oneof field '{group}' is already \
                             set. Cannot set '{}'",
                            field.name
                        ),
                    );
                }
                chosen.push(group);
            }
            let place = below(path, &snake(field.name));
            if read.contains_key(field.name) {
                self.refuse(
                    &place,
                    format!(
                        "Invalid JSON payload received. Duplicate field '{}' at '{place}'.",
                        field.name
                    ),
                );
            }
            let value = self.field_value(field, value, &place);
            read.insert(field.name.to_owned(), value);
        }
        Value::Object(read)
    }

    /// Finds a field by either of its spellings.
    fn field<'m>(&self, message: &'m Message, name: &str) -> Option<&'m Field> {
        let service = if self.api.is_vertex() {
            Service::Vertex
        } else {
            Service::Gemini
        };
        message
            .fields
            .iter()
            .filter(|field| field.only.is_none_or(|only| only == service))
            .find(|field| field.name == name || snake(field.name) == name)
    }

    fn field_value(&mut self, field: &Field, value: &Value, place: &str) -> Value {
        match value {
            Value::Array(values) if field.repeated => {
                let read = values.iter().enumerate().map(|(index, value)| {
                    let place = format!("{place}[{index}]");
                    self.single(field.kind, value, &place)
                });
                Value::Array(read.collect())
            }
            // One element stands for a list of one.
            value if field.repeated => json!([self.single(field.kind, value, place)]),
            Value::Array(_) if !matches!(field.kind, Kind::Any) => {
                let name = field.name;
                self.refuse(
                    place,
                    format!("Invalid value at '{place}' (not repeating), {name} is not a list"),
                );
                Value::Null
            }
            value => self.single(field.kind, value, place),
        }
    }

    fn single(&mut self, kind: Kind, value: &Value, place: &str) -> Value {
        match (kind, value) {
            (Kind::Any, value) | (Kind::Struct, value @ Value::Object(_)) => value.clone(),
            (Kind::Message(message), Value::Object(given)) => self.message(message, given, place),
            (Kind::MapOf(message), Value::Object(given)) => {
                let entries = given.iter().map(|(key, value)| {
                    let place = format!("{place}[{key}]");
                    let value = self.single(Kind::Message(message), value, &place);
                    (key.clone(), value)
                });
                Value::Object(entries.collect())
            }
            (Kind::Labels, Value::Object(given)) => {
                let entries = given.iter().map(|(key, value)| {
                    let place = format!("{place}[{key}]");
                    (key.clone(), self.single(Kind::Text, value, &place))
                });
                Value::Object(entries.collect())
            }
            (kind, value) => scalar::read(kind, value).unwrap_or_else(|| {
                let wanted = self.type_name(kind);
                self.refuse(
                    place,
                    format!("Invalid value at '{place}' ({wanted}), {value}"),
                );
                Value::Null
            }),
        }
    }

    fn type_name(&self, kind: Kind) -> String {
        let of_package = |name: &str| format!("type.googleapis.com/{}.{name}", self.api.package());
        match kind {
            Kind::Bool => "TYPE_BOOL".to_owned(),
            Kind::Int32 => "TYPE_INT32".to_owned(),
            Kind::Int64 => "TYPE_INT64".to_owned(),
            Kind::Float => "TYPE_FLOAT".to_owned(),
            Kind::Text => "TYPE_STRING".to_owned(),
            Kind::Bytes => "TYPE_BYTES".to_owned(),
            Kind::Enum(name, _) => of_package(name),
            Kind::Message(message) | Kind::MapOf(message) => of_package(message.name),
            Kind::Labels => "Map".to_owned(),
            Kind::Struct | Kind::Any => "type.googleapis.com/google.protobuf.Struct".to_owned(),
        }
    }

    fn unknown(&mut self, name: &str, path: &str) {
        let place = if path.is_empty() {
            String::new()
        } else {
            format!(" at '{path}'")
        };
        self.refuse(
            path,
            format!(
                "Invalid JSON payload received. Unknown name \"{name}\"{place}: Cannot find field."
            ),
        );
    }

    fn refuse(&mut self, field: &str, description: String) {
        self.violations.push(Violation {
            field: field.to_owned(),
            description,
        });
    }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// Turns `maxOutputTokens` into `max_output_tokens`.
fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}
