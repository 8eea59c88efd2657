//! Tokens (RFC 7519) that an issuer signed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Validation, decode};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::key_set::KeySet;
use super::ring_verifier;
use crate::domain::{AuthRefusal, Caller};

/// How far clocks may differ, in seconds (the contract's number).
const LEEWAY_SECONDS: f64 = 60.0;
/// The longest name of a caller, in bytes: an address of e-mail has 254.
const LONGEST_NAME: usize = 255;
/// The longest name of a key, in bytes.
const LONGEST_KEY_NAME: usize = 256;
/// Header members that would let a token choose its own key, or that must be
/// understood (`crit`), which none is.
const REFUSED_MEMBERS: [&str; 4] = ["crit", "jku", "jwk", "x5u"];

/// What a token says that matters here.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    iss: Option<String>,
    exp: Option<f64>,
    nbf: Option<f64>,
    iat: Option<f64>,
    sub: Option<String>,
    email: Option<String>,
    email_verified: Option<Value>,
}

/// Who a token speaks of.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) caller: Caller,
    /// Whether the name is an address that the issuer verified.
    pub(super) is_address: bool,
}

/// Checks the tokens of one issuer.
pub(super) struct TokenVerifier {
    keys: KeySet,
    issuer: String,
    audiences: Vec<String>,
    algorithms: &'static [Algorithm],
}

impl TokenVerifier {
    /// Makes one that accepts tokens of `issuer` for any of `audiences`,
    /// signed by one of `algorithms` with a key of `keys`.
    pub(super) fn new(
        keys: KeySet,
        issuer: &str,
        audiences: &[String],
        algorithms: &'static [Algorithm],
    ) -> Self {
        ring_verifier::install();
        Self {
            keys,
            issuer: issuer.to_owned(),
            audiences: audiences.to_vec(),
            algorithms,
        }
    }

    /// Checks signature, issuer, audience and times at `now`.
    ///
    /// # Errors
    /// The first [`AuthRefusal`] that applies.
    pub(super) async fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, AuthRefusal> {
        let header = header(token)?;
        // A look before the keys are asked for; what counts is the key's own.
        if !self.algorithms.contains(&header.algorithm) {
            return Err(AuthRefusal::Algorithm);
        }
        let key = self.keys.find(&header.key).await;
        let key = key.ok_or(AuthRefusal::UnknownSigner)?;
        let mut validation = Validation::new(key.algorithm);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&self.audiences);
        validation.set_required_spec_claims(&["iss", "aud"]);
        // The library reads the system's clock; ours can be set.
        validation.validate_exp = false;
        let claims = decode::<Claims>(token, &key.key, &validation)
            .map_err(|error| refusal(error.kind()))?
            .claims;
        // The library would take a list that holds the issuer.
        if claims.iss.as_deref() != Some(&self.issuer) {
            return Err(AuthRefusal::Issuer);
        }
        claims.check_times(now)?;
        Ok(claims)
    }
}

impl Claims {
    /// Reads the claims of a token that somebody else checked.
    ///
    /// # Errors
    /// [`AuthRefusal::Malformed`] if it is no token.
    pub(super) fn of_checked(token: &str) -> Result<Self, AuthRefusal> {
        let mut parts = token.split('.');
        let claims = parts.nth(1).ok_or(AuthRefusal::Malformed)?;
        decoded(claims)
    }

    /// Checks that the token holds at `now`, give or take the leeway.
    ///
    /// # Errors
    /// [`AuthRefusal::Expired`] or [`AuthRefusal::NotYetValid`].
    pub(super) fn check_times(&self, now: Timestamp) -> Result<(), AuthRefusal> {
        let now = now.as_second() as f64;
        if self.exp.is_none_or(|end| now >= end + LEEWAY_SECONDS) {
            return Err(AuthRefusal::Expired);
        }
        let is_ahead = |moment: f64| moment > now + LEEWAY_SECONDS;
        if self.nbf.is_some_and(is_ahead) || self.iat.is_some_and(is_ahead) {
            return Err(AuthRefusal::NotYetValid);
        }
        Ok(())
    }

    /// Returns whom the token speaks of: the address if the issuer verified
    /// it, else the subject.
    ///
    /// # Errors
    /// [`AuthRefusal::Nameless`] if there is no name, or none that a log
    /// should show.
    pub(super) fn subject(self) -> Result<Subject, AuthRefusal> {
        let is_verified = self.email_verified == Some(Value::Bool(true));
        match self.email.filter(|_| is_verified) {
            Some(address) => Subject::try_new(address, true),
            None => Subject::try_new(self.sub.unwrap_or_default(), false),
        }
    }

    /// Returns the address, which this issuer gives verified ones alone.
    ///
    /// # Errors
    /// As [`Claims::subject`].
    pub(super) fn address(self) -> Result<Subject, AuthRefusal> {
        Subject::try_new(self.email.unwrap_or_default(), true)
    }
}

impl Subject {
    fn try_new(name: String, is_address: bool) -> Result<Self, AuthRefusal> {
        let is_plain = |c: char| !c.is_control() && !c.is_whitespace();
        let is_usable = (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(is_plain);
        // Else an issuer could let its users spend what judges may.
        if !is_usable || Caller::is_reserved(&name) {
            return Err(AuthRefusal::Nameless);
        }
        Ok(Self {
            caller: Caller::new(name),
            is_address,
        })
    }
}

struct Header {
    algorithm: Algorithm,
    key: String,
}

fn header(token: &str) -> Result<Header, AuthRefusal> {
    let text = token.split('.').next().unwrap_or_default();
    let members: Map<String, Value> = decoded(text)?;
    let asks_too_much = REFUSED_MEMBERS
        .iter()
        .any(|name| members.contains_key(*name));
    let algorithm = match members.get("alg").and_then(Value::as_str) {
        Some("RS256") => Algorithm::RS256,
        Some("ES256") => Algorithm::ES256,
        _ => return Err(AuthRefusal::Algorithm),
    };
    if asks_too_much {
        return Err(AuthRefusal::Algorithm);
    }
    let key = members.get("kid").and_then(Value::as_str);
    let key = key.filter(|name| name.len() <= LONGEST_KEY_NAME);
    Ok(Header {
        algorithm,
        key: key.ok_or(AuthRefusal::UnknownSigner)?.to_owned(),
    })
}

/// Reads one part of a token.
fn decoded<T: serde::de::DeserializeOwned>(part: &str) -> Result<T, AuthRefusal> {
    let bytes = URL_SAFE_NO_PAD.decode(part);
    let value = bytes
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok());
    value.ok_or(AuthRefusal::Malformed)
}

fn refusal(kind: &ErrorKind) -> AuthRefusal {
    match kind {
        ErrorKind::InvalidSignature => AuthRefusal::Signature,
        ErrorKind::InvalidIssuer => AuthRefusal::Issuer,
        ErrorKind::InvalidAudience => AuthRefusal::Audience,
        ErrorKind::MissingRequiredClaim(claim) if claim == "iss" => AuthRefusal::Issuer,
        ErrorKind::MissingRequiredClaim(_) => AuthRefusal::Audience,
        ErrorKind::InvalidAlgorithm | ErrorKind::UnsupportedAlgorithm => AuthRefusal::Algorithm,
        _ => AuthRefusal::Malformed,
    }
}
