//! Names and identifiers, and values that must not be shown.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

macro_rules! name {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(Arc<str>);

        impl $type {
            /// Wraps a name as it stands.
            pub fn new(name: impl Into<Arc<str>>) -> Self {
                Self(name.into())
            }

            /// Returns the name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::new)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// The name of a provider: `openai`, `anthropic`, `google`, `mistral`,
    /// `groq` or `local`. Cheap to clone.
    ProviderName
}

name! {
    /// A model's id exactly as its provider spells it, which may contain
    /// slashes (`openai/gpt-oss-20b` on Groq). Cheap to clone.
    ModelId
}

name! {
    /// Who makes a call. Only the identity layer makes one, so holding a
    /// `Caller` means that the proof was checked. Cheap to clone.
    Caller
}

impl Caller {
    /// Tells whether a text can name a caller in keys and settings:
    /// `[a-z0-9][a-z0-9._@-]{0,63}`.
    pub fn is_name(text: &str) -> bool {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let mut bytes = text.bytes();
        text.len() <= 64
            && text.bytes().next().is_some_and(is_plain)
            && bytes.all(|byte| is_plain(byte) || b"._@-".contains(&byte))
    }

    /// Tells whether a name is one that the gateway has kept for itself,
    /// which no proof may bring: `gateway:` and more.
    pub fn is_reserved(name: &str) -> bool {
        name.starts_with("gateway:")
    }
}

impl ModelId {
    /// Tells whether two ids differ by no more than a path before them or a
    /// date or version behind them: `gpt-5.4-mini-2026-03-17`,
    /// `claude-haiku-4-5@20251001`, `models/gemini-x-001`.
    pub fn is_form_of(&self, other: &Self) -> bool {
        let (one, two) = (self.bare(), other.bare());
        let (short, long) = if one.len() < two.len() {
            (one, two)
        } else {
            (two, one)
        };
        !short.is_empty()
            && long
                .strip_prefix(short)
                .is_some_and(|rest| rest.is_empty() || is_version(rest))
    }

    fn bare(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

/// Tells whether what stands behind a name is a date or a serial number:
/// `-20251001`, `@20251001`, `-2026-03-17`, `-0613`, `-001`, `-latest`. A
/// single digit is part of the name: `gpt-5-6`.
fn is_version(rest: &str) -> bool {
    let Some(version) = rest.strip_prefix(['-', '@']) else {
        return false;
    };
    let groups: Vec<usize> = version
        .split('-')
        .map(|group| {
            let is_number = group.bytes().all(|byte| byte.is_ascii_digit());
            if is_number { group.len() } else { 0 }
        })
        .collect();
    version == "latest" || matches!(groups.as_slice(), [3 | 4 | 6 | 8] | [4, 2, 2])
}

impl ProviderName {
    /// The names that exist, whether or not their provider is configured.
    pub const KNOWN: [&str; 6] = ["openai", "anthropic", "google", "mistral", "groq", "local"];
}

/// The identifier of one call, 128 random bits, unguessable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(Uuid);

impl RequestId {
    /// Draws a fresh identifier from the system's randomness.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// Takes an identifier that was stored.
    pub const fn from_bits(bits: u128) -> Self {
        Self(Uuid::from_u128(bits))
    }

    /// Returns the identifier's bits, for storing it and for seeding what must
    /// replay.
    pub const fn bits(self) -> u128 {
        self.0.as_u128()
    }
}

impl FromStr for RequestId {
    type Err = String;

    /// Reads `req_` and 32 hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix("req_");
        let id = digits.and_then(|digits| Uuid::try_parse(digits).ok());
        id.map(Self)
            .ok_or_else(|| format!("{text:?} is not the id of a call"))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "req_{}", self.0.simple())
    }
}

/// A key or token. It prints as `***`; only [`Secret::expose`] gives it away.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Hides a value.
    pub fn new(value: impl Into<Arc<str>>) -> Self {
        Self(value.into())
    }

    /// Returns the value, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_as_stars() {
        assert_eq!(format!("{:?}", Secret::new("sk-123")), "***");
    }

    fn are_forms(one: &str, other: &str) -> bool {
        let (one, other) = (ModelId::new(one), ModelId::new(other));
        assert_eq!(one.is_form_of(&other), other.is_form_of(&one));
        one.is_form_of(&other)
    }

    #[test]
    fn dates_and_paths_make_no_other_model() {
        for (one, other) in [
            ("gpt-5.4-mini-2026-03-17", "gpt-5.4-mini"),
            ("claude-haiku-4-5@20251001", "claude-haiku-4-5"),
            ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
            ("gemini-x-001", "gemini-x"),
            ("models/gemini-x", "gemini-x"),
            ("gpt-oss-20b", "openai/gpt-oss-20b"),
            ("codestral-latest", "codestral"),
        ] {
            assert!(are_forms(one, other), "{one} {other}");
        }
    }

    #[test]
    fn everything_else_does() {
        for (one, other) in [
            ("gpt-5.4-mini", "gpt-5.4"),
            ("gpt-5.4", "gpt-5"),
            ("gemini-3.8-flash", "gemini-3.7-flash"),
            ("gpt-5-6", "gpt-5"),
            ("", "gpt-5"),
            ("gpt-6-sol-pro", "gpt-6-sol"),
            ("claude-opus-5-5-20260901", "claude-opus-5"),
            ("claude-sonnet-5-5-2026-09-01", "claude-sonnet-5"),
        ] {
            assert!(!are_forms(one, other), "{one} {other}");
        }
    }
}
