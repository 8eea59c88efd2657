//! Content that is a string, or an array of parts.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

/// A message's content in either spelling.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content<P> {
    Text(String),
    Parts(Vec<P>),
}

impl<P> Content<P> {
    pub(crate) fn parts(&self) -> &[P] {
        match self {
            Self::Text(_) => &[],
            Self::Parts(parts) => parts,
        }
    }

    /// Returns the texts in order; `of` picks a part's text.
    pub(crate) fn texts<'a>(
        &'a self,
        of: impl Fn(&'a P) -> Option<&'a str> + 'a,
    ) -> impl Iterator<Item = &'a str> {
        let whole = match self {
            Self::Text(text) => Some(text.as_str()),
            Self::Parts(_) => None,
        };
        whole.into_iter().chain(self.parts().iter().filter_map(of))
    }
}

impl<'de, P: Deserialize<'de>> Deserialize<'de> for Content<P> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor(PhantomData))
    }
}

struct ContentVisitor<P>(PhantomData<P>);

impl<'de, P: Deserialize<'de>> Visitor<'de> for ContentVisitor<P> {
    type Value = Content<P>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or an array")
    }

    fn visit_str<E>(self, text: &str) -> Result<Content<P>, E> {
        Ok(Content::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, parts: A) -> Result<Content<P>, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(parts)).map(Content::Parts)
    }
}
