//! Objects whose members are the caller's own.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

/// A JSON object of any members. Unlike [`Map`], is not read from `null`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Object(Value);

impl Object {
    pub(crate) fn as_value(&self) -> &Value {
        &self.0
    }

    pub(crate) fn get(&self, member: &str) -> Option<&Value> {
        self.0.get(member)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.as_object().is_none_or(Map::is_empty)
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Object, A::Error> {
        let map = Map::deserialize(MapAccessDeserializer::new(members))?;
        Ok(Object(Value::Object(map)))
    }
}
