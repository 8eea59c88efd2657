//! A serde deserializer over a parsed document.

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, Expected, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value, map};

use super::mismatch::{Mismatch, Reason, Step};

/// Reads one value; members named `without` are not there.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    value: &'a Value,
    without: Option<&'static str>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(value: &'a Value) -> Self {
        Self {
            value,
            without: None,
        }
    }

    fn refuse<T>(self, expected: &dyn Expected) -> Result<T, Mismatch> {
        let unexpected = match self.value {
            Value::Null => Unexpected::Unit,
            Value::Bool(value) => Unexpected::Bool(*value),
            Value::Number(number) if number.is_f64() => Unexpected::Float(0.0),
            Value::Number(_) => Unexpected::Signed(0),
            Value::String(text) => Unexpected::Str(text),
            Value::Array(_) => Unexpected::Seq,
            Value::Object(_) => Unexpected::Map,
        };
        Err(Mismatch::invalid_type(unexpected, expected))
    }

    fn members(self, object: &'a Map<String, Value>) -> Members<'a> {
        Members {
            rest: object.iter(),
            without: self.without,
            current: None,
        }
    }
}

impl<'a> Deserializer<'a> for Reader<'a> {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(number)) => visitor.visit_i64(number),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(values) => visitor.visit_seq(Elements {
                rest: values,
                next: 0,
            }),
            Value::Object(object) => visitor.visit_map(self.members(object)),
        }
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_struct<V: Visitor<'a>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        match self.value {
            // serde would also take an array for the members in order.
            Value::Object(object) => visitor.visit_map(self.members(object)),
            _ => self.refuse(&visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'a>>(
        self,
        name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        let is_tag = name.starts_with(char::is_lowercase);
        match self.value {
            Value::Object(object) if is_tag => {
                let tag = match object.get(name) {
                    Some(Value::String(tag)) => tag,
                    Some(other) => {
                        let refused = Reader::new(other).refuse(&"a string");
                        return refused
                            .map_err(|error: Mismatch| error.inside(Step::Field(name.to_owned())));
                    }
                    None => return Err(Mismatch::missing_field(name)),
                };
                let content = Self {
                    value: self.value,
                    without: Some(name),
                };
                visitor.visit_enum(Tagged { tag, name, content })
            }
            Value::String(text) if !is_tag => {
                visitor.visit_enum(StrDeserializer::<Mismatch>::new(text))
            }
            _ if is_tag => self.refuse(&"struct of a tagged enum"),
            _ => self.refuse(&"a string"),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        <W: Visitor<'a>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

struct Elements<'a> {
    rest: &'a [Value],
    next: usize,
}

impl<'a> SeqAccess<'a> for Elements<'a> {
    type Error = Mismatch;

    fn next_element_seed<T: DeserializeSeed<'a>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Mismatch> {
        let Some((value, rest)) = self.rest.split_first() else {
            return Ok(None);
        };
        let index = self.next;
        self.rest = rest;
        self.next += 1;
        seed.deserialize(Reader::new(value))
            .map(Some)
            .map_err(|error| error.inside(Step::Index(index)))
    }
}

struct Members<'a> {
    rest: map::Iter<'a>,
    without: Option<&'static str>,
    current: Option<(&'a str, &'a Value)>,
}

impl<'a> MapAccess<'a> for Members<'a> {
    type Error = Mismatch;

    fn next_key_seed<K: DeserializeSeed<'a>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Mismatch> {
        let without = self.without;
        let next = self.rest.find(|(name, _)| Some(name.as_str()) != without);
        let Some((name, value)) = next else {
            return Ok(None);
        };
        self.current = Some((name, value));
        seed.deserialize(StrDeserializer::<Mismatch>::new(name))
            .map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, Mismatch> {
        let Some((name, value)) = self.current.take() else {
            return Err(Mismatch::custom("a value was asked for before its key"));
        };
        seed.deserialize(Reader::new(value))
            .map_err(|error| error.inside(Step::Field(name.to_owned())))
    }
}

/// An object whose member `name` has the value `tag`.
struct Tagged<'a> {
    tag: &'a str,
    name: &'static str,
    content: Reader<'a>,
}

impl<'a> EnumAccess<'a> for Tagged<'a> {
    type Error = Mismatch;
    type Variant = TaggedContent<'a>;

    fn variant_seed<V: DeserializeSeed<'a>>(
        self,
        seed: V,
    ) -> Result<(V::Value, TaggedContent<'a>), Mismatch> {
        let variant = seed
            .deserialize(StrDeserializer::<Mismatch>::new(self.tag))
            .map_err(|mut error| {
                if let Reason::NotOneOf { tag, .. } = &mut error.reason {
                    *tag = Some(self.name);
                }
                error
            })?;
        Ok((
            variant,
            TaggedContent {
                tag: self.tag,
                content: self.content,
            },
        ))
    }
}

struct TaggedContent<'a> {
    tag: &'a str,
    content: Reader<'a>,
}

impl TaggedContent<'_> {
    fn inside(&self, error: Mismatch) -> Mismatch {
        error.inside(Step::Variant(self.tag.to_owned()))
    }
}

impl<'a> VariantAccess<'a> for TaggedContent<'a> {
    type Error = Mismatch;

    fn unit_variant(self) -> Result<(), Mismatch> {
        let Value::Object(object) = self.content.value else {
            return Ok(());
        };
        let extra = object
            .keys()
            .find(|name| Some(name.as_str()) != self.content.without);
        match extra {
            Some(name) => Err(self.inside(Mismatch::unknown_field(name, &[]))),
            None => Ok(()),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'a>>(self, seed: T) -> Result<T::Value, Mismatch> {
        seed.deserialize(self.content)
            .map_err(|error| self.inside(error))
    }

    fn tuple_variant<V: Visitor<'a>>(
        self,
        _length: usize,
        _visitor: V,
    ) -> Result<V::Value, Mismatch> {
        Err(Mismatch::custom(
            "a tagged variant is a unit or wraps a struct",
        ))
    }

    fn struct_variant<V: Visitor<'a>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.content
            .deserialize_struct("variant", fields, visitor)
            .map_err(|error| self.inside(error))
    }
}
