//! Keys of callers, of which the gateway knows only the digests.

use std::collections::HashMap;
use std::fmt;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::domain::{AuthRefusal, Caller, Secret};

/// How long a key is, in bytes, all of them visible ASCII.
const KEY_LENGTH: std::ops::RangeInclusive<usize> = 20..=200;
/// Randomness of a fresh key, in bytes.
const FRESH_BYTES: usize = 32;
/// What fresh keys begin with, so that people and scanners know them.
const PREFIX: &str = "agw_";

type KeyDigest = [u8; 32];

/// Who holds which key. `Debug` shows names alone.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ApiKeys(HashMap<KeyDigest, Caller>);

impl ApiKeys {
    /// Adds an entry `NAME:<sha256 hex>`, blanks around it aside. Several
    /// keys may have one name; the same entry twice is one.
    ///
    /// # Errors
    /// What is wrong, in words that do not show the entry, which might be a
    /// key by mistake.
    pub fn insert(&mut self, entry: &str) -> Result<(), String> {
        let (name, hex) = entry
            .trim()
            .rsplit_once(':')
            .ok_or("has no colon; the form is NAME:<sha256 hex>")?;
        if !Caller::is_name(name) {
            let reason = "has a name that is not 1 to 64 of a-z 0-9 . _ @ -, a letter or digit \
                          first";
            return Err(reason.to_owned());
        }
        let digest = parse_digest(hex).ok_or(
            "has no SHA-256 digest after the name: 64 hexadecimal digits, as `sha256sum` \
             prints them",
        )?;
        if digest == digest_of("") {
            return Err("has the digest of no text at all".to_owned());
        }
        if self
            .0
            .get(&digest)
            .is_some_and(|holder| holder.as_str() != name)
        {
            return Err("gives the key of another name to this one".to_owned());
        }
        self.0.insert(digest, Caller::new(name));
        Ok(())
    }

    /// Tells whether nobody holds a key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the names of all holders, sorted, each once.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.0.values().map(Caller::as_str).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Finds who holds `key`, in a time that no secret has a part in: what
    /// is looked up and compared are digests.
    ///
    /// # Errors
    /// [`AuthRefusal::Malformed`], without hashing, if it cannot be a key;
    /// [`AuthRefusal::UnknownKey`] if it is nobody's.
    pub(super) fn holder(&self, key: &str) -> Result<Caller, AuthRefusal> {
        let is_visible = key.bytes().all(|byte| byte.is_ascii_graphic());
        if !KEY_LENGTH.contains(&key.len()) || !is_visible {
            return Err(AuthRefusal::Malformed);
        }
        let digest = digest_of(key);
        match self.0.get_key_value(&digest) {
            Some((known, holder)) if bool::from(known.ct_eq(&digest)) => Ok(holder.clone()),
            _ => Err(AuthRefusal::UnknownKey),
        }
    }
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ApiKeys").field(&self.names()).finish()
    }
}

/// A key that was just made.
#[derive(Debug)]
pub struct FreshKey {
    /// The key; nobody keeps it but its holder.
    pub key: Secret,
    /// The entry to store, `NAME:<sha256 hex>`.
    pub entry: String,
}

impl FreshKey {
    /// Makes a key of 256 random bits for `name`.
    ///
    /// # Errors
    /// A sentence if the name cannot be a holder's, or the system has no
    /// randomness.
    pub fn try_new(name: &str) -> Result<Self, String> {
        if !Caller::is_name(name) {
            let reason = "a name has 1 to 64 of a-z 0-9 . _ @ -, a letter or digit first";
            return Err(reason.to_owned());
        }
        let mut random = [0; FRESH_BYTES];
        SystemRandom::new()
            .fill(&mut random)
            .map_err(|_| "the system gives no randomness".to_owned())?;
        let key = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random));
        let mut entry = format!("{name}:");
        for byte in digest_of(&key) {
            let _ = write!(entry, "{byte:02x}");
        }
        Ok(Self {
            key: Secret::new(key),
            entry,
        })
    }
}

fn digest_of(key: &str) -> KeyDigest {
    Sha256::digest(key.as_bytes()).into()
}

fn parse_digest(hex: &str) -> Option<KeyDigest> {
    let mut digest = KeyDigest::default();
    let digits = hex.as_bytes();
    if digits.len() != 2 * digest.len() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    for (byte, pair) in digest.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf %s correct-horse-battery-staple | sha256sum`
    const DIGEST: &str = "bc2f1fb7bdf23bd9e4bd2e1a8db4b1d31f3a2dbe3b9b9e0c9d2b4f9a6ad1cd8e";

    #[test]
    fn a_fresh_key_opens_for_its_name_and_its_digest_does_not() {
        let fresh = FreshKey::try_new("alice").unwrap();
        let other = FreshKey::try_new("alice").unwrap();
        let mut keys = ApiKeys::default();
        keys.insert(&fresh.entry).unwrap();
        keys.insert(&format!(" {}\n", other.entry)).unwrap();

        let key = fresh.key.expose();
        let digest = fresh.entry.strip_prefix("alice:").unwrap();

        assert_eq!(key.len(), 47);
        assert_ne!(key, other.key.expose());
        assert_eq!(keys.names(), ["alice"]);
        assert_eq!(keys.holder(key).unwrap().as_str(), "alice");
        assert_eq!(keys.holder(digest), Err(AuthRefusal::UnknownKey));
        assert_eq!(format!("{keys:?}"), r#"ApiKeys(["alice"])"#);
        assert!(!format!("{fresh:?}").contains(key));
    }

    #[test]
    fn the_digest_is_that_of_sha256sum() {
        assert_eq!(
            digest_of("abc").to_vec(),
            parse_digest("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
                .unwrap()
        );
    }

    #[test]
    fn what_cannot_be_a_key_is_not_looked_up() {
        let keys = ApiKeys::default();
        for key in [
            "",
            "short",
            "nineteen-characters",
            "blanks between the words of it",
            "control\u{1}characters-within",
            "ünicode-is-not-visible-ascii",
            &"x".repeat(201),
        ] {
            assert_eq!(keys.holder(key), Err(AuthRefusal::Malformed), "{key:?}");
        }
        for key in ["x".repeat(20), "x".repeat(200)] {
            assert_eq!(keys.holder(&key), Err(AuthRefusal::UnknownKey));
        }
    }

    #[test]
    fn a_bad_entry_is_refused_without_being_shown() {
        let mut keys = ApiKeys::default();
        keys.insert(&format!("alice:{DIGEST}")).unwrap();
        keys.insert(&format!("alice:{}", DIGEST.to_uppercase()))
            .unwrap();
        let of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        for entry in [
            "agw_a-key-by-mistake".to_owned(),
            format!("Alice:{DIGEST}"),
            format!(":{DIGEST}"),
            format!("{}:{DIGEST}", "a".repeat(65)),
            format!("a b:{DIGEST}"),
            format!("-a:{DIGEST}"),
            "alice:canary".to_owned(),
            format!("alice:{}", &DIGEST[1..]),
            format!("alice:{DIGEST}  -"),
            format!("alice:g{}", &DIGEST[1..]),
            format!("bob:{DIGEST}"),
            format!("alice:{of_nothing}"),
        ] {
            let reason = keys.insert(&entry).unwrap_err();
            assert!(!reason.contains(&entry), "{reason}");
        }
        assert_eq!(keys.0.len(), 1);
    }

    #[test]
    fn a_key_is_made_only_for_a_name() {
        for name in ["", "Alice", "a:b", "a b", "../a", "ä"] {
            assert!(FreshKey::try_new(name).is_err(), "{name}");
        }
    }
}
