//! Hashes of structured values: each piece with its length, so that no two
//! values run into one another.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// A hash under way.
#[derive(Clone)]
pub(super) struct Digest(Sha256);

impl Digest {
    /// Begins one; `domain` keeps hashes of different things apart.
    pub(super) fn new(domain: &str) -> Self {
        Self(Sha256::new()).text(domain)
    }

    /// Adds a text.
    pub(super) fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    /// Adds bytes.
    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
        self
    }

    /// Adds a number.
    pub(super) fn number(self, number: u64) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    /// Adds a number that may be missing.
    pub(super) fn maybe(self, number: Option<u64>) -> Self {
        match number {
            Some(number) => self.number(number),
            None => self.bytes(&[]),
        }
    }

    /// Adds a text that may be missing.
    pub(super) fn maybe_text(self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text("some").text(text),
            None => self.bytes(&[]),
        }
    }

    /// Adds a fraction. Zero has one form.
    pub(super) fn fraction(self, fraction: f64) -> Self {
        self.number((fraction + 0.0).to_bits())
    }

    /// Adds JSON, whatever the order of its members.
    pub(super) fn json(self, value: &Value) -> Self {
        match value {
            Value::Array(items) => {
                let this = self.text("[").number(items.len() as u64);
                items.iter().fold(this, Self::json)
            }
            Value::Object(members) => {
                let mut members: Vec<_> = members.iter().collect();
                members.sort_unstable_by_key(|(name, _)| *name);
                let this = self.text("{").number(members.len() as u64);
                members
                    .into_iter()
                    .fold(this, |this, (name, value)| this.text(name).json(value))
            }
            plain => self.text(&plain.to_string()),
        }
    }

    /// Ends it.
    pub(super) fn end(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pieces_do_not_run_into_one_another() {
        let ends = [
            Digest::new("a").text("bc").end(),
            Digest::new("ab").text("c").end(),
            Digest::new("a").text("b").text("c").end(),
            Digest::new("a").maybe(None).end(),
            Digest::new("a").maybe(Some(0)).end(),
            Digest::new("a").maybe_text(Some("")).end(),
            Digest::new("a").json(&json!(["b"])).end(),
            Digest::new("a").json(&json!("b")).end(),
            Digest::new("a").json(&json!({"b": 1, "c": []})).end(),
            Digest::new("a").json(&json!({"b": [1, "c"]})).end(),
        ];
        for (at, end) in ends.iter().enumerate() {
            assert!(!ends[..at].contains(end), "{at}");
        }
    }

    #[test]
    fn the_order_of_members_is_nothing() {
        let one: Value = serde_json::from_str(r#"{"a":{"x":1,"y":2},"b":3}"#).unwrap();
        let two: Value = serde_json::from_str(r#"{"b":3,"a":{"y":2,"x":1}}"#).unwrap();

        assert_eq!(
            Digest::new("d").json(&one).end(),
            Digest::new("d").json(&two).end()
        );
    }
}
