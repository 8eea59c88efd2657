//! Names and identifiers, and values that must not be shown.

use std::fmt;
use std::sync::Arc;

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

    /// Returns the identifier's bits, for seeding what must replay.
    pub const fn bits(self) -> u128 {
        self.0.as_u128()
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
}
