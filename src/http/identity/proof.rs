//! What a request offers as a proof, by form alone.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::Modes;
use crate::domain::AuthRefusal;

/// The header in which Cloud Run looks for a token first.
pub(super) const SERVERLESS: HeaderName = HeaderName::from_static("x-serverless-authorization");
/// The header in which Identity-Aware Proxy says who calls.
pub(super) const IAP_ASSERTION: HeaderName = HeaderName::from_static("x-goog-iap-jwt-assertion");
/// The header in which Anthropic's clients send a key.
pub(super) const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// Every header that carries a proof.
pub(super) const PROOFS: [HeaderName; 4] =
    [header::AUTHORIZATION, API_KEY, SERVERLESS, IAP_ASSERTION];

/// What Cloud Run puts in place of the signature of a token that it checked.
const REMOVED_SIGNATURE: &str = "SIGNATURE_REMOVED_BY_GOOGLE";
/// The longest token, in bytes. Real ones have 1 to 4 KiB.
const LONGEST_TOKEN: usize = 16 * 1024;

/// A proof whose mode its form decided. A check that fails ends the request;
/// no proof is tried as another.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Proof<'a> {
    Key(&'a str),
    OidcToken(&'a str),
    /// Its signature part is Cloud Run's mark that it was checked.
    CheckedToken(&'a str),
    IapToken(&'a str),
}

impl<'a> Proof<'a> {
    /// Finds the proof of a request: the assertion of IAP where that is on,
    /// then Cloud Run's own header where that is on, then `Authorization` or
    /// `x-api-key`.
    ///
    /// # Errors
    /// [`AuthRefusal`] if there is none, or none that can be told from others.
    pub(super) fn find(headers: &'a HeaderMap, modes: Modes) -> Result<Self, AuthRefusal> {
        let bearer = only(headers, &header::AUTHORIZATION)?.map(bearer);
        let key = only(headers, &API_KEY)?.map(text).transpose()?;
        if let (Some(bearer), Some(key)) = (&bearer, key)
            && *bearer != Ok(key)
        {
            return Err(AuthRefusal::Ambiguous);
        }
        if modes.iap
            && let Some(assertion) = only(headers, &IAP_ASSERTION)?
        {
            return token(text(assertion)?).map(Self::IapToken);
        }
        if modes.cloud_run_iam
            && let Some(value) = only(headers, &SERVERLESS)?
        {
            return checked(token(self::bearer(value)?)?);
        }
        match (bearer, key) {
            (Some(proof), _) => Self::of_bearer(proof?, modes),
            (None, Some(key)) if modes.api_key => Ok(Self::Key(key)),
            _ => Err(AuthRefusal::Missing),
        }
    }

    fn of_bearer(proof: &'a str, modes: Modes) -> Result<Self, AuthRefusal> {
        let takes_tokens = modes.oidc || modes.cloud_run_iam;
        if takes_tokens && is_token(proof) {
            let proof = token(proof)?;
            let is_checked = modes.cloud_run_iam && signature(proof) == REMOVED_SIGNATURE;
            return match (is_checked, modes.oidc) {
                (true, _) => Ok(Self::CheckedToken(proof)),
                (false, true) => Ok(Self::OidcToken(proof)),
                (false, false) => Err(AuthRefusal::Unchecked),
            };
        }
        if modes.api_key {
            return Ok(Self::Key(proof));
        }
        Err(AuthRefusal::Malformed)
    }
}

/// Returns the value of a header that may stand once.
fn only<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'a HeaderValue>, AuthRefusal> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        _ => Err(AuthRefusal::Ambiguous),
    }
}

fn text(value: &HeaderValue) -> Result<&str, AuthRefusal> {
    value.to_str().map_err(|_| AuthRefusal::Malformed)
}

/// Takes what follows `Bearer` and one blank, to the letter.
fn bearer(value: &HeaderValue) -> Result<&str, AuthRefusal> {
    let proof = text(value)?.strip_prefix("Bearer ");
    proof.ok_or(AuthRefusal::Malformed)
}

/// Tells whether a text has the form of a token: three parts in base64url, of
/// which the first begins as every JSON object with a name does.
fn is_token(proof: &str) -> bool {
    let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    proof.starts_with("eyJ")
        && proof.split('.').count() == 3
        && proof.bytes().all(|byte| byte == b'.' || is_base64url(byte))
}

fn token(proof: &str) -> Result<&str, AuthRefusal> {
    let is_sound = proof.len() <= LONGEST_TOKEN && is_token(proof);
    is_sound.then_some(proof).ok_or(AuthRefusal::Malformed)
}

fn checked(token: &str) -> Result<Proof<'_>, AuthRefusal> {
    let is_checked = signature(token) == REMOVED_SIGNATURE;
    is_checked
        .then_some(Proof::CheckedToken(token))
        .ok_or(AuthRefusal::Unchecked)
}

fn signature(token: &str) -> &str {
    token.rsplit('.').next().unwrap_or_default()
}
